const firstMs = 50;
const mostMs = 5_000;

/** How long to wait before the next try: doubling, so that a server that comes back is not stormed. */
export class Backoff {
  #nextMs = firstMs;

  /** Milliseconds to wait now: half to all of what is due, at random, so that clients spread. */
  next(random: () => number = Math.random): number {
    const dueMs = this.#nextMs;
    this.#nextMs = Math.min(mostMs, dueMs * 2);
    return Math.round(dueMs * (0.5 + random() / 2));
  }

  /** Something worked: start again from the shortest. */
  reset(): void {
    this.#nextMs = firstMs;
  }
}
