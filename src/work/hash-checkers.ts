import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AtedbError, runBytesMax } from '../bytes/index.ts';
import type { Batch } from '../event/index.ts';
import { checkHashes } from '../trust/index.ts';
import type { CheckGroup, CheckVerdict } from './check-messages.ts';

/** Smaller batches are checked by the caller's own thread: handing them over costs as much. */
export const handedOverBytesMin = 32 * 1024;

/** Memory that is shared with each thread. A group is what fits in it, the largest batch at least. */
const sharedBytes = 4 * 1024 * 1024;
assert(runBytesMax <= sharedBytes);

/** From so many cores on there is one to spare beside the main thread, the thread pool and the kernel. */
const coresMin = 4;
const threadsMax = 4;

/**
 * Threads that pay on this machine. On two cores that client and server share there are none: the work is the same, on
 * cores that are busy, and handing it over comes on top. See docs/performance.md.
 */
export function checkThreadsDefault(cores: number = availableParallelism()): number {
  return cores < coresMin ? 0 : Math.min(cores - 2, threadsMax);
}

interface Waiting {
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly memory: Buffer;
  /** What it is checking; empty: it is idle. */
  group: readonly Waiting[];
}

/**
 * Checks the hashes of batches, large ones in threads of their own: a group at a time, through shared memory. Where threads
 * can't be started, or have ended, the caller's thread does all of it.
 */
export class HashCheckers {
  readonly #threads = new Set<Thread>();
  readonly #queue: Waiting[] = [];
  readonly #onNotice: (notice: string) => void;
  #handedOver = 0;
  #isClosed = false;

  /** @param options.threads 0: none, see `checkThreadsDefault`. */
  constructor(options: { threads: number; onNotice: (notice: string) => void }) {
    this.#onNotice = options.onNotice;
    for (let count = 0; count < options.threads; count += 1) this.#start();
  }

  /** How many batches were handed to threads so far. */
  get handedOver(): number {
    return this.#handedOver;
  }

  /** How many threads there are. */
  get threads(): number {
    return this.#threads.size;
  }

  /** As `checkHashes`. The batch's bytes must not change meanwhile. */
  check(batch: Batch): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { batch, resolve, reject };
    if (this.#threads.size === 0 || batch.bytes.length < handedOverBytesMin) checkHere(waiting);
    else {
      this.#queue.push(waiting);
      this.#handOver();
    }
    return promise;
  }

  /** End the threads. What is under way is finished by the caller's thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ended = [...this.#threads].map((thread) => thread.worker.terminate());
    await Promise.all(ended);
  }

  #start(): void {
    try {
      // Sources run as they are, and the package has what was compiled: the thread's file is of this one's kind.
      const file = new URL(`./check-worker${extname(import.meta.url)}`, import.meta.url);
      const shared = new SharedArrayBuffer(sharedBytes);
      const worker = new Worker(file, { workerData: shared, execArgv: [] });
      const thread: Thread = { worker, memory: Buffer.from(shared), group: [] };
      // A thread alone doesn't keep the process.
      worker.unref();
      worker.on('message', (verdicts: readonly CheckVerdict[]) => this.#take(thread, verdicts));
      worker.on('error', (error) => this.#ended(thread, error));
      worker.on('exit', () => this.#ended(thread, undefined));
      this.#threads.add(thread);
    } catch (error) {
      this.#onNotice(`batches are checked without a thread of their own: ${String(error)}`);
    }
  }

  /** Give what waits to threads that have nothing to do. */
  #handOver(): void {
    for (const thread of this.#threads) {
      if (this.#queue.length === 0) return;
      if (thread.group.length > 0) continue;
      const runBytes: number[] = [];
      const group: Waiting[] = [];
      let end = 0;
      for (
        let next = this.#queue[0];
        next !== undefined && end + next.batch.bytes.length <= sharedBytes;
        next = this.#queue[0]
      ) {
        const { bytes } = next.batch;
        thread.memory.set(bytes, end);
        end += bytes.length;
        runBytes.push(bytes.length);
        group.push(next);
        this.#queue.shift();
      }
      thread.group = group;
      this.#handedOver += group.length;
      thread.worker.postMessage({ runBytes } satisfies CheckGroup);
    }
  }

  #take(thread: Thread, verdicts: readonly CheckVerdict[]): void {
    const { group } = thread;
    thread.group = [];
    this.#handOver();
    group.forEach(({ resolve, reject }, index) => {
      const verdict = verdicts[index];
      if (verdict === 'good') resolve();
      else reject(refusal(verdict));
    });
  }

  /** A thread is gone: what it had, and if it was the last one all that waits, is checked here. */
  #ended(thread: Thread, error: unknown): void {
    if (!this.#threads.delete(thread)) return;
    if (!this.#isClosed) {
      this.#onNotice(`a thread that checks batches has ended: ${String(error ?? 'it stopped')}`);
    }
    const left = this.#threads.size === 0 ? this.#queue.splice(0) : [];
    for (const waiting of [...thread.group, ...left]) checkHere(waiting);
  }
}

function checkHere({ batch, resolve, reject }: Waiting): void {
  try {
    checkHashes(batch);
    resolve();
  } catch (error) {
    reject(error);
  }
}

function refusal(verdict: Exclude<CheckVerdict, 'good'> | undefined): Error {
  if (verdict === undefined) return new Error('a thread that checks batches left one out');
  const { reason, message, metadata } = verdict;
  return new AtedbError(reason, message, { metadata });
}
