interface LastEvent {
  readonly writer: string;
  readonly endSequence: number;
}

/** What was known at some time. */
export interface LatestMark {
  readonly newest: LastEvent;
  readonly newestOther: LastEvent;
}

/**
 * Who wrote last, as far as the condition "nobody else has changed the chain" needs it: the newest event of
 * anyone, and the newest of anyone else than that. Constant in size, whatever the number of writers.
 */
export class LatestWriters {
  #newest: LastEvent = { writer: '', endSequence: 0 };
  #newestOther: LastEvent = { writer: '', endSequence: 0 };

  /** What is known now, to go back to. */
  mark(): LatestMark {
    return { newest: this.#newest, newestOther: this.#newestOther };
  }

  /** Go back to what was known then. */
  restore({ newest, newestOther }: LatestMark): void {
    this.#newest = newest;
    this.#newestOther = newestOther;
  }

  /** Take note that a writer's events now end before a sequence. Sequences rise from call to call. */
  wrote(writer: string, endSequence: number): void {
    if (writer !== this.#newest.writer) this.#newestOther = this.#newest;
    this.#newest = { writer, endSequence };
  }

  /** The sequence after the newest event of anyone but this writer; 0 where there is none. */
  endOfOthers(writer: string): number {
    return writer === this.#newest.writer
      ? this.#newestOther.endSequence
      : this.#newest.endSequence;
  }
}
