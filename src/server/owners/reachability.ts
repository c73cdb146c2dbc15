/** For how long nobody but one waits for an auth service that didn't answer, in milliseconds. */
const downMs = 10_000;

/**
 * Whether an auth service answers, as far as was seen: after it didn't, one at a time finds out whether it does again, and all others go on
 * without. So a service that is gone costs those who open many chains next to nothing.
 */
export class Reachability {
  readonly #nowMs: () => number;
  readonly #onChange: (isUp: boolean, why: string) => void;
  #downSinceMs: number | undefined;
  #isProbing = false;

  /** @param nowMs a clock that never goes back. */
  constructor(nowMs: () => number, onChange: (isUp: boolean, why: string) => void) {
    this.#nowMs = nowMs;
    this.#onChange = onChange;
  }

  /** Whether it makes sense to wait for an answer. */
  get isUp(): boolean {
    return this.#downSinceMs === undefined;
  }

  /** Whether to ask now: it answers, or is to be tried again. Who is told so has to tell how it ended. */
  mayAsk(): boolean {
    if (this.#downSinceMs === undefined) return true;
    if (this.#isProbing || this.#nowMs() - this.#downSinceMs < downMs) return false;
    this.#isProbing = true;
    return true;
  }

  answered(): void {
    this.#isProbing = false;
    if (this.#downSinceMs === undefined) return;
    this.#downSinceMs = undefined;
    this.#onChange(true, '');
  }

  failed(why: string): void {
    this.#isProbing = false;
    const wasUp = this.#downSinceMs === undefined;
    this.#downSinceMs = this.#nowMs();
    if (wasUp) this.#onChange(false, why);
  }
}
