import {
  type Batch,
  gapField,
  parseBatch,
  type SliceBatch,
  splitSlice,
} from '../../event/index.ts';
import { goneError } from '../../log/index.ts';

/** A stored batch, and one event of it. */
export interface BatchOf {
  readonly stored: SliceBatch;
  /** The run and its commit, without what stands for commits before it. */
  readonly bytes: Buffer;
  readonly batch: Batch;
  /** The event's place in it. */
  readonly index: number;
}

/**
 * Find the event of a sequence in the slice that was read for it.
 *
 * @returns undefined where that is empty: nothing has the sequence yet.
 * @throws AtedbError EVENT_GONE.
 */
export function batchOf(slice: Buffer, sequence: number): BatchOf | undefined {
  const [stored] = splitSlice(slice);
  if (stored === undefined) return undefined;
  const { gap, run, commit, runStart, end } = stored;
  const index = sequence - commit.firstSequence;
  const gone = () => goneError(`the event of sequence ${sequence}`, gap);
  if (index < 0) throw gone();
  const batch = parseBatch(run);
  if (batch.isGone(index)) throw gone();
  return { stored, bytes: slice.subarray(runStart, end), batch, index };
}

/** What a slice begins with that begins with a gap: its tag. */
const gapTag = (gapField << 3) | 2;

/**
 * The run and the commit of the batch of a sequence, in the slice that was read for it. Where nothing is gone before it or of it that is
 * the slice as it is: most calls are about such, and then nothing of it is looked at.
 *
 * @throws AtedbError EVENT_GONE.
 */
export function bytesOfBatch(slice: Buffer, sequence: number): Buffer {
  return slice[0] === gapTag ? (batchOf(slice, sequence)?.bytes ?? slice) : slice;
}
