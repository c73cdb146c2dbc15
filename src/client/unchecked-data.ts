import type { OwedData } from '../trust/index.ts';

/** Events of a range whose data is gone, of which nothing in the range shows that this is allowed. */
export interface UncheckedData {
  /** How many at least. */
  readonly count: number;
  /** Of the lowest of them; at most 100. */
  readonly sequences: readonly number[];
}

const sequencesMax = 100;

/** What is left of ranges, or parts of one, that don't reach the chain's end. */
export class UncheckedTally {
  #count = 0;
  #sequences: number[] = [];

  /** Nothing more comes of this part. */
  add(owed: OwedData): void {
    if (!owed.isOwed) return;
    this.#count += owed.count;
    const sequences = owed.left(sequencesMax).map(({ sequence }) => sequence);
    this.#sequences = [...this.#sequences, ...sequences].sort((a, b) => a - b);
    this.#sequences.length = Math.min(this.#sequences.length, sequencesMax);
  }

  /** Tell, where there is something to tell. */
  tell(onUnchecked: ((unchecked: UncheckedData) => void) | undefined): void {
    if (this.#count > 0) onUnchecked?.({ count: this.#count, sequences: this.#sequences });
  }
}
