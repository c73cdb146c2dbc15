import { availableParallelism } from 'node:os';
import { HashCheckers } from './hash-checkers.ts';

/** More don't help: the thread that replays has as much to do with a batch as one that checks its hashes. */
const threadsMax = 2;

/** Threads that pay for a replay on this machine: the thread that replays has a core, and each of these one of the others. */
export function replayThreadsDefault(cores: number = availableParallelism()): number {
  return Math.min(cores - 1, threadsMax);
}

/**
 * Threads that all replays of a process share: they are there while anyone has use for them, and end with the last one.
 * Where they can't be started nobody is told: all works as it does on one core.
 */
export class SharedCheckers {
  readonly #threads: number;
  #checkers: HashCheckers | undefined;
  #users = 0;
  #handedOver = 0;

  /** @param options.threads 0: none, see `replayThreadsDefault`. */
  constructor(options: { threads: number }) {
    this.#threads = options.threads;
  }

  /** How many threads there are now. */
  get running(): number {
    return this.#checkers?.threads ?? 0;
  }

  /** Whether one of them checks already. */
  get isReady(): boolean {
    return this.#checkers?.isReady ?? false;
  }

  /** How many batches were handed to threads so far. */
  get handedOver(): number {
    return this.#handedOver + (this.#checkers?.handedOver ?? 0);
  }

  /** Have the threads until they are given back, which is to be done once; undefined where there are to be none. */
  take(): { readonly checkers: HashCheckers; readonly giveBack: () => void } | undefined {
    if (this.#threads <= 0) return undefined;
    this.#checkers ??= new HashCheckers({ threads: this.#threads, onNotice: () => undefined });
    this.#users += 1;
    return { checkers: this.#checkers, giveBack: () => this.#giveBack() };
  }

  #giveBack(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    const ended = this.#checkers;
    this.#handedOver = this.handedOver;
    this.#checkers = undefined;
    void ended?.close();
  }
}

/** Those of this process. */
export const replayCheckers = new SharedCheckers({ threads: replayThreadsDefault() });
