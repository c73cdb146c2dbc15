import type { StoredBatch } from '../trust/index.ts';
import { replayCheckers, type SharedCheckers } from './shared-checkers.ts';

/** So much comes before threads are started: a short history is through before they would be there. */
export const threadsFromBytes = 8 * 1024 * 1024;

/** Groups that are handed to threads before the one that is verified, so that these don't run out of work. */
const groupsAhead = 2;

/**
 * Checks the batches of one long history in threads before it is their turn. Whoever disposes of it, or rests, gives back the
 * threads.
 */
export class ChecksAhead implements Disposable {
  readonly #shared: SharedCheckers;
  #taken: ReturnType<SharedCheckers['take']>;
  #bytes = 0;
  #isOver = false;

  constructor(shared: SharedCheckers = replayCheckers) {
    this.#shared = shared;
  }

  /** How many groups of batches it pays to give it before they are verified; 0: none, while there are no threads. */
  get depth(): number {
    return this.#taken?.checkers.isReady === true ? groupsAhead : 0;
  }

  /** Begin to check the next batches of the history, if there are threads for it: they are what is to be verified then. */
  begin<Stored extends StoredBatch>(stored: readonly Stored[]): readonly Stored[] {
    for (const { run } of stored) this.#bytes += run.length;
    if (this.#bytes >= threadsFromBytes && !this.#isOver) this.#taken ??= this.#shared.take();
    const checkers = this.#taken?.checkers;
    if (checkers?.isReady !== true) return stored;
    const opened = checkers.open(stored.map(({ run }) => run));
    return stored.map((one, index) => ({ ...one, ahead: opened.then((all) => all?.[index]) }));
  }

  /** Nothing more is to come for a while. */
  rest(): void {
    this.#bytes = 0;
    this.#taken?.giveBack();
    this.#taken = undefined;
  }

  [Symbol.dispose](): void {
    // What is still being read ahead starts no threads any more.
    this.#isOver = true;
    this.rest();
  }
}
