import { type Batch, layoutOf, layoutStride, type Redaction } from '../event/index.ts';
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

/** Some redactions, made ready for many events: what they erase is found without looking at each of them. */
export class ErasurePlan {
  /** By primary key, in latin1. */
  readonly #objects = new Map<string, ObjectErasure>();

  constructor(redactions: readonly PlacedRedaction[]) {
    for (const { sequence: by, primaryKey, redaction } of redactions) {
      const key = primaryKey.toString('latin1');
      const object = this.#objects.get(key) ?? { before: 0, beforeBy: 0, listed: new Map() };
      const { sequences = [], beforeSequence = 0 } = redaction;
      const end = Math.min(beforeSequence, by);
      if (end > object.before) Object.assign(object, { before: end, beforeBy: by });
      // Nothing behind a redaction is erased by it.
      for (const one of sequences) if (one < by) object.listed.set(one, by);
      this.#objects.set(key, object);
    }
  }

  /**
   * What is erased of a batch. What is gone already stays as it is.
   *
   * @returns undefined where that is nothing.
   */
  of(batch: Batch, firstSequence: number): BatchErasure | undefined {
    const { count, layout, bytes } = batch;
    let fates: Uint8Array | undefined;
    let redactions: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const at = index * layoutStride;
      if (layout[at + layoutOf.kind] !== kindData || layout[at + layoutOf.dataState] !== 0)
        continue;
      const start = layout[at + layoutOf.keyStart] as number;
      const object = this.#objects.get(bytes.toString('latin1', start, start + keyBytes));
      const by = object && redactionOf(object, firstSequence + index);
      if (by === undefined) continue;
      if (fates === undefined) {
        fates = new Uint8Array(count);
        redactions = new Array<number>(count).fill(0);
      }
      fates[index] = dataFates.redacted;
      redactions[index] = by;
    }
    return fates && { fates, redactions };
  }
}

/** What is erased of one object: all before a sequence, and what is listed, each with the sequence of what erases it. */
interface ObjectErasure {
  readonly before: number;
  readonly beforeBy: number;
  readonly listed: Map<number, number>;
}

function redactionOf({ before, beforeBy, listed }: ObjectErasure, sequence: number) {
  const by = listed.get(sequence);
  if (by !== undefined) return by;
  return sequence < before ? beforeBy : undefined;
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
