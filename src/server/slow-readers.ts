import type { Logger } from 'pino';
import { AtedbError } from '../bytes/index.ts';
import type { LiveCalls } from './live-calls.ts';

/** How often readers are looked at while somebody waits for what they hold, in parts of the time that they have. */
const looksInTime = 4;

/**
 * Cuts off readers that take nothing, while others wait for the memory that they hold. As long as nobody does, they may
 * take their time.
 */
export class SlowReaders {
  readonly #calls: LiveCalls;
  readonly #stallMs: number;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.stallMs for which a reader may take nothing. */
  constructor(options: { calls: LiveCalls; stallMs: number; logger: Logger }) {
    this.#calls = options.calls;
    this.#stallMs = options.stallMs;
    this.#logger = options.logger;
  }

  /** Somebody waits, as long as `isWaitedFor` says so. */
  hurry(isWaitedFor: () => boolean): void {
    this.#timer ??= setInterval(
      () => {
        if (isWaitedFor()) this.#cut();
        else this.stop();
      },
      Math.ceil(this.#stallMs / looksInTime),
    ).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #cut(): void {
    const cut = this.#calls.cutUntaken(this.#stallMs, () => readerTooSlow(this.#stallMs));
    if (cut > 0) {
      this.#logger.warn(
        { calls: cut, stallMs: this.#stallMs },
        'cut readers off that took nothing',
      );
    }
  }
}

/** Why a reader is cut off. */
export function readerTooSlow(stallMs: number): AtedbError {
  return new AtedbError(
    'READER_TOO_SLOW',
    `the reader took nothing for ${stallMs} ms, while others waited for the memory that it held; read on from where it was`,
    { metadata: { limit_ms: String(stallMs) } },
  );
}
