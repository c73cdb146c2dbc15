import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from './errors.ts';
import { defaultLogsPath, expandHome } from './logs-path.ts';

/**
 * The logs path of a server of this machine, which may be at work. Nothing is made.
 *
 * @param given undefined: where servers keep their logs unless told otherwise.
 * @throws UsageError where none is there.
 */
export async function serverLogs(given: string | undefined): Promise<string> {
  const candidates =
    given === undefined ? [defaultLogsPath, expandHome('~/ate')] : [resolve(expandHome(given))];
  const found = candidates.find((path) => existsSync(join(path, '_sys')));
  if (found !== undefined) return realpath(found);
  throw new UsageError(
    `${candidates.join(' and ')} ${candidates.length === 1 ? 'is not the logs path of a server' : 'are not the logs paths of servers'}: name it with --logs-path`,
  );
}
