import { AtedbError } from '../bytes/index.ts';

/** Who is asked for much may take longer than for little: for each so many bytes that came, a second more in all. */
const bytesForSecond = 64 * 1024;

/**
 * How long is waited for somebody who is asked for something: for so long at once, and in all for the same and longer the more has come. So who
 * says nothing any more, or a little now and then, ends it; and what is done meanwhile with what has come counts for nothing.
 */
export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #silenceMs: number;
  readonly #who: string;
  #bytes = 0;
  #waitedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.who in words. */
  constructor(options: { readonly silenceMs: number; readonly who: string }) {
    this.#silenceMs = options.silenceMs;
    this.#who = options.who;
  }

  /** Fires when it was waited for too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something has come. */
  earn(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Wait for something. It must end when the signal fires. @throws AtedbError DEADLINE_EXCEEDED. */
  async wait<T>(what: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const allowedMs = this.#silenceMs + (this.#bytes / bytesForSecond) * 1_000;
    const leftMs = Math.min(this.#silenceMs, Math.max(0, allowedMs - this.#waitedMs));
    this.#timer = setTimeout(() => this.#controller.abort(this.#error(leftMs)), leftMs);
    try {
      return await what;
    } finally {
      clearTimeout(this.#timer);
      this.#waitedMs += performance.now() - startMs;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #error(lastMs: number): AtedbError {
    const ms = Math.ceil(this.#waitedMs + lastMs);
    return new AtedbError(
      'DEADLINE_EXCEEDED',
      `${this.#who} has sent ${this.#bytes} bytes in ${Math.ceil(ms / 1_000)} s that it was waited for, and nothing more in the last ${Math.ceil(lastMs / 1_000)} s; nothing was changed. Ask again, or somebody else, or give it longer with --timeout`,
      { metadata: { timeout_ms: String(ms), bytes: String(this.#bytes) } },
    );
  }
}
