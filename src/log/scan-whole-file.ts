import { join } from 'node:path';
import { Frontier } from '../crypto/index.ts';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { findDurableEnd } from './find-durable-end.ts';
import { segmentName } from './layout.ts';
import { type ScannedBatch, type SegmentScan, scanSegment } from './scan-segment.ts';
import { headerBytesMax, parseSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { Storage } from './storage.ts';

/** A segment's file, read from end to end. */
export interface WholeScan {
  readonly header: SegmentHeader;
  /** The bytes of the header, with tag and length. */
  readonly opening: Buffer;
  readonly scan: SegmentScan;
  /** What the file ends with, where that is a footer; else nothing. */
  readonly footer: Buffer;
}

/**
 * Read a segment's file by itself as far as it is whole. Somebody may be writing to it: what is torn at its end isn't looked at. Before it
 * is read it is made durable, so that nobody is given what a power cut could take back.
 *
 * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW; what the storage throws.
 */
export async function scanWholeFile(
  { storage, folder }: { readonly storage: Storage; readonly folder: string },
  { segment, generation }: { readonly segment: number; readonly generation: number },
  onBatch: (batch: ScannedBatch) => void | Promise<void>,
): Promise<WholeScan> {
  const fileName = segmentName(segment, generation);
  return withFile(storage, join(folder, fileName), 'read', async (file) => {
    await file.datasync();
    const start = await file.read(0, headerBytesMax);
    const { header, bytes } = parseSegmentHeader(start, segment, generation);
    const fileBytes = await file.size();
    const { firstCommit: commit, firstSequence: sequence, frontier } = header;
    const scan = await scanSegment({
      ...{ file, fileName, fileBytes, start: bytes, durableAtLeast: bytes, onBatch },
      place: { commit, sequence, timeUnixMs: 0, frontier: Frontier.from(commit, frontier) },
    });
    if (findDurableEnd(scan) === 'damage') {
      const what = scan.fault?.what ?? 'its end is gone';
      throw damageError({ file: fileName, offset: scan.end, what });
    }
    const hasFooter = scan.footer !== undefined && scan.fault === undefined;
    const footer = hasFooter ? await file.read(scan.end, fileBytes - scan.end) : noBytes;
    return { header, opening: Buffer.from(start.subarray(0, bytes)), scan, footer };
  });
}

const noBytes = Buffer.alloc(0);
