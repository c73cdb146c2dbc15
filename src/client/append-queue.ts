/** What an append brings to a batch. */
export interface QueuedAppend {
  /** Number of events. */
  readonly events: number;
  /** Of the events, as they are sent. */
  readonly bytes: number;
  /** Whether it has its batch for itself. */
  readonly isAlone: boolean;
}

/** How much goes into one batch; an append that is larger by itself is a batch of its own. */
export interface BatchLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/**
 * Appends that wait to be put into batches, in order. None is split, small ones share a batch, and one with
 * conditions or signers of its own has its batch for itself, since those are the whole batch's.
 */
export class AppendQueue<Append extends QueuedAppend> {
  readonly #limits: BatchLimits;
  #appends: Append[] = [];
  /** Those before this index were taken; they are dropped a thousand at a time. */
  #first = 0;
  #events = 0;
  #bytes = 0;
  /** Number of those that have their batch for themselves. */
  #alone = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Number of appends that wait. */
  get length(): number {
    return this.#appends.length - this.#first;
  }

  /** Bytes of all that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the next batch is complete: nothing that comes later could go into it. */
  get hasCompleteBatch(): boolean {
    const { eventsMax, bytesMax } = this.#limits;
    return this.#alone > 0 || this.#events >= eventsMax || this.#bytes >= bytesMax;
  }

  push(append: Append): void {
    this.#appends.push(append);
    this.#count(append, 1);
  }

  /** Take an append out, if it still waits. */
  remove(append: Append): boolean {
    const index = this.#appends.indexOf(append, this.#first);
    if (index === -1) return false;
    this.#appends.splice(index, 1);
    this.#count(append, -1);
    return true;
  }

  /** Take the appends of the next batch; none when nothing waits. */
  takeBatch(): Append[] {
    const batch: Append[] = [];
    let events = 0;
    let bytes = 0;
    for (let index = this.#first; index < this.#appends.length; index += 1) {
      const append = this.#appends[index];
      if (append === undefined) break;
      events += append.events;
      bytes += append.bytes;
      const fits = events <= this.#limits.eventsMax && bytes <= this.#limits.bytesMax;
      const { isAlone } = append;
      if (batch.length > 0 && (!fits || isAlone)) break;
      batch.push(append);
      this.#count(append, -1);
      if (isAlone) break;
    }
    this.#first += batch.length;
    this.#dropTaken();
    return batch;
  }

  /** Take all that waits. */
  takeAll(): Append[] {
    const all = this.#appends.slice(this.#first);
    for (const append of all) this.#count(append, -1);
    this.#appends = [];
    this.#first = 0;
    return all;
  }

  #count(append: Append, sign: 1 | -1): void {
    this.#events += sign * append.events;
    this.#bytes += sign * append.bytes;
    if (append.isAlone) this.#alone += sign;
  }

  #dropTaken(): void {
    if (this.#first < 1_000 && this.#first < this.#appends.length) return;
    this.#appends = this.#appends.slice(this.#first);
    this.#first = 0;
  }
}
