import { AtedbError, timerMsMax } from '../bytes/index.ts';

/** What may end any call before its time. */
export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the call with DEADLINE_EXCEEDED after so many milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** One signal for a caller's signals and deadline together. Disposing of it frees its timer. */
export class CallScope implements Disposable {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #outer: readonly AbortSignal[];
  readonly #onAbort = () =>
    this.#controller.abort(this.#outer.find((signal) => signal.aborted)?.reason);

  /** @param owner fires when what the call belongs to is closed. */
  constructor({ signal, timeoutMs }: CallOptions, owner?: AbortSignal) {
    this.signal = this.#controller.signal;
    this.#outer = [signal, owner].filter((outer) => outer !== undefined);
    if (timeoutMs !== undefined) {
      checkTimeout(timeoutMs);
      this.#timer = setTimeout(() => {
        this.#controller.abort(deadlineExceeded(timeoutMs));
      }, timeoutMs);
    }
    for (const outer of this.#outer) outer.addEventListener('abort', this.#onAbort);
    if (this.#outer.some((outer) => outer.aborted)) this.#onAbort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const outer of this.#outer) outer.removeEventListener('abort', this.#onAbort);
  }
}

/** The error of a deadline that has passed. */
export function deadlineExceeded(
  timeoutMs: number,
  metadata: Record<string, string> = {},
): AtedbError {
  return new AtedbError(
    'DEADLINE_EXCEEDED',
    `the deadline of ${timeoutMs} ms passed before the answer`,
    { metadata: { timeout_ms: String(timeoutMs), ...metadata } },
  );
}

/** Refuse what a timer can't count, which it would take for 1 ms. */
export function checkTimeout(timeoutMs: number): void {
  if (timeoutMs > 0 && timeoutMs <= timerMsMax) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `a timeout of ${timeoutMs} ms is none: it is more than 0 and at most ${timerMsMax}`,
    { metadata: { field: 'timeoutMs' } },
  );
}

/** Wait for a promise, but not beyond the signal: then it rejects with the signal's reason. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    throw signal.reason;
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Wait. Rejects with the signal's reason when that comes first. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await abortable(promise, signal);
  } finally {
    clearTimeout(timer);
  }
}
