/** One who waits for room. */
interface Waiting {
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * Memory that many share: so many bytes, which are taken before and given back after. Who finds no room waits, in the
 * order of coming, so that nobody who wants much is passed by those who want little.
 */
export class ByteBudget {
  readonly bytesMax: number;
  readonly #onWaiting: () => void;
  readonly #waiting = new Set<Waiting>();
  #used = 0;

  /** @param options.onWaiting called each time that somebody has to wait. */
  constructor(options: { readonly bytesMax: number; readonly onWaiting?: () => void }) {
    this.bytesMax = options.bytesMax;
    this.#onWaiting = options.onWaiting ?? (() => {});
  }

  /** Bytes that are taken now. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that are free; none while somebody waits. */
  get free(): number {
    return this.isWaitedFor ? 0 : Math.max(0, this.bytesMax - this.#used);
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether somebody waits for room. */
  get isWaitedFor(): boolean {
    return this.#waiting.size > 0;
  }

  /** Take bytes if there is room for them and nobody waits. What is larger than all there is fits when nothing is taken. */
  tryTake(bytes: number): boolean {
    if (this.isWaitedFor || !this.#fits(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** Take bytes that are there already, whether there is room or not: it is those who come after that wait. */
  take(bytes: number): void {
    this.#used += bytes;
  }

  /**
   * Take bytes, as soon as there is room.
   *
   * @param signal ends the waiting.
   * @throws the signal's reason; nothing is taken then.
   */
  async acquire(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryTake(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.whenRoom(bytes, resolve);
    const giveUp = () => resolve();
    signal.addEventListener('abort', giveUp);
    await promise;
    signal.removeEventListener('abort', giveUp);
    if (!signal.aborted) return;
    // It may have been granted in the same turn.
    if (!stop()) this.release(bytes);
    throw signal.reason;
  }

  /**
   * Queue for bytes. `grant` is called once, when they have been taken.
   *
   * @returns what leaves the queue; it says whether it was in time.
   */
  whenRoom(bytes: number, grant: () => void): () => boolean {
    const waiting = { bytes, grant };
    this.#waiting.add(waiting);
    this.#onWaiting();
    return () => {
      const wasWaiting = this.#waiting.delete(waiting);
      // It may have been in the way of others.
      if (wasWaiting) this.#grant();
      return wasWaiting;
    };
  }

  /** Give bytes back. */
  release(bytes: number): void {
    this.#used -= bytes;
    this.#grant();
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.bytesMax || this.#used === 0;
  }

  #grant(): void {
    for (const waiting of this.#waiting) {
      if (!this.#fits(waiting.bytes)) return;
      this.#waiting.delete(waiting);
      this.#used += waiting.bytes;
      waiting.grant();
    }
  }
}
