import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { acquireExclusiveLock, type ExclusiveLock } from '../store/index.ts';

/** The folder of a logs path that says that it is one. */
const systemFolder = '_sys';

/** The nearest logs path that a folder is or lies in, by where a server has been at work; undefined for none. */
export function logsPathOf(folder: string): string | undefined {
  return ancestorsOf(folder).find((path) => existsSync(join(path, systemFolder)));
}

/**
 * Take the locks that servers take of the logs paths that folders lie in, so that none is at work there.
 *
 * @param options.mayWrite whether a lock file may be made, and must be writable. Else a logs path without a lock file, or
 *   on a file system that nobody can write to, needs none.
 * @throws AtedbError REQUEST_INVALID where a server holds one; STORAGE_FAILED.
 */
export async function lockLogs(
  folders: readonly string[],
  options: { readonly mayWrite: boolean },
): Promise<AsyncDisposable> {
  const logsPaths = new Set(folders.flatMap(ancestorsOf));
  const held: ExclusiveLock[] = [];
  const release = async () => {
    for (const lock of held) await lock.release();
  };
  try {
    for (const logsPath of logsPaths) {
      const system = join(logsPath, systemFolder);
      const path = join(system, 'lock');
      if (!existsSync(options.mayWrite ? system : path)) continue;
      if (!options.mayWrite && isOnReadOnlyDisk(path)) continue;
      const lock = await acquireExclusiveLock(path);
      if (lock === null) throw servedError(logsPath);
      held.push(lock);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}

/**
 * Have no other repair at work in the logs paths that folders lie in; a server may be.
 *
 * @throws AtedbError REQUEST_INVALID where another one is; STORAGE_FAILED.
 */
export async function lockRepairs(folders: readonly string[]): Promise<AsyncDisposable> {
  const held: ExclusiveLock[] = [];
  const release = async () => {
    for (const lock of held) await lock.release();
  };
  try {
    for (const logsPath of new Set(folders.flatMap(ancestorsOf))) {
      const system = join(logsPath, systemFolder);
      if (!existsSync(system)) continue;
      const lock = await acquireExclusiveLock(join(system, 'repair-lock'));
      if (lock === null) throw servedError(logsPath);
      held.push(lock);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}

/** A folder, and all that it lies in. */
function ancestorsOf(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...ancestorsOf(above)];
}

function isOnReadOnlyDisk(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function servedError(logsPath: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `another process is at work in ${logsPath}, a server or another command that changes it: stop it first`,
    { metadata: { field: 'path', path: logsPath } },
  );
}
