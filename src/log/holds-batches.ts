import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { withFile } from './durable-files.ts';
import { segmentName } from './layout.ts';
import { footerAtEnd, footerBytesMax } from './segment-footer.ts';
import { headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import type { Storage } from './storage.ts';

/**
 * Whether the file of a segment that the manifest doesn't name holds batches that go on what it names. A roll that a crash interrupted may leave
 * a segment with a header, whole or torn, but never with batches. A backup over a snapshot that was interrupted may have left one that goes on
 * files which nothing names yet: the footer of the segment before it, as the manifest has that, says that it ended sooner.
 *
 * @param at.after the segment that it would be behind.
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export async function holdsBatches(
  storage: Storage,
  folder: string,
  { segment, after }: { readonly segment: number; readonly after: number },
): Promise<boolean> {
  const path = join(folder, segmentName(segment));
  const entry = await storage.stat(path);
  if (entry === undefined) return false;
  const start = await withFile(storage, path, 'read', (file) => file.read(0, headerBytesMax));
  try {
    const { bytes, header } = parseSegmentHeader(start, segment, 0);
    if (bytes >= entry.bytes) return false;
    const end = await endOf(storage, folder, after);
    return end === undefined || end === header.firstCommit;
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    return entry.bytes > headerBytesMax;
  }
}

/** The commit behind a segment, as its footer says; undefined where it has none. */
async function endOf(
  storage: Storage,
  folder: string,
  segment: number,
): Promise<number | undefined> {
  const name = segmentName(segment);
  const path = join(folder, name);
  const entry = await storage.stat(path);
  if (entry?.kind !== 'file') return undefined;
  const from = Math.max(0, entry.bytes - footerBytesMax);
  const end = await withFile(storage, path, 'read', (file) => file.read(from, footerBytesMax));
  return footerAtEnd(end, name)?.footer.nextCommit;
}
