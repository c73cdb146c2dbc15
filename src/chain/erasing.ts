import {
  type Batch,
  dataStates,
  erases,
  layoutOf,
  layoutStride,
  type Redaction,
} from '../event/index.ts';
import { dataFates } from '../log/index.ts';

/** A redaction that is in the chain. */
export interface PlacedRedaction {
  readonly sequence: number;
  /** Of the object whose data it erases; 16 bytes. */
  readonly primaryKey: Buffer;
  readonly redaction: Redaction;
}

/** What becomes of the data of a batch's events. */
export interface BatchErasure {
  /** One of `dataFates` for each event. */
  readonly fates: Uint8Array;
  /** For each event whose data is erased, the sequence of what erases it; else 0. */
  readonly redactions: readonly number[];
}

const keyBytes = 16;
const kindRedaction = 4;
const kindData = 2;

/** The redactions among the events of a batch that has its place. */
export function redactionsIn(batch: Batch, firstSequence: number): PlacedRedaction[] {
  const found: PlacedRedaction[] = [];
  for (let index = 0; index < batch.count; index += 1) {
    if (batch.layout[index * layoutStride + layoutOf.kind] !== kindRedaction) continue;
    const { redaction } = batch.authorityOf(index);
    if (redaction === undefined) continue;
    // Copied: it lies in a whole slice.
    const primaryKey = Buffer.from(keyOf(batch, index));
    found.push({ sequence: firstSequence + index, primaryKey, redaction });
  }
  return found;
}

/** Whether a batch has a redaction. */
export function hasRedaction(batch: Batch): boolean {
  for (let index = 0; index < batch.count; index += 1) {
    if (batch.layout[index * layoutStride + layoutOf.kind] === kindRedaction) return true;
  }
  return false;
}

/**
 * What some redactions erase of a batch. Of several that name an event, the first one counts. What is gone already stays as it is.
 *
 * @returns undefined where that is nothing.
 */
export function erasureOf(
  batch: Batch,
  firstSequence: number,
  redactions: readonly PlacedRedaction[],
): BatchErasure | undefined {
  const { count, layout } = batch;
  const fates = new Uint8Array(count);
  const by: number[] = new Array(count).fill(0);
  let isAny = false;
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    const state = layout[at + layoutOf.dataState];
    if (layout[at + layoutOf.kind] !== kindData) continue;
    if (state === dataStates.redacted || state === dataStates.dropped) continue;
    const event = { sequence: firstSequence + index, primaryKey: keyOf(batch, index) };
    const found = redactions.find((one) => erases(one, event));
    if (found === undefined) continue;
    fates[index] = dataFates.redacted;
    by[index] = found.sequence;
    isAny = true;
  }
  return isAny ? { fates, redactions: by } : undefined;
}

/** Whether a redaction names any sequence from one up to another, not included. */
export function mayTouch({ redaction }: PlacedRedaction, from: number, end: number): boolean {
  const { sequences, beforeSequence = 0 } = redaction;
  if (sequences === undefined) return beforeSequence > from;
  return sequences.some((one) => one >= from && one < end);
}

function keyOf({ bytes, layout }: Batch, index: number): Buffer {
  const start = layout[index * layoutStride + layoutOf.keyStart] as number;
  return bytes.subarray(start, start + keyBytes);
}
