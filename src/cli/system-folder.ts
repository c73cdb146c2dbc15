import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { defaultLogsPath, expandHome } from './logs-path.ts';

/**
 * The folder in which the server of a logs path has its own files. Nothing is made.
 *
 * @param logsPath undefined: where servers keep their logs unless told otherwise.
 * @throws AtedbError REQUEST_INVALID where no server has any there, or, without a path, several have.
 */
export async function systemFolder(
  logsPath: string | undefined,
  usual: readonly string[] = usualLogsPaths(),
): Promise<string> {
  const candidates = logsPath === undefined ? usual : [expandHome(logsPath)];
  const [found, ...others] = candidates.filter((path) => existsSync(join(path, '_sys')));
  if (found === undefined) throw noServer(candidates.join(', '));
  // Which one is meant can't be guessed: the wrong identity would be handed out, or rotated.
  if (others.length > 0) throw severalServers([found, ...others]);
  return join(await realpath(found), '_sys');
}

/** Where servers have their logs unless told otherwise; `npm start` has them in the folder that it is started from. */
export function usualLogsPaths(): readonly string[] {
  return [defaultLogsPath, expandHome('~/ate'), resolve('data')];
}

/** There is no server of which anything could be shown. */
export function noServer(where: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `no server has an identity in ${where}: name the folder of its logs, or start one with atedb solo; atedb identity --help lists what else there is`,
    { metadata: { field: 'logs_path' } },
  );
}

function severalServers(found: readonly string[]): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `there are logs of several servers: ${found.join(', ')}. Name the folder of the one that is meant`,
    { metadata: { field: 'logs_path' } },
  );
}
