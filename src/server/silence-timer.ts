/** Tells when nothing was heard of a peer for some time. */
export class SilenceTimer {
  readonly #limitMs: number;
  readonly #onSilent: () => void;
  readonly #now: () => number;
  #heardMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param limitMs how long a peer may say nothing.
   * @param onSilent is called once, unless the timer is stopped before.
   * @param now a monotonic clock, in milliseconds.
   */
  constructor(limitMs: number, onSilent: () => void, now = () => performance.now()) {
    this.#limitMs = limitMs;
    this.#onSilent = onSilent;
    this.#now = now;
    this.#heardMs = now();
    this.#checkIn(limitMs);
  }

  /** Something has come. */
  heard(): void {
    this.#heardMs = this.#now();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #checkIn(delayMs: number): void {
    // What has come and waits to be read is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#check()), delayMs);
  }

  #check(): void {
    if (this.#stopped) return;
    const leftMs = this.#limitMs - (this.#now() - this.#heardMs);
    // Also where nothing came: a timer counts from when its turn of the event loop began, so it may be early.
    if (leftMs > 0) this.#checkIn(Math.ceil(leftMs));
    else this.#onSilent();
  }
}
