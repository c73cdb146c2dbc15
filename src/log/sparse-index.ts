import type { Gap } from '../event/index.ts';
import { indexSpacingBytes } from './log-limits.ts';

const nothingGone = { commits: 0, events: 0 };

/** A place in a segment where a batch begins, with what is gone before it. */
export interface IndexEntry {
  readonly offset: number;
  readonly commit: number;
  readonly sequence: number;
  /** The commit's time; undefined at the end, where no batch begins yet. */
  readonly timeUnixMs: number | undefined;
}

/** Four numbers. */
const bytesOfEntry = 32;

/** A list of numbers that never decrease, one an entry. */
export type IndexColumn = 'offset' | 'commit' | 'sequence' | 'timeUnixMs';

/**
 * Where batches lie in one segment: an entry for the first one, then one about every 16 KiB; and where the last one
 * ends. Batches between two entries are found by a walk.
 */
export class SparseIndex {
  readonly #columns: Record<IndexColumn, number[]> = {
    offset: [],
    commit: [],
    sequence: [],
    timeUnixMs: [],
  };
  #end: IndexEntry;

  /** @param start where the segment's first batch begins or will begin. */
  constructor(start: { offset: number; commit: number; sequence: number }) {
    this.#end = { ...start, timeUnixMs: undefined };
  }

  /** Where the last batch ends, and the next will begin. */
  get end(): IndexEntry {
    return this.#end;
  }

  /** About what it takes in memory. */
  get bytes(): number {
    return 256 + this.count * bytesOfEntry;
  }

  get count(): number {
    return this.#columns.offset.length;
  }

  /** Add the batch that begins where the last one ended. @param batch.gap what is gone before it. */
  add(batch: {
    events: number;
    timeUnixMs: number;
    endOffset: number;
    gap?: Pick<Gap, 'commits' | 'events'> | undefined;
  }): void {
    const { commits: goneCommits, events: goneEvents } = batch.gap ?? nothingGone;
    const { offset, commit, sequence } = this.#end;
    const last = this.#columns.offset.at(-1);
    if (last === undefined || offset - last >= indexSpacingBytes) {
      this.addEntry({ offset, commit, sequence, timeUnixMs: batch.timeUnixMs });
    }
    this.setEnd({
      offset: batch.endOffset,
      commit: commit + goneCommits + 1,
      sequence: sequence + goneEvents + batch.events,
    });
  }

  /** Add an entry that is known from a file. */
  addEntry(entry: IndexEntry & { timeUnixMs: number }): void {
    this.#columns.offset.push(entry.offset);
    this.#columns.commit.push(entry.commit);
    this.#columns.sequence.push(entry.sequence);
    this.#columns.timeUnixMs.push(entry.timeUnixMs);
  }

  /** Say where the last batch ends. */
  setEnd(end: { offset: number; commit: number; sequence: number }): void {
    this.#end = { ...end, timeUnixMs: undefined };
  }

  /** All values of a column, in order. */
  column(column: IndexColumn): readonly number[] {
    return this.#columns[column];
  }

  /** The entry of this place; the end for one too far. */
  at(index: number): IndexEntry {
    const offset = this.#columns.offset[index];
    if (offset === undefined) return this.#end;
    return {
      offset,
      commit: this.#columns.commit[index] as number,
      sequence: this.#columns.sequence[index] as number,
      timeUnixMs: this.#columns.timeUnixMs[index],
    };
  }

  /** How many entries have less than `value` in a column. */
  countBelow(column: IndexColumn, value: number): number {
    const values = this.#columns[column];
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((values[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of the last entry with at most `value` in a column; -1 for none. */
  lastUpTo(column: IndexColumn, value: number): number {
    return this.countBelow(column, value + 1) - 1;
  }
}
