import { Frontier } from '../crypto/index.ts';
import { damageError } from './damage.ts';
import { segmentName } from './layout.ts';
import { type ChainPlace, type ScannedBatch, scanSegment } from './scan-segment.ts';
import { headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import type { SegmentSpan } from './segment-span.ts';
import { SparseIndex } from './sparse-index.ts';
import type { StorageFile } from './storage.ts';

/**
 * Read a closed segment from end to end, checking it as recovery does.
 *
 * @param reusesMemory whether what `onBatch` is given is gone when it has returned.
 * @returns its index, and the chain after it.
 * @throws AtedbError CHAIN_DAMAGED where it is anything but whole, FORMAT_TOO_NEW.
 */
export async function scanClosedSegment(
  file: StorageFile,
  of: SegmentSpan,
  onBatch: (batch: ScannedBatch) => void | Promise<void>,
  reusesMemory = false,
): Promise<{ index: SparseIndex; place: ChainPlace }> {
  const fileName = segmentName(of.segment, of.generation);
  const start = parseSegmentHeader(await file.read(0, headerBytesMax), of.segment, of.generation);
  const { header } = start;
  const damaged = (offset: number, what: string) => damageError({ file: fileName, offset, what });
  const fits =
    header.chainId.equals(of.chainId) &&
    header.firstCommit === of.firstCommit &&
    header.firstSequence === of.firstSequence;
  if (!fits) throw damaged(0, 'its header is not of this chain or place');
  const index = new SparseIndex({
    offset: start.bytes,
    commit: of.firstCommit,
    sequence: of.firstSequence,
  });
  const scan = await scanSegment({
    file,
    fileName,
    fileBytes: await file.size(),
    start: start.bytes,
    durableAtLeast: start.bytes,
    place: {
      commit: of.firstCommit,
      sequence: of.firstSequence,
      timeUnixMs: 0,
      frontier: Frontier.from(header.firstCommit, header.frontier),
    },
    reusesMemory,
    onBatch: (batch) => {
      const { events, timeUnixMs } = batch.commit;
      index.add({ events, timeUnixMs, endOffset: batch.end, gap: batch.gap });
      return onBatch(batch);
    },
  });
  if (scan.fault !== undefined) throw damaged(scan.end, scan.fault.what);
  if (scan.footer === undefined || scan.place.commit !== of.nextCommit) {
    throw damaged(scan.end, 'it ends too early');
  }
  return { index, place: scan.place };
}
