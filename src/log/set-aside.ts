import { join } from 'node:path';
import { readWhole, replaceFile } from './durable-files.ts';
import { tailName } from './layout.ts';
import type { Storage } from './storage.ts';

/**
 * Keep bytes that are about to be cut off a segment, durably, in a file of their own.
 *
 * @returns the file's name. A file that is there is never written over; one with these very bytes does.
 */
export async function setAside(
  storage: Storage,
  folder: string,
  cut: { segment: number; offset: number; bytes: Buffer },
): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    const name = tailName(cut.segment, cut.offset, attempt);
    const there = await readWhole(storage, join(folder, name));
    if (there === undefined) await replaceFile(storage, join(folder, name), cut.bytes);
    else if (!there.equals(cut.bytes)) continue;
    else await storage.syncFolder(folder);
    return name;
  }
}
