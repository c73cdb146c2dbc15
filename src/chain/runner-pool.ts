import type { CompactionRunner } from './compaction-job.ts';

type PooledRunner = CompactionRunner & { close?(): Promise<void> };

/** So many runners at most, made when they are needed; whoever finds all in use waits for his turn. */
export class RunnerPool {
  readonly #make: () => PooledRunner;
  readonly #max: number;
  readonly #all: PooledRunner[] = [];
  readonly #idle: PooledRunner[] = [];
  readonly #waiting: ((runner: PooledRunner) => void)[] = [];

  constructor(make: () => PooledRunner, max: number) {
    this.#make = make;
    this.#max = max;
  }

  /** Use a runner alone. Rejects with the signal's reason where that fires before there is one. */
  async use<T>(signal: AbortSignal, task: (runner: CompactionRunner) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const runner = await this.#take(signal);
    try {
      return await task(runner);
    } finally {
      this.#giveBack(runner);
    }
  }

  /** Close all, when nobody uses them. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((runner) => runner.close?.()));
  }

  async #take(signal: AbortSignal): Promise<PooledRunner> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.length < this.#max) {
      const made = this.#make();
      this.#all.push(made);
      return made;
    }
    const { promise, resolve, reject } = Promise.withResolvers<PooledRunner>();
    const end = () => {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      reject(signal.reason);
    };
    this.#waiting.push(resolve);
    signal.addEventListener('abort', end, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  #giveBack(runner: PooledRunner): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(runner);
    else next(runner);
  }
}
