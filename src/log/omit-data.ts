import { eventMarks, goneEventsIn, goneTag, marksOfHeader } from '../event/index.ts';
import { frameBatch, readVarint } from './framing.ts';
import { dataFates, rewriteRun } from './rewrite-run.ts';

const eventTag = 0x0a;
/** Of an Event, behind its header. */
const dataTag = 0x12;

/**
 * Leave the data of events out of a slice of the log that have more than so many bytes of it, and say nothing of rights and keys. All else stays, byte for byte; what storage
 * says of a batch's bytes is that of the whole batch.
 *
 * @param slice whole batches, framed as they are stored.
 * @param options.into memory for it, as much as the slice takes; it may be the slice's own. Absent: new memory, where any is needed.
 * @returns what the slice has become; itself where all stays.
 */
export function omitLargeData(
  slice: Buffer,
  options: { readonly dataUpTo: number; readonly into?: Buffer | undefined },
): Buffer {
  let out = options.into;
  let written = 0;
  let isSame = true;
  for (let at = 0; at < slice.length; ) {
    const frame = frameBatch(slice, at);
    if (!('runEnd' in frame)) throw new RangeError(`no batch is framed at offset ${at}`);
    const run = slice.subarray(frame.runStart, frame.runEnd);
    const fates = fatesOf(run, frame.events, options.dataUpTo);
    if (fates === undefined && isSame) {
      at = frame.end;
      written = at;
      continue;
    }
    if (isSame) {
      out ??= Buffer.allocUnsafe(slice.length);
      if (out.buffer !== slice.buffer || out.byteOffset !== slice.byteOffset) {
        slice.copy(out, 0, 0, at);
      }
      isSame = false;
    }
    written += slice.copy(out as Buffer, written, at, frame.runStart);
    const target = (out as Buffer).subarray(written);
    if (fates === undefined) written += run.copy(target);
    else written += rewriteRun(run, fates, undefined, target).length;
    written += slice.copy(out as Buffer, written, frame.runEnd, frame.end);
    at = frame.end;
  }
  return isSame ? slice : (out as Buffer).subarray(0, written);
}

/** What becomes of each event's data; undefined where all stays. */
function fatesOf(run: Buffer, events: number, dataUpTo: number): Uint8Array | undefined {
  let fates: Uint8Array | undefined;
  for (let at = 0, event = 0; run[at] === eventTag; event += 1) {
    const { value, next: start } = framed(run, at);
    const end = start + value;
    if (run[start] === goneTag) {
      event += (goneEventsIn(run.subarray(start, end)) ?? 1) - 1;
      at = end;
      continue;
    }
    const header = framed(run, start);
    const headerEnd = header.next + header.value;
    const isLarge =
      headerEnd < end && run[headerEnd] === dataTag && framed(run, headerEnd).value > dataUpTo;
    // Nobody takes it that what says something of rights and keys comes without its data.
    if (
      isLarge &&
      (marksOfHeader(run.subarray(header.next, headerEnd)) & eventMarks.authority) === 0
    ) {
      fates ??= new Uint8Array(events);
      fates[event] = dataFates.omitted;
    }
    at = end;
  }
  return fates;
}

function framed(run: Buffer, at: number): { value: number; next: number } {
  const length = readVarint(run, at + 1, run.length);
  if (length === undefined) throw new RangeError(`nothing is framed at offset ${at} of a run`);
  return length;
}
