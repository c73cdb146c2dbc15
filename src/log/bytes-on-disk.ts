import { join } from 'node:path';
import { parseSegmentName } from './layout.ts';
import type { Storage } from './storage.ts';

/** Size of a chain's segments on disk, in bytes; 0 for a folder that isn't there. */
export async function bytesOnDisk(storage: Storage, folder: string): Promise<number> {
  if ((await storage.stat(folder))?.kind !== 'folder') return 0;
  let bytes = 0;
  for (const { name } of await storage.list(folder)) {
    if (parseSegmentName(name) === undefined) continue;
    bytes += (await storage.stat(join(folder, name)))?.bytes ?? 0;
  }
  return bytes;
}
