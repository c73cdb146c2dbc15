import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from './errors.ts';
import { expandHome } from './logs-path.ts';
import { usualLogsPaths } from './system-folder.ts';

/**
 * The logs path of a server of this machine, which may be at work. Nothing is made.
 *
 * @param given undefined: where servers keep their logs unless told otherwise.
 * @throws UsageError where none is there, or, where nothing is given, several are.
 */
export async function serverLogs(given: string | undefined): Promise<string> {
  const candidates = given === undefined ? usualLogsPaths() : [resolve(expandHome(given))];
  const [found, ...others] = candidates.filter((path) => existsSync(join(path, '_sys')));
  if (others.length > 0) {
    throw new UsageError(
      `there are logs of several servers: ${[found, ...others].join(', ')}. Name those that are meant with --logs-path`,
    );
  }
  if (found !== undefined) return realpath(found);
  throw new UsageError(
    `${candidates.join(' and ')} ${candidates.length === 1 ? 'is not the logs path of a server' : 'are not the logs paths of servers'}: name it with --logs-path`,
  );
}
