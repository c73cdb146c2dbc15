import { ChecksAhead } from '../work/index.ts';
import type { HistoryVerifier, PlacedBatch } from './history-verifier.ts';

/**
 * The batches of a history on their way to be verified. Where the history is long they are checked before their turn in threads
 * of their own, as long as it isn't disposed of; so what was added is verified a little later.
 */
export class HistoryQueue implements Disposable {
  readonly #history: HistoryVerifier;
  readonly #checks: ChecksAhead;
  readonly #waiting: (readonly PlacedBatch[])[] = [];

  constructor(history: HistoryVerifier, checks: ChecksAhead = new ChecksAhead()) {
    this.#history = history;
    this.#checks = checks;
  }

  /** Add the next batches, as `HistoryVerifier.add`. Their bytes must not change before they are verified. */
  async add(group: readonly PlacedBatch[]): Promise<void> {
    this.#waiting.push(this.#checks.begin(group));
    await this.#verifyDownTo(this.#checks.depth);
  }

  /** Have all verified that was added. */
  async drain(): Promise<void> {
    await this.#verifyDownTo(0);
  }

  [Symbol.dispose](): void {
    this.#checks[Symbol.dispose]();
  }

  async #verifyDownTo(count: number): Promise<void> {
    while (this.#waiting.length > count) await this.#history.add(this.#waiting.shift() ?? []);
  }
}
