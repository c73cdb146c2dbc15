import { kindData, writesObject } from './event-layout.ts';
import { goneEventsIn, goneTag } from './gone-events.ts';
import { primaryKeyBytes } from './primary-key.ts';

const eventTag = 0x0a;
const keyTag = 0x1a;
/** Of an Event, behind its header. */
const dataTag = 0x12;
const saltTag = 0x1a;
/** A header begins with its magic (5 bytes) and its kind (2 bytes); then comes the key, if there is one. */
const kindOffset = 6;
const keyTagOffset = 7;

/**
 * Find the primary keys of a run's events, in order: of one that was checked before, so that little is looked at.
 *
 * @param each is told the place of the event, the offset of its key's 16 bytes, and how many bytes of data and salt are
 * there; events that don't write an object are passed over.
 */
export function eachPrimaryKey(
  run: Buffer,
  each: (event: number, offset: number, dataBytes: number) => void,
): void {
  let event = 0;
  for (let at = 0; run[at] === eventTag; event += 1) {
    const length = lengthAt(run, at + 1);
    const start = contentAfter(run, at + 1);
    if (run[start] === goneTag) {
      at = start + length;
      event += (goneEventsIn(run.subarray(start, at)) ?? 1) - 1;
      continue;
    }
    // The Event's first field is its header.
    const header = contentAfter(run, start + 1);
    const tag = header + keyTagOffset;
    const kind = run[header + kindOffset] as number;
    const end = start + length;
    if (writesObject(kind) && run[tag] === keyTag && run[tag + 1] === primaryKeyBytes) {
      const rest = header + lengthAt(run, start + 1);
      each(event, tag + 2, kind === kindData ? dataBytesBetween(run, rest, end) : 0);
    }
    at = end;
  }
}

/** Bytes of data and salt in what follows an event's header. */
function dataBytesBetween(run: Buffer, start: number, end: number): number {
  let bytes = 0;
  for (let at = start; at < end && (run[at] === dataTag || run[at] === saltTag); ) {
    const length = lengthAt(run, at + 1);
    bytes += length;
    at = contentAfter(run, at + 1) + length;
  }
  return bytes;
}

function lengthAt(run: Buffer, at: number): number {
  let length = 0;
  for (let index = at, shift = 0; ; index += 1, shift += 7) {
    const byte = run[index] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return length;
  }
}

/** Where the content begins behind the length that stands at `at`. */
function contentAfter(run: Buffer, at: number): number {
  let index = at;
  while ((run[index] as number) >= 0x80) index += 1;
  return index + 1;
}
