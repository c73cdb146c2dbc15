import { FieldCursor } from '../bytes/index.ts';
import type { Batch } from './batch.ts';
import { kindData, layoutOf, layoutStride } from './event-layout.ts';
import { goneEventsIn, goneTag } from './gone-events.ts';
import { primaryKeyBytes } from './primary-key.ts';

const kindRules = 10;
const movesField = 16;
const eventTag = 0x0a;
const keyTag = 0x1a;
const parentTag = 0x22;
const collectionTag = 0x2a;
/** A header begins with its magic (5 bytes) and its kind (2 bytes); then comes the key, if there is one. */
const kindOffset = 6;
const keyTagOffset = 7;
const keyOffset = 9;

/**
 * Is told of an event that says where an object is: its place in its batch, and the offsets of the object's key, of its parent's and of its
 * collection, each of 16 bytes; -1 for none.
 *
 * @param isMove whether it is an event of rules.
 */
export type EachPlace = (
  event: number,
  key: number,
  parent: number,
  collection: number,
  isMove: boolean,
) => void;

/**
 * Find the events of a batch that put an object somewhere else than at the root of the chain without a collection, where all are that nothing is said of: data with a parent
 * or a collection, and events of rules that move an object, wherever to.
 */
export function eachPlace({ bytes, layout, count }: Batch, each: EachPlace): void {
  for (let event = 0; event < count; event += 1) {
    const at = event * layoutStride;
    const key = layout[at + layoutOf.keyStart] as number;
    if (key === 0) continue;
    const kind = layout[at + layoutOf.kind] as number;
    const end = layout[at + layoutOf.headerEnd] as number;
    tellPlace({ bytes, event, kind, key, end }, each);
  }
}

/** As `eachPlace`, of a run that was checked before, so that little is looked at. */
export function eachPlaceOfRun(run: Buffer, each: EachPlace): void {
  let event = 0;
  const cursor = new FieldCursor(run);
  // The events come first.
  for (; cursor.next() && run[cursor.tagStart] === eventTag; event += 1) {
    if (run[cursor.start] === goneTag) {
      event += (goneEventsIn(run.subarray(cursor.start, cursor.end)) ?? 1) - 1;
      continue;
    }
    const inner = new FieldCursor(run, cursor.start, cursor.end);
    inner.next();
    const { start, end } = inner;
    const isOfObject =
      run[start + keyTagOffset] === keyTag && run[start + keyTagOffset + 1] === primaryKeyBytes;
    if (!isOfObject) continue;
    const kind = run[start + kindOffset] as number;
    tellPlace({ bytes: run, event, kind, key: start + keyOffset, end }, each);
  }
}

/** @param of.end where the event's header ends. */
function tellPlace(
  of: { bytes: Buffer; event: number; kind: number; key: number; end: number },
  each: EachPlace,
): void {
  const { bytes, event, kind, key, end } = of;
  if (kind !== kindData && kind !== kindRules) return;
  // Fields are in the order of their numbers: what says where it is follows the key.
  let next = key + primaryKeyBytes;
  const parent = bytes[next] === parentTag && next < end ? next + 2 : -1;
  if (parent >= 0) next += 2 + primaryKeyBytes;
  const collection = bytes[next] === collectionTag && next < end ? next + 2 : -1;
  if (kind === kindData) {
    if (parent >= 0 || collection >= 0) each(event, key, parent, collection, false);
  } else if (moves(bytes, next, end)) each(event, key, parent, collection, true);
}

/** Whether a header says that its object moves, by its fields from an offset on. */
function moves(bytes: Buffer, start: number, end: number): boolean {
  const header = new FieldCursor(bytes, start, end);
  while (header.next() && header.field <= movesField) {
    if (header.field === movesField) return true;
  }
  return false;
}
