import { availableParallelism } from 'node:os';
import type { Batch } from '../event/index.ts';
import { checkHashes } from '../trust/index.ts';
import type { CheckKind } from './check-messages.ts';
import { CheckThread, type RunGroup, sharedBytes } from './check-thread.ts';
import { batchesFrom } from './parts.ts';
import { refusal } from './verdict.ts';

/** Smaller batches are checked by the caller's own thread: handing them over costs as much. */
export const handedOverBytesMin = 32 * 1024;

/** From so many cores on a server has one to spare beside the main thread, the thread pool and the kernel. */
const coresMin = 4;
const threadsMax = 4;

/**
 * Threads that pay for a server on this machine. On two cores that client and server share there are none: the work is the
 * same, on cores that are busy, and handing it over comes on top. See docs/performance.md.
 */
export function checkThreadsDefault(cores: number = availableParallelism()): number {
  return cores < coresMin ? 0 : Math.min(cores - 2, threadsMax);
}

/** What waits for a thread. */
interface Waiting extends RunGroup {
  /** Of all its runs together. */
  readonly bytes: number;
}

/**
 * Checks batches in threads of their own: a group at a time, through shared memory. Where threads can't be started, or have
 * ended, the caller's thread does all of it.
 */
export class HashCheckers {
  readonly #threads = new Set<CheckThread>();
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

  /** Whether there is a thread that checks already. */
  get isReady(): boolean {
    for (const { isReady } of this.#threads) if (isReady) return true;
    return false;
  }

  /**
   * As `checkHashes`, for a batch of which all else was checked: at once, or in a thread, and then the batch's bytes must not
   * change meanwhile.
   */
  check(batch: Batch): Promise<void> | undefined {
    const { bytes } = batch;
    if (this.#threads.size === 0 || bytes.length < handedOverBytesMin) {
      checkHashes(batch);
      return undefined;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wait('hashes', [bytes], {
      take: ({ verdicts: [verdict] }) => {
        if (verdict === 'good') resolve();
        else reject(refusal(verdict));
      },
      giveUp: () => {
        try {
          checkHashes(batch);
          resolve();
        } catch (error) {
          reject(error);
        }
      },
    });
    return promise;
  }

  /**
   * Take runs apart as `parseBatch` does, and check them as `checkBatch` does. Their bytes must not change meanwhile.
   *
   * @returns the batches; none at all where one of them isn't good, or no thread is left to say so: then the caller has to see.
   */
  async open(runs: readonly Buffer[]): Promise<readonly Batch[] | undefined> {
    if (this.#threads.size === 0) return undefined;
    const parts = inParts(runs, sharedBytes / 2).map((part) => this.#openPart(part));
    const opened = await Promise.all(parts);
    const batches = opened.flatMap((part) => part ?? []);
    return batches.length === runs.length ? batches : undefined;
  }

  /** End the threads. What is under way is finished by the caller's thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  #openPart(runs: readonly Buffer[]): Promise<readonly Batch[] | undefined> {
    return new Promise((resolve) => {
      this.#wait('all', runs, {
        take: ({ verdicts, parts }) => {
          const areGood = parts !== undefined && verdicts.every((verdict) => verdict === 'good');
          resolve(areGood ? batchesFrom(parts, runs) : undefined);
        },
        giveUp: () => resolve(undefined),
      });
    });
  }

  #wait(what: CheckKind, runs: readonly Buffer[], told: Pick<RunGroup, 'take' | 'giveUp'>): void {
    this.#queue.push({ what, runs, bytes: bytesOf(runs), ...told });
    this.#handOver();
  }

  #start(): void {
    try {
      const thread: CheckThread = new CheckThread({
        onFree: () => this.#handOver(),
        onEnd: (error) => this.#ended(thread, error),
      });
      this.#threads.add(thread);
    } catch (error) {
      this.#onNotice(`batches are checked without a thread of their own: ${String(error)}`);
    }
  }

  /** Give what waits to threads: to those that have nothing to do before those that have nothing to do next. */
  #handOver(): void {
    for (const groups of [0, 1]) {
      for (const thread of this.#threads) if (thread.groups === groups) this.#give(thread);
    }
  }

  #give(thread: CheckThread): void {
    const { room } = thread;
    const [first] = this.#queue;
    if (first === undefined || first.bytes > room) return;
    // Single batches go together, which costs less a batch; those that belong together are enough by themselves.
    let bytes = first.bytes;
    let count = 1;
    for (let next = this.#queue[1]; next?.what === 'hashes'; next = this.#queue[count]) {
      bytes += next.bytes;
      if (first.what !== 'hashes' || bytes > room) break;
      count += 1;
    }
    const group = this.#queue.splice(0, count);
    const runs = group.flatMap((one) => one.runs);
    this.#handedOver += runs.length;
    if (count === 1) thread.give(first);
    else thread.give(together(group, runs));
  }

  /** A thread is gone: what it had, and if it was the last one all that waits, is given up. */
  #ended(thread: CheckThread, error: unknown): void {
    if (!this.#threads.delete(thread)) return;
    if (!this.#isClosed) {
      this.#onNotice(`a thread that checks batches has ended: ${String(error ?? 'it stopped')}`);
    }
    thread.giveUp();
    const left = this.#threads.size === 0 ? this.#queue.splice(0) : [];
    for (const { giveUp } of left) giveUp();
  }
}

/** One group of several single batches. */
function together(group: readonly Waiting[], runs: readonly Buffer[]): RunGroup {
  return {
    what: 'hashes',
    runs,
    take: ({ verdicts }) =>
      group.forEach(({ take }, index) => {
        take({ verdicts: verdicts.slice(index, index + 1) });
      }),
    giveUp: () => {
      for (const { giveUp } of group) giveUp();
    },
  };
}

/** Runs in order, some together, of so many bytes at most unless one alone has more. */
function inParts(runs: readonly Buffer[], bytesMax: number): Buffer[][] {
  const parts: Buffer[][] = [];
  let bytes = 0;
  for (const run of runs) {
    bytes += run.length;
    const last = parts.at(-1);
    if (last !== undefined && bytes <= bytesMax) last.push(run);
    else {
      parts.push([run]);
      bytes = run.length;
    }
  }
  return parts;
}

function bytesOf(runs: readonly Buffer[]): number {
  return runs.reduce((sum, { length }) => sum + length, 0);
}
