import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { acquireExclusiveLock, makeFolderDurable } from '../store/index.ts';
import { UsageError } from './errors.ts';
import { expandHome } from './logs-path.ts';

const folderMode = 0o700;

/** The folder to copy to, made if it is missing. @throws UsageError for one that is the server's, or no folder. */
export async function backupTarget(given: string, logsPath: string): Promise<string> {
  const path = resolve(expandHome(given));
  await makeFolderDurable(path, folderMode);
  const entry = await stat(path);
  if (!entry.isDirectory()) throw new UsageError(`${given} is no folder`);
  const found = await realpath(path);
  const isWithin = (one: string, other: string) => one === other || one.startsWith(`${other}/`);
  if (!isWithin(found, logsPath) && !isWithin(logsPath, found)) return found;
  throw new UsageError(
    `${given} and the server's logs, ${logsPath}, lie in each other: name another folder`,
  );
}

/** Nobody else may write to the folder meanwhile: neither another backup, nor a server that was started on it. */
export async function lockBackup(target: string): Promise<AsyncDisposable> {
  const system = join(target, '_sys');
  await makeFolderDurable(system, folderMode);
  const lock = await acquireExclusiveLock(join(system, 'lock'));
  if (lock !== null) return lock;
  throw new UsageError(`another command, or a server, is at work in ${target}`);
}
