import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readWhole } from './durable-files.ts';
import { manifestName, parseSegmentName, segmentName } from './layout.ts';
import { parseManifest } from './manifest.ts';
import { Semaphore } from './semaphore.ts';
import type { Storage } from './storage.ts';

/** Many chains are asked at once, and each takes a descriptor meanwhile. */
const asked = new Semaphore(4);

/**
 * Size of a chain's segments on disk, in bytes; 0 for a folder that isn't there. The manifest says it of closed ones, so that a chain of many
 * costs no more than one of a few; where it can't be read, all files are looked at.
 */
export function bytesOnDisk(storage: Storage, folder: string): Promise<number> {
  return asked.run(() => count(storage, folder));
}

async function count(storage: Storage, folder: string): Promise<number> {
  if ((await storage.stat(folder))?.kind !== 'folder') return 0;
  const sizeOf = async (name: string) => (await storage.stat(join(folder, name)))?.bytes ?? 0;
  try {
    const manifest = await readWhole(storage, join(folder, manifestName));
    if (manifest !== undefined) {
      const { closed, active } = parseManifest(manifest);
      const activeBytes = await sizeOf(segmentName(active.segment));
      return closed.reduce((sum, { bytes }) => sum + bytes, activeBytes);
    }
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
  }
  let bytes = 0;
  for (const { name } of await storage.list(folder)) {
    if (parseSegmentName(name) !== undefined) bytes += await sizeOf(name);
  }
  return bytes;
}
