import { setImmediate } from 'node:timers/promises';

/** Others wait no longer than about this. */
const sliceMs = 3;

/** Lets long computations take turns with everything else that this thread has to do. */
export class Pace {
  #since = performance.now();

  /** Whether it is time to rest. To be asked every few thousand steps. */
  get isDue(): boolean {
    return performance.now() - this.#since > sliceMs;
  }

  /** Let others have their turn. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
