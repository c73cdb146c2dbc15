/**
 * Takes turns in the thread pool: only so many jobs are handed to it at once, the rest waits here, in order. The pool
 * itself is one queue for all, in which a write that somebody waits for would stand behind hundreds of signatures.
 */
export class PoolTurns {
  readonly #turnsMax: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(turnsMax: number) {
    this.#turnsMax = turnsMax;
  }

  /** Start a job when it is its turn. It calls `done` once, when it has left the pool. */
  start(job: (done: () => void) => void): void {
    if (this.#taken === this.#turnsMax) {
      this.#waiting.push(() => job(this.#done));
      return;
    }
    this.#taken += 1;
    job(this.#done);
  }

  readonly #done = (): void => {
    const next = this.#waiting.shift();
    if (next !== undefined) next();
    else this.#taken -= 1;
  };
}
