import { execFileSync } from 'node:child_process';
import { openSync, read } from 'node:fs';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What the worker is given. */
export interface SleeperData {
  readonly descriptors: readonly number[];
  /** Rises with every sleep that begins. */
  readonly bell: Int32Array<SharedArrayBuffer>;
  /** When each sleeper wakes, in nanoseconds of the monotonic clock; 0: it isn't asleep. */
  readonly wakeNs: BigInt64Array<SharedArrayBuffer>;
}

/**
 * Sleeps in the thread pool: a thread of it waits at the end of a pipe, until a worker thread, which has the time exactly,
 * puts a byte in. A timer would hold no thread of the pool, and be up to a millisecond late.
 */
export class PoolSleeper {
  readonly #descriptors: number[];
  readonly #free: number[];
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  readonly #wakeNs: BigInt64Array<SharedArrayBuffer>;
  readonly #byte = Buffer.alloc(1);

  /** @param sleepers that sleep at once, at most. */
  constructor(sleepers: number, folder: string) {
    const paths = Array.from({ length: sleepers }, (_, index) => join(folder, `sleeper-${index}`));
    execFileSync('mkfifo', paths);
    // Opened for both, an open waits for nobody.
    this.#descriptors = paths.map((path) => openSync(path, 'r+'));
    this.#free = paths.map((_, index) => index);
    this.#wakeNs = new BigInt64Array(new SharedArrayBuffer(8 * sleepers));
    const workerData: SleeperData = {
      descriptors: this.#descriptors,
      bell: this.#bell,
      wakeNs: this.#wakeNs,
    };
    const file = new URL(`./pool-sleeper-worker${extname(import.meta.url)}`, import.meta.url);
    new Worker(file, { workerData }).unref();
  }

  sleep(durationMs: number): Promise<void> {
    const index = this.#free.pop();
    if (index === undefined) throw new Error('more sleep at once than may');
    const wakeNs = process.hrtime.bigint() + BigInt(Math.round(durationMs * 1e6));
    return new Promise((resolve, reject) => {
      read(this.#descriptors[index] as number, this.#byte, 0, 1, null, (error) => {
        this.#free.push(index);
        if (error) reject(error);
        else resolve();
      });
      Atomics.store(this.#wakeNs, index, wakeNs);
      Atomics.add(this.#bell, 0, 1);
      Atomics.notify(this.#bell, 0);
    });
  }
}
