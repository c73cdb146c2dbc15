import type { PlacedRedaction } from './erasing.ts';

/** Carried out at once, with so many sequences that they name: what is in one segment together costs one rewriting. */
const atOnceMax = { redactions: 1_024, sequences: 65_536 } as const;

/** In memory: whoever may write to a chain can append more of them than can be carried out meanwhile. */
const keptMax = { redactions: 4_096, sequences: 2 ** 18 } as const;

/**
 * Redactions that are to be carried out. Some are in memory; of the others only the sequence from which on they are to be found in
 * the log is.
 */
export class PendingRedactions {
  /** By sequence. */
  readonly #kept = new Map<number, PlacedRedaction>();
  /** Sequences that those name. */
  #named = 0;
  #othersFrom: number | undefined;

  get isEmpty(): boolean {
    return this.#kept.size === 0 && this.#othersFrom === undefined;
  }

  /** @returns whether it is in memory now; else it is among those that are to be found. */
  add(one: PlacedRedaction): boolean {
    if (this.#kept.has(one.sequence)) return true;
    const isFull = this.#kept.size >= keptMax.redactions || this.#named >= keptMax.sequences;
    if (isFull) {
      this.addFrom(one.sequence);
      return false;
    }
    this.#kept.set(one.sequence, one);
    this.#named += namedBy(one);
    return true;
  }

  /** There may be some from a sequence on. */
  addFrom(sequence: number): void {
    this.#othersFrom = Math.min(this.#othersFrom ?? sequence, sequence);
  }

  /** As many as are carried out at once; none where others are to be found first, or all is done. */
  first(): readonly PlacedRedaction[] {
    const some: PlacedRedaction[] = [];
    let named = 0;
    for (const one of this.#kept.values()) {
      named += namedBy(one);
      const isMany = some.length === atOnceMax.redactions || named > atOnceMax.sequences;
      if (some.length > 0 && isMany) break;
      some.push(one);
    }
    return some;
  }

  /** From where on others are to be found, which the caller does now; undefined for none. */
  takeFrom(): number | undefined {
    const from = this.#othersFrom;
    this.#othersFrom = undefined;
    return from;
  }

  /** They are carried out. */
  done(some: readonly PlacedRedaction[]): void {
    for (const one of some) {
      if (this.#kept.delete(one.sequence)) this.#named -= namedBy(one);
    }
  }
}

function namedBy({ redaction }: PlacedRedaction): number {
  return redaction.sequences?.length ?? 0;
}
