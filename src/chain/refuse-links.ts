import { join, relative, sep } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readError, type Storage, type StorageEntry } from '../log/index.ts';

/**
 * Refuse a chain whose folder is a symbolic link, or lies below one. What a link leads to may have another name too, and
 * be served by a process with a lock of its own: two would then write to one log. The logs path itself may be a link,
 * since its lock lies behind it.
 *
 * @throws AtedbError STORAGE_FAILED.
 */
export async function refuseLinks(
  storage: Storage,
  logsPath: string,
  folder: string,
): Promise<void> {
  let path = logsPath;
  for (const name of relative(logsPath, folder).split(sep)) {
    path = join(path, name);
    const entry = await stat(storage, path);
    if (entry === undefined) return;
    if (entry.isLink !== true) continue;
    throw new AtedbError(
      'STORAGE_FAILED',
      `${relative(logsPath, path)}, below the logs path, is a symbolic link, and those are not followed: another process could serve the same chain. Mount the other file system there instead`,
      { metadata: { link: relative(logsPath, path) } },
    );
  }
}

async function stat(storage: Storage, path: string): Promise<StorageEntry | undefined> {
  try {
    return await storage.stat(path);
  } catch (error) {
    throw readError('looking for the chain', error);
  }
}
