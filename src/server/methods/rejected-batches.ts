/**
 * Which batches of one append stream were rejected, so that those that were sent behind them are told that, and not that
 * they skip some. Of a batch that could not be read nobody knows the writer: it may have been anybody's that hasn't had one
 * accepted since.
 */
export class RejectedBatches {
  /** Writers of which a batch was rejected since the last one that was accepted. */
  readonly #writers = new Set<string>();
  #anyUnread = false;
  /** Writers of which a batch was accepted since the last one that was rejected unread. */
  readonly #acceptedSince = new Set<string>();

  /** A batch of this writer was rejected. */
  add(writerId: string): void {
    this.#writers.add(writerId);
  }

  /** A batch was rejected whose writer isn't known. */
  addUnread(): void {
    this.#anyUnread = true;
    this.#acceptedSince.clear();
  }

  /** A batch of this writer was accepted: none that was rejected before it is missing any more. */
  accepted(writerId: string): void {
    this.#writers.delete(writerId);
    if (this.#anyUnread) this.#acceptedSince.add(writerId);
  }

  /** Whether a gap in this writer's counters may be one of these batches. */
  explainGap(writerId: string): boolean {
    return this.#writers.has(writerId) || (this.#anyUnread && !this.#acceptedSince.has(writerId));
  }
}
