import { AtedbError } from '../bytes/index.ts';

/** A call as the drain sees it. */
export interface DrainableCall {
  /** Is called once, when the server begins to drain. */
  onDrain(): void;
  /** Since when its peer has not taken what it was sent, by `performance.now()`; undefined: nothing is on its way. */
  readonly untakenSinceMs: number | undefined;
  /** End it at once, with what is on its way. */
  cut(reason: unknown): void;
}

/** The calls that are being served, and whether new ones are. */
export class LiveCalls {
  readonly #calls = new Set<DrainableCall>();
  #draining = false;
  #onIdle: (() => void)[] = [];

  /** How many calls are being served now. */
  get count(): number {
    return this.#calls.size;
  }

  /**
   * Take a call in.
   * @throws AtedbError SERVER_DRAINING once the drain has begun.
   */
  enter(call: DrainableCall): void {
    if (this.#draining) throw drainingError();
    this.#calls.add(call);
  }

  /** A call is over: its handler has ended, and the transport has its last byte or has lost the peer. */
  leave(call: DrainableCall): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Refuse new calls from now on, and tell all that are here. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const call of [...this.#calls]) call.onDrain();
  }

  /** End the calls whose peers have taken nothing for so long. Returns how many those were. */
  cutUntaken(olderThanMs: number, reason: () => AtedbError): number {
    const limitMs = performance.now() - olderThanMs;
    const stalled = [...this.#calls].filter(
      ({ untakenSinceMs: since }) => (since ?? Infinity) <= limitMs,
    );
    for (const call of stalled) call.cut(reason());
    return stalled.length;
  }

  /** Resolves with whether all calls are over, by the time limit at the latest. */
  async idle(limitMs: number): Promise<boolean> {
    if (this.#calls.size === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#onIdle.push(() => resolve(true));
    // A process that was held up for so long first hears what has arrived meanwhile: the limit is the calls', not its own.
    const timer = setTimeout(() => setImmediate(resolve, false), limitMs);
    const idle = await promise;
    clearTimeout(timer);
    return idle;
  }
}

/** What callers are told by a server that shuts down. */
export function drainingError(): AtedbError {
  return new AtedbError(
    'SERVER_DRAINING',
    'the server is shutting down; connect again, and retry what has no answer',
  );
}
