/** Whoever appends for a writer: an open stream. */
export interface WriterHolder {
  /** Called when a newer stream has taken a writer over. The holder ends. */
  takenOver(writerId: string): void;
}

/**
 * Which stream each writer id belongs to: one at a time. The newest wins, since after a cut connection the old
 * stream may look alive for long; the chain of seals keeps either from doing harm.
 */
export class WriterClaims {
  readonly #holders = new Map<string, WriterHolder>();

  /** A stream appends for a writer: it holds it from now on. */
  claim(writerId: string, holder: WriterHolder): void {
    const before = this.#holders.get(writerId);
    if (before === holder) return;
    this.#holders.set(writerId, holder);
    before?.takenOver(writerId);
  }

  /** A stream has ended: what it held is free. */
  release(holder: WriterHolder): void {
    for (const [writerId, other] of this.#holders) {
      if (other === holder) this.#holders.delete(writerId);
    }
  }
}
