/** Lets so many things be done a second, and some more at once after a pause. Pure but for what it has counted: the time is given to it. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #atOnce: number;
  #tokens: number;
  #sinceMs: number;

  constructor(options: {
    readonly perSecond: number;
    readonly atOnce: number;
    readonly nowMs: number;
  }) {
    this.#perSecond = options.perSecond;
    this.#atOnce = options.atOnce;
    this.#tokens = options.atOnce;
    this.#sinceMs = options.nowMs;
  }

  /** For how long nothing more may be done, in milliseconds; 0: it may be now. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#perSecond) * 1_000;
  }

  /** Count something that is done. */
  take(nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= 1;
  }

  /** Count something as not done that was counted. */
  giveBack(): void {
    this.#tokens = Math.min(this.#atOnce, this.#tokens + 1);
  }

  #refill(nowMs: number): void {
    // A clock that was set back gives nothing, and takes nothing.
    const passedMs = Math.max(0, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#tokens = Math.min(this.#atOnce, this.#tokens + (passedMs / 1_000) * this.#perSecond);
  }
}
