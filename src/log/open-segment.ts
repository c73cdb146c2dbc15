import { join } from 'node:path';
import { damageError, errorCode } from './damage.ts';
import type { Storage, StorageFile } from './storage.ts';

/** Open a segment's file, by its name, that is there for reading. @throws AtedbError CHAIN_DAMAGED where it is gone. */
export async function openSegment(
  storage: Storage,
  folder: string,
  file: string,
): Promise<StorageFile> {
  try {
    return await storage.open(join(folder, file), 'read');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw damageError({ file, offset: 0, what: 'it is gone' }, error);
  }
}
