import { AtedbError, FieldCursor } from '../bytes/index.ts';
import { runFields } from './build-event.ts';
import { type CommitView, commitField, parseCommit } from './commit.ts';

/** One batch of a slice of the log. */
export interface SliceBatch {
  /** The events, then the seal. */
  readonly run: Buffer;
  readonly commit: CommitView;
  /** Where the run starts in the slice. */
  readonly start: number;
  /** Where the commit ends in the slice. */
  readonly end: number;
}

/**
 * Split a slice of the log into its batches. Only the framing and the commits are looked at: the runs stay as they
 * are.
 *
 * @throws AtedbError NON_CANONICAL where the slice is anything but whole batches, each events, seal, commit.
 */
export function splitSlice(slice: Buffer): SliceBatch[] {
  const batches: SliceBatch[] = [];
  const cursor = new FieldCursor(slice);
  let start = 0;
  let runEnd: number | undefined;
  while (cursor.next()) {
    const framed = cursor.wireType === 2;
    if (framed && cursor.field === runFields.event && runEnd === undefined) continue;
    if (framed && cursor.field === runFields.seal && runEnd === undefined) {
      runEnd = cursor.end;
    } else if (framed && cursor.field === commitField && runEnd !== undefined) {
      const commit = parseCommit(slice.subarray(cursor.start, cursor.end));
      batches.push({ run: slice.subarray(start, runEnd), commit, start, end: cursor.end });
      start = cursor.end;
      runEnd = undefined;
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
    `the slice has field ${field} at offset ${offset}, where events, a seal or a commit were due`,
    { metadata: { offset: String(offset) } },
  );
}
