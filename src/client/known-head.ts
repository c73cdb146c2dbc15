import type { TreeHead } from '../event/index.ts';

/**
 * The newest head of a chain that this client has verified, each one as an extension of the one before. Those who
 * verify, streams and openings, tie what they see to it before they move it on.
 */
export class KnownHead {
  #newest: TreeHead | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #onAdvance: (head: TreeHead) => void;

  constructor(onAdvance: (head: TreeHead) => void) {
    this.#onAdvance = onAdvance;
  }

  get newest(): TreeHead | undefined {
    return this.#newest;
  }

  /**
   * Move on to a head that extends `from`.
   *
   * @param from the newest head as it was when the new one was verified; undefined for none. If it is another now, nothing
   * happens: the two were never compared.
   */
  advance(from: TreeHead | undefined, to: TreeHead): void {
    if (this.#newest !== from) return;
    if (from !== undefined && to.size <= from.size) return;
    this.#newest = to;
    this.#onAdvance(to);
  }

  /** Run one after the other what compares with the newest head and then moves it on. */
  exclusively<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(task, task);
    this.#turn = run.catch(() => undefined);
    return run;
  }
}

/** Whether two heads are the same; any two of no commits are. */
export function sameHead(a: TreeHead, b: TreeHead): boolean {
  return a.size === b.size && (a.size === 0 || a.root.equals(b.root));
}
