import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { runBytesMax } from '../bytes/index.ts';
import type { CheckAnswer, CheckerMessage, CheckGroup, CheckKind } from './check-messages.ts';

/** Memory that is shared with each thread. The largest batch fits. */
export const sharedBytes = 4 * 1024 * 1024;
assert(runBytesMax <= sharedBytes);

/** Runs that a thread is given at once. */
export interface RunGroup {
  readonly what: CheckKind;
  readonly runs: readonly Buffer[];
  /** Told what the thread says of them. */
  readonly take: (answer: CheckAnswer) => void;
  /** Called instead where the thread is gone. */
  readonly giveUp: () => void;
}

/** A group that the thread has, and where its runs lie in the shared memory. */
interface Given {
  readonly group: RunGroup;
  readonly start: number;
  readonly end: number;
}

/**
 * One thread that checks, as its owner sees it. It has up to two groups at a time: while it checks one, the next one is
 * there already, so that it needn't wait for an owner who is busy.
 */
export class CheckThread {
  readonly #worker: Worker;
  readonly #memory: Buffer;
  #current: Given | undefined;
  #next: Given | undefined;
  #isReady = false;

  /**
   * Start it. The thread alone doesn't keep the process.
   *
   * @param options.onFree called when it can be given something: it is ready, or a group was answered.
   * @param options.onEnd called when it is gone, with the error that ended it if there is one; perhaps twice.
   * @throws Error where no thread can be started.
   */
  constructor(options: { onFree: () => void; onEnd: (error: unknown) => void }) {
    // Sources run as they are, and the package has what was compiled: the thread's file is of this one's kind.
    const file = new URL(`./check-worker${extname(import.meta.url)}`, import.meta.url);
    const shared = new SharedArrayBuffer(sharedBytes);
    this.#memory = Buffer.from(shared);
    this.#worker = new Worker(file, { workerData: shared, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (message: CheckerMessage) => {
      const answered = this.#current;
      if (message === 'ready') this.#isReady = true;
      else {
        this.#current = this.#next;
        this.#next = undefined;
      }
      // Before its owner goes on with the answer, so that it isn't idle meanwhile.
      options.onFree();
      if (message !== 'ready') answered?.group.take(message);
    });
    this.#worker.on('error', options.onEnd);
    this.#worker.on('exit', () => options.onEnd(undefined));
  }

  /** Whether it checks already, and isn't still being loaded. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** How many groups it has. */
  get groups(): number {
    return (this.#current === undefined ? 0 : 1) + (this.#next === undefined ? 0 : 1);
  }

  /** Bytes of runs that it can be given now, in one group. */
  get room(): number {
    const { start, end } = this.#free();
    return end - start;
  }

  /** Have runs checked: not more bytes than there is room for. They must not change before they are answered. */
  give(group: RunGroup): void {
    const { start } = this.#free();
    let end = start;
    // Unlike `set`, `copy` takes shared memory for what it is to the processor: it is ten times as fast.
    for (const run of group.runs) end += run.copy(this.#memory, end);
    const given = { group, start, end };
    if (this.#current === undefined) this.#current = given;
    else this.#next = given;
    const runBytes = group.runs.map(({ length }) => length);
    this.#worker.postMessage({ what: group.what, start, runBytes } satisfies CheckGroup);
  }

  /** Tell the owners of what it has that it is gone. */
  giveUp(): void {
    for (const given of [this.#current, this.#next]) given?.group.giveUp();
  }

  /** End it. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  /** The memory for another group: beside one that is being checked, the larger part of what that leaves. */
  #free(): { readonly start: number; readonly end: number } {
    if (this.#next !== undefined) return { start: 0, end: 0 };
    const { start, end } = this.#current ?? { start: 0, end: 0 };
    return sharedBytes - end >= start ? { start: end, end: sharedBytes } : { start: 0, end: start };
  }
}
