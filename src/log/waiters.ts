import type { AtedbError } from '../bytes/index.ts';

interface Waiter {
  readonly commit: number;
  readonly settle: (error?: unknown) => void;
}

/** Those who wait for a chain to grow. Each is removed when it is served, aborted or failed; nothing is left behind. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Resolves when `notify` is called with more than `commit`; rejects with the signal's reason or what `fail` gives. */
  wait(commit: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', abort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const abort = (): void => settle(signal.reason);
      const waiter: Waiter = { commit, settle };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** The chain has this many commits now. */
  notify(size: number): void {
    for (const waiter of this.#waiting) if (size > waiter.commit) waiter.settle();
  }

  /** The chain will not grow any more. */
  fail(error: AtedbError): void {
    for (const waiter of this.#waiting) waiter.settle(error);
  }
}
