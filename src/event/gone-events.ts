import { AtedbError, checkStrict, FieldCursor, FieldWriter, frame } from '../bytes/index.ts';
import { subtreeLevels } from '../crypto/index.ts';
import { invalid } from './batch-errors.ts';
import { layoutOf, layoutStride } from './event-layout.ts';
import { goneEventForm } from './snapshot-forms.ts';

const hashBytes = 32;
const eventField = 1;
const goneField = 6;

/** Tag of Event.gone: what an Event begins with that stands for others. */
export const goneTag = 0x32;

/** Serialise what stands for events of a batch that are gone, as an Event with its tag and length. */
export function goneEventFrame(events: number, hashes: readonly Buffer[]): Buffer {
  const gone = new FieldWriter()
    .varint(1, events)
    .bytes(2, Buffer.concat([...hashes]))
    .finish();
  return frame(eventField, new FieldWriter().message(goneField, gone).finish());
}

/**
 * Check an Event that stands for others, in the strict form, and find its parts.
 *
 * @param start where the Event message begins in the run, and `end` where it ends.
 * @param index of the first event that it stands for.
 * @returns how many it stands for, and where their hashes lie.
 * @throws AtedbError NON_CANONICAL, BATCH_INVALID.
 */
export function findGoneEvents(
  run: Buffer,
  start: number,
  end: number,
  index: number,
): { readonly events: number; readonly hashesStart: number; readonly hashesEnd: number } {
  checkStrict(goneEventForm, run, start, end);
  const outer = new FieldCursor(run, start, end);
  outer.next();
  const inner = new FieldCursor(run, outer.start, outer.end);
  inner.next();
  const events = inner.value;
  inner.next();
  const found = { events, hashesStart: inner.start, hashesEnd: inner.end };
  const due = subtreeLevels(index, index + events).length * hashBytes;
  if (outer.end !== end || found.hashesEnd - found.hashesStart !== due) {
    throw new AtedbError(
      'NON_CANONICAL',
      `what stands for ${events} events from ${index} on is not ${due} bytes of hashes alone`,
    );
  }
  return found;
}

/** How many events an Event stands for that begins with `goneTag`; undefined where it says nothing that can be. */
export function goneEventsIn(event: Buffer): number | undefined {
  try {
    const outer = new FieldCursor(event);
    outer.next();
    const inner = new FieldCursor(event, outer.start, outer.end);
    if (!inner.next() || inner.field !== 1 || inner.wireType !== 0) return undefined;
    return inner.value;
  } catch {
    return undefined;
  }
}

/** Put what stands for events into a layout, which has room for as many. */
export function layOutGone(
  layout: Uint32Array,
  index: number,
  { events, hashesStart, hashesEnd }: ReturnType<typeof findGoneEvents>,
): void {
  const at = index * layoutStride;
  layout.fill(0, at, at + events * layoutStride);
  layout[at + layoutOf.headerStart] = hashesStart;
  layout[at + layoutOf.headerEnd] = hashesEnd;
  layout[at + layoutOf.dataBytes] = events;
}

/** A leaf of a batch's tree that is there, by its place, or a subtree of it that stands for leaves. */
export interface BatchSubtree {
  readonly level: number;
  readonly hash: Buffer;
  /** Number of its first leaf. */
  readonly start: number;
}

/**
 * What the hashes of gone events stand for.
 *
 * @param index of the first of them.
 */
export function subtreesOfGone(
  bytes: Buffer,
  layout: Uint32Array,
  index: number,
): readonly BatchSubtree[] {
  const at = index * layoutStride;
  const events = layout[at + layoutOf.dataBytes] as number;
  if (events === 0) throw invalid(`event ${index} is among others that are gone`);
  let next = layout[at + layoutOf.headerStart] as number;
  let start = index;
  return subtreeLevels(index, index + events).map((level) => {
    const subtree = { level, start, hash: bytes.subarray(next, next + hashBytes) };
    next += hashBytes;
    start += 2 ** level;
    return subtree;
  });
}
