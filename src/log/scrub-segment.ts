import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorCode } from './damage.ts';
import { withFile } from './durable-files.ts';
import { indexOfSegment } from './index-of-segment.ts';
import { segmentName } from './layout.ts';
import { locateDamage, type SegmentDamage, spanOf } from './locate-damage.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import type { Storage, StorageFile } from './storage.ts';

/** Read at once: hashing it holds nobody up for long. */
const chunkBytes = 256 * 1024;

/** What to check. */
export interface SegmentToScrub {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  /** As the manifest has it. */
  readonly segment: ClosedSegment;
  /** The one behind it. */
  readonly next: ActiveSegment;
  /** Called after so many bytes of work: to go no faster than may be, and to end by throwing. */
  readonly rest: (bytes: number) => Promise<void>;
}

/**
 * Check a closed segment: whether its file is, byte for byte, the one whose SHA-256 was written down when it was closed.
 * That covers the checksum of each batch, header and footer. Where it isn't, its batches are looked at one by one. The files
 * that are derived from it aren't looked at.
 *
 * @returns what is wrong; undefined for nothing.
 * @throws what `rest` and the storage throw, EIO aside: that the disk can't read the file is damage.
 */
export async function scrubSegment(of: SegmentToScrub): Promise<SegmentDamage | undefined> {
  const { storage, folder, segment, next } = of;
  const name = segmentName(segment.segment, segment.generation);
  const path = join(folder, name);
  const { segment: number, generation, firstCommit, firstSequence } = segment;
  const file = { segment: number, generation };
  const start = { ...file, offset: 0, commit: firstCommit, sequence: firstSequence };
  const { firstCommit: commit, firstSequence: sequence } = next;
  const end = { ...file, offset: segment.bytes, commit, sequence };
  const found = await storage.stat(path);
  if (found?.kind !== 'file') {
    const span = spanOf(name, start, end, 'it is gone');
    return { damages: [span.damage], spans: [span] };
  }
  try {
    return await withFile(storage, path, 'read', async (file) => {
      const what = await whatIsWrong(file, of);
      if (what === undefined) return undefined;
      const located = await locateDamage({ ...of, file, what, index: await indexOfSegment(of) });
      if (located.spans.length > 0) return located;
      // The disk may have erred once, and told the truth now.
      return (await whatIsWrong(file, of)) === undefined ? undefined : located;
    });
  } catch (error) {
    if (errorCode(error) !== 'EIO') throw error;
    // Which of its batches can be read all the same is found out by those who read them.
    const { damage } = spanOf(name, start, end, 'the disk fails to read it (EIO)');
    return { damages: [damage], spans: [] };
  }
}

async function whatIsWrong(
  file: StorageFile,
  { segment, rest }: SegmentToScrub,
): Promise<string | undefined> {
  const fileBytes = await file.size();
  if (fileBytes !== segment.bytes) {
    return `it has ${fileBytes} bytes, where the manifest says ${segment.bytes}`;
  }
  const hash = createHash('sha256');
  const memory = Buffer.allocUnsafe(Math.min(chunkBytes, fileBytes));
  for (let at = 0; at < fileBytes; at += chunkBytes) {
    const chunk = await file.read(at, Math.min(chunkBytes, fileBytes - at), memory);
    hash.update(chunk);
    await rest(chunk.length);
  }
  if (hash.digest().equals(segment.sha256)) return undefined;
  return 'it is not the file whose SHA-256 the manifest has';
}
