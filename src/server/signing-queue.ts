/** Who waits for a signature: somebody who asked for it, or readers who are told by the way. */
export type Urgency = 'asked' | 'told';

/** How much signing there may be. */
export interface SigningLimits {
  /** Signed at once. Each takes a thread of the pool for about a millisecond. */
  readonly atOnceMax: number;
  /** Signed within a second for those who are told by the way. */
  readonly toldPerSecondMax: number;
}

/**
 * Signing takes turns: first come, first served; those who asked come before those who are told by the way, and those
 * take no more than a small share of the machine, however many chains grow at once.
 */
export class SigningQueue {
  readonly #limits: SigningLimits;
  readonly #waiting: Readonly<Record<Urgency, (() => void)[]>> = { asked: [], told: [] };
  #running = 0;
  /** When the next one may be signed for those who are told, by a clock that never goes back. */
  #nextToldMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: SigningLimits) {
    this.#limits = limits;
  }

  /** Sign in turn. @throws what `sign` throws. */
  async run<T>(urgency: Urgency, sign: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting[urgency].push(resolve);
      this.#next();
    });
    try {
      return await sign();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  #next(): void {
    while (this.#running < this.#limits.atOnceMax) {
      const start = this.#waiting.asked.shift() ?? this.#takeTold();
      if (start === undefined) return;
      this.#running += 1;
      start();
    }
  }

  #takeTold(): (() => void) | undefined {
    if (this.#waiting.told.length === 0) return undefined;
    const now = performance.now();
    const waitMs = this.#nextToldMs - now;
    if (waitMs > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, waitMs);
      return undefined;
    }
    // Counted from its own time on, not from when it should have been: what was missed is not caught up with.
    this.#nextToldMs = now + 1_000 / this.#limits.toldPerSecondMax;
    return this.#waiting.told.shift();
  }
}
