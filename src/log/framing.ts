import {
  batchBytesMax,
  batchEventsMax,
  commitBytesMax,
  gapBytesMax,
  runBytesMax,
} from '../bytes/index.ts';
import { type Gap, goneEventsIn, goneTag, parseGap } from '../event/index.ts';

// Batches lie in a segment as fields of a LogSegment: one or more events (field 1), one seal (2), one commit (3); in a file
// that was rewritten perhaps a gap (5) before them. Walking them looks at tags and lengths only, and at gaps.

const eventTag = 0x0a;
const sealTag = 0x12;
const commitTag = 0x1a;
const gapTag = 0x2a;

/** Where one batch lies in a buffer. */
export interface BatchFrame {
  /** Where it starts, with its gap. */
  readonly start: number;
  /** What is gone before it, or of it; undefined where nothing is. */
  readonly gap: Gap | undefined;
  /** Where the run starts: the first event's tag. */
  readonly runStart: number;
  /** Where the run ends: the commit's tag. */
  readonly runEnd: number;
  /** Where the commit's content begins, behind tag and length. */
  readonly commitStart: number;
  readonly end: number;
  /** How many events the run has, with those of it that are gone. */
  readonly events: number;
}

/** Why no batch is framed at an offset. */
export interface FrameFault {
  /** Whether the bytes are those of a batch as far as they go, and merely end too early. */
  readonly short: boolean;
  readonly what: string;
}

/** A varint of at most four bytes in its shortest form, or undefined. More than any length here can be is refused. */
export function readVarint(
  bytes: Buffer,
  at: number,
  end: number,
): { value: number; next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 4 && at + index < end; index += 1) {
    const byte = bytes[at + index] as number;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      return byte === 0 && index > 0 ? undefined : { value, next: at + index + 1 };
    }
  }
  return undefined;
}

/** Find the batch that starts at `start`, in bytes that end at `end`. */
export function frameBatch(
  bytes: Buffer,
  start: number,
  end = bytes.length,
): BatchFrame | FrameFault {
  const opening = bytes[start] === gapTag ? frameGap(bytes, start, end) : noGap(start);
  if ('what' in opening) return opening;
  const { gap, runStart } = opening;
  let at = runStart;
  let events = 0;
  let runEnd = 0;
  while (at < end) {
    const tag = bytes[at] as number;
    if (runEnd === 0 ? tag !== eventTag && tag !== sealTag : tag !== commitTag) {
      return { short: false, what: outOfPlace(tag, events, runEnd) };
    }
    // Lengths are read in place, not by `readVarint`: this runs an event.
    let next = at + 1;
    let length = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7, next += 1) {
      if (next >= end) return { short: true, what: 'a length is cut short' };
      byte = bytes[next] as number;
      if (shift > 21 || (byte === 0 && shift > 0)) {
        return { short: false, what: 'a length is not in its shortest form or too large' };
      }
      length |= (byte & 0x7f) << shift;
    }
    const fieldEnd = next + length;
    if (fieldEnd - runStart > (tag === commitTag ? batchBytesMax : runBytesMax)) {
      return { short: false, what: 'a length is larger than a batch may be' };
    }
    if (tag === commitTag) {
      if (fieldEnd - at > commitBytesMax) return { short: false, what: 'a commit is too large' };
      if (fieldEnd > end) return { short: true, what: 'a commit is cut short' };
      return { start, gap, runStart, runEnd, commitStart: next, end: fieldEnd, events };
    }
    if (fieldEnd > end) return { short: true, what: 'a batch is cut short' };
    if (tag === eventTag) {
      if (bytes[next] !== goneTag || length === 0) events += 1;
      else {
        const gone = goneEventsIn(bytes.subarray(next, fieldEnd)) ?? 0;
        if (gone === 0 || gone > batchEventsMax) {
          return { short: false, what: 'what stands for events that are gone stands for none' };
        }
        events += gone;
      }
    } else if (events === 0) return { short: false, what: 'a seal comes before any event' };
    else runEnd = fieldEnd;
    at = fieldEnd;
  }
  return { short: true, what: 'a batch is cut short' };
}

function noGap(start: number): { readonly gap: undefined; readonly runStart: number } {
  return { gap: undefined, runStart: start };
}

/** The gap that stands at an offset, and where what follows it begins. */
function frameGap(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly gap: Gap; readonly runStart: number } | FrameFault {
  const length = readVarint(bytes, start + 1, end);
  if (length === undefined) return { short: end - start < 5, what: 'a gap is not framed' };
  const runStart = length.next + length.value;
  if (runStart - start > gapBytesMax) return { short: false, what: 'a gap is too large' };
  if (runStart > end) return { short: true, what: 'a gap is cut short' };
  try {
    return { gap: parseGap(bytes.subarray(length.next, runStart)), runStart };
  } catch {
    return { short: false, what: 'a gap is not in the strict form' };
  }
}

/** Whether a walk found a batch. */
export function isFrame(found: BatchFrame | FrameFault): found is BatchFrame {
  return 'end' in found;
}

function outOfPlace(tag: number, events: number, runEnd: number): string {
  const due = runEnd > 0 ? 'a commit' : events > 0 ? 'an event or a seal' : 'an event';
  return `there is 0x${tag.toString(16).padStart(2, '0')} where the tag of ${due} was due`;
}
