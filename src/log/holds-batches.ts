import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { withFile } from './durable-files.ts';
import { segmentName } from './layout.ts';
import { headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import type { Storage } from './storage.ts';

/**
 * Whether the file of a segment that the manifest doesn't name holds batches. A roll that a crash interrupted may leave
 * a segment with a header, whole or torn, but never with batches.
 *
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export async function holdsBatches(
  storage: Storage,
  folder: string,
  segment: number,
): Promise<boolean> {
  const path = join(folder, segmentName(segment));
  const entry = await storage.stat(path);
  if (entry === undefined) return false;
  const start = await withFile(storage, path, 'read', (file) => file.read(0, headerBytesMax));
  try {
    return parseSegmentHeader(start, segment, 0).bytes < entry.bytes;
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    return entry.bytes > headerBytesMax;
  }
}
