import { FieldCursor } from '../bytes/index.ts';
import { leafHash, SubtreeHashes, subtreeLevels } from '../crypto/index.ts';
import { goneEventFrame, goneTag } from '../event/index.ts';

const eventTag = 0x0a;
const hashBytes = 32;

/**
 * Leave whole events out of a run: hashes stand for them, so that it has the root that its seal names. All else stays, byte for byte.
 *
 * @param run events and seal, framed as they are stored; of a batch that was checked.
 * @param stays whether an event stays, by its place in the batch. Of those that are gone already it is not asked.
 * @returns the run, itself where all stays; and how many of its events are there.
 */
export function forgetEvents(
  run: Buffer,
  stays: (event: number) => boolean,
): { readonly run: Buffer; readonly events: number } {
  const parts: Buffer[] = [];
  let gone = new SubtreeHashes(0);
  let event = 0;
  let events = 0;
  let changes = false;
  const cursor = new FieldCursor(run);
  const flush = () => {
    if (gone.count > 0) parts.push(goneEventFrame(gone.count, gone.hashes));
    gone = new SubtreeHashes(event);
  };
  while (cursor.next()) {
    const { tagStart, start, end } = cursor;
    if (run[tagStart] !== eventTag) {
      flush();
      parts.push(run.subarray(tagStart, end));
    } else if (run[start] === goneTag) {
      event = addGone(run.subarray(start, end), event, gone);
    } else if (stays(event)) {
      flush();
      parts.push(run.subarray(tagStart, end));
      event += 1;
      events += 1;
      gone = new SubtreeHashes(event);
    } else {
      const inner = new FieldCursor(run, start, end);
      inner.next();
      gone.append(leafHash(inner.bytesValue()));
      event += 1;
      changes = true;
    }
  }
  return { run: changes ? Buffer.concat(parts) : run, events };
}

/** Go on with what was gone before. @returns the place of the event behind it. */
function addGone(message: Buffer, first: number, gone: SubtreeHashes): number {
  const outer = new FieldCursor(message);
  outer.next();
  const inner = new FieldCursor(message, outer.start, outer.end);
  inner.next();
  const end = first + inner.value;
  inner.next();
  const hashes = inner.bytesValue();
  subtreeLevels(first, end).forEach((level, at) => {
    gone.append(hashes.subarray(at * hashBytes, (at + 1) * hashBytes), level);
  });
  return end;
}
