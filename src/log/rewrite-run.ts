import { varintBytes } from '../bytes/index.ts';
import { goneEventsIn, goneTag } from '../event/index.ts';
import { readVarint } from './framing.ts';

const eventTag = 0x0a;
/** Of an Event: the state of its data, as a number of `atedb.v1.DataState`. */
const stateTag = 0x20;

/** Of an Event: the sequence of the redaction that has erased its data. */
const redactionTag = 0x28;

/** What becomes of the data of an event: it stays as it is, or goes for one of the reasons of `atedb.v1.DataState`. */
export const dataFates = { stays: 0, omitted: 1, redacted: 2, dropped: 3, expired: 4 } as const;

/**
 * Leave the data and the salt of some events out of a run. All else stays, byte for byte.
 *
 * @param run events and seal, framed as they are stored.
 * @param fates one of `dataFates` for each event, those that are gone counted.
 * @param redactionOf the sequence of the redaction that erases an event's data, of which that is the fate.
 * @param into memory for it, as much as the run takes. Absent: new memory.
 * @returns what of that it has become.
 */
export function rewriteRun(
  run: Buffer,
  fates: Uint8Array,
  redactionOf: (event: number) => number = noRedaction,
  into: Buffer = Buffer.allocUnsafe(run.length),
): Buffer {
  // What says where data went is shorter than any salt, or sealed data.
  const out = into;
  let written = 0;
  let copied = 0;
  let at = 0;
  for (let event = 0; run[at] === eventTag; event += 1) {
    const { value: length, next: start } = framed(run, at);
    const end = start + length;
    if (run[start] === goneTag) {
      event += (goneEventsIn(run.subarray(start, end)) ?? 1) - 1;
      at = end;
      continue;
    }
    const fate = fates[event] ?? dataFates.stays;
    if (fate !== dataFates.stays) {
      written += run.copy(out, written, copied, at);
      copied = end;
      const header = framed(run, start);
      const headerEnd = header.next + header.value;
      const redaction = fate === dataFates.redacted ? redactionOf(event) : 0;
      const redactionBytes = redaction === 0 ? 0 : 1 + varintBytes(redaction);
      out[written] = eventTag;
      written = writeVarint(out, written + 1, headerEnd - start + 2 + redactionBytes);
      written += run.copy(out, written, start, headerEnd);
      out[written] = stateTag;
      out[written + 1] = fate;
      written += 2;
      if (redaction > 0) {
        out[written] = redactionTag;
        written = writeVarint(out, written + 1, redaction);
      }
    }
    at = end;
  }
  written += run.copy(out, written, copied);
  return out.subarray(0, written);
}

function noRedaction(): never {
  throw new Error('what erases data is to be named');
}

/** Write a number, as short as can be. @returns where it ends. */
function writeVarint(out: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[end++] = (rest % 0x80) | 0x80;
  out[end++] = rest;
  return end;
}

/** The field that begins at an offset of a run whose framing was checked. */
function framed(run: Buffer, at: number): { value: number; next: number } {
  const length = readVarint(run, at + 1, run.length);
  if (length === undefined) throw new RangeError(`nothing is framed at offset ${at} of a run`);
  return length;
}
