import { AtedbError, FieldCursor } from '../bytes/index.ts';
import { runFields } from './build-event.ts';
import { type CommitView, commitField, parseCommit } from './commit.ts';
import { type Gap, gapField, parseGap } from './gap.ts';

/** One batch of a slice of the log. */
export interface SliceBatch {
  /** What is gone, before the batch or of it; undefined where nothing is. */
  readonly gap: Gap | undefined;
  /** The events, then the seal. */
  readonly run: Buffer;
  readonly commit: CommitView;
  /** Where it starts in the slice, with its gap. */
  readonly start: number;
  /** Where its run starts in the slice. */
  readonly runStart: number;
  /** Where the commit ends in the slice. */
  readonly end: number;
}

/**
 * Split a slice of the log into its batches. Only the framing and the commits are looked at: the runs stay as they
 * are.
 *
 * @throws AtedbError NON_CANONICAL where the slice is anything but whole batches, each perhaps a gap, events, seal, commit.
 */
export function splitSlice(slice: Buffer): SliceBatch[] {
  const batches: SliceBatch[] = [];
  const cursor = new FieldCursor(slice);
  let start = 0;
  let runStart = 0;
  let runEnd: number | undefined;
  let gap: Gap | undefined;
  while (cursor.next()) {
    const framed = cursor.wireType === 2;
    if (framed && cursor.field === gapField && cursor.tagStart === start) {
      gap = parseGap(slice.subarray(cursor.start, cursor.end));
      runStart = cursor.end;
      continue;
    }
    if (framed && cursor.field === runFields.event && runEnd === undefined) continue;
    if (framed && cursor.field === runFields.seal && runEnd === undefined) {
      runEnd = cursor.end;
    } else if (framed && cursor.field === commitField && runEnd !== undefined) {
      const commit = parseCommit(slice.subarray(cursor.start, cursor.end));
      const run = slice.subarray(runStart, runEnd);
      batches.push({ gap, run, commit, start, runStart, end: cursor.end });
      start = cursor.end;
      runStart = start;
      runEnd = undefined;
      gap = undefined;
    } else {
      throw outOfPlace(cursor.field, cursor.tagStart);
    }
  }
  if (start !== slice.length) {
    throw new AtedbError(
      'NON_CANONICAL',
      `the slice ends inside the batch that starts at ${start}`,
    );
  }
  return batches;
}

function outOfPlace(field: number, offset: number): AtedbError {
  return new AtedbError(
    'NON_CANONICAL',
    `the slice has field ${field} at offset ${offset}, where a gap, events, a seal or a commit were due`,
    { metadata: { offset: String(offset) } },
  );
}
