import { writesObject } from './event-layout.ts';
import { primaryKeyBytes } from './primary-key.ts';

const eventTag = 0x0a;
const keyTag = 0x1a;
/** A header begins with its magic (5 bytes) and its kind (2 bytes); then comes the key, if there is one. */
const kindOffset = 6;
const keyTagOffset = 7;

/**
 * Find the primary keys of a run's events, in order: of one that was checked before, so that little is looked at.
 *
 * @param each is told the place of the event, and the offset of its key's 16 bytes; events that don't write an object are
 * passed over.
 */
export function eachPrimaryKey(run: Buffer, each: (event: number, offset: number) => void): void {
  let event = 0;
  for (let at = 0; run[at] === eventTag; event += 1) {
    const length = lengthAt(run, at + 1);
    const start = contentAfter(run, at + 1);
    // The Event's first field is its header.
    const header = contentAfter(run, start + 1);
    const tag = header + keyTagOffset;
    const writes = writesObject(run[header + kindOffset] as number);
    if (writes && run[tag] === keyTag && run[tag + 1] === primaryKeyBytes) each(event, tag + 2);
    at = start + length;
  }
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
