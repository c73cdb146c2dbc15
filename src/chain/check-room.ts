import { AtedbError } from '../bytes/index.ts';
import type { Storage } from '../log/index.ts';

/** Bytes that a disk must have free beside the file that is written. */
const roomBytesMin = 4 * 1024 * 1024;

/**
 * Check that there is room for another file of a segment's size: its last bytes are needed by those who append meanwhile.
 *
 * @param folder absolute path on the disk.
 * @throws AtedbError DISK_FULL.
 */
export async function checkRoom(storage: Storage, folder: string, bytes: number): Promise<void> {
  const free = (await storage.space(folder))?.freeBytes;
  const needed = bytes + roomBytesMin;
  if (free === undefined || free >= needed) return;
  throw new AtedbError(
    'DISK_FULL',
    `the disk has ${free} bytes free, and rewriting a segment of ${bytes} bytes takes ${needed}. Make room`,
    { metadata: { free_bytes: String(free), needed_bytes: String(needed) } },
  );
}
