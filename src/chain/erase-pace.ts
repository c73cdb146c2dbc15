/** Erasing takes at most about this part of the time, where there is always something to erase: each byte may cost a whole segment. */
const busyPartMax = 0.25;
const burstDefaultMs = 10_000;

/** Says how long erasing rests, by what it has taken. Milliseconds of a clock that never goes back. */
export class ErasePace {
  readonly #burstMs: number;
  /** Rest that is due, as of then. */
  #dueMs = 0;
  #asOfMs = 0;

  /** @param burstMs so much rest may be due before it is taken: who erases now and then waits for nothing. Absent: 10,000. */
  constructor(burstMs = burstDefaultMs) {
    this.#burstMs = burstMs;
  }

  /** Something was carried out, from one time to another. */
  worked(startMs: number, endMs: number): void {
    const rested = Math.max(0, this.#dueMs - (startMs - this.#asOfMs));
    this.#dueMs = rested + (endMs - startMs) * (1 / busyPartMax - 1);
    this.#asOfMs = endMs;
  }

  /** How long it is to be waited now. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#dueMs - (nowMs - this.#asOfMs) - this.#burstMs);
  }
}
