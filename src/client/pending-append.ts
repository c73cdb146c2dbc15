import type { AtedbError } from '../bytes/index.ts';
import type { QueuedAppend } from './append-queue.ts';
import type { BuiltEvents } from './build-events.ts';
import { type CallOptions, checkTimeout, deadlineExceeded } from './cancellation.ts';

/** Where the events of an append are, durably. */
export interface Committed {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Number of the batch that they are in, perhaps with those of other appends. */
  readonly commit: number;
  /** The server's clock: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** One append under way: its events, and whoever waits for them. */
export class PendingAppend implements QueuedAppend {
  readonly built: BuiltEvents;
  readonly promise: Promise<Committed>;
  /** Set once it is in a batch that may have reached the server. */
  wasSent = false;
  readonly #resolve: (committed: Committed) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  /**
   * @param onGivenUp is called when the caller's signal or deadline ends the waiting; then nobody is told more. Says whether
   * the append is out of it for good: one that is in a batch already may still be sent.
   */
  constructor(
    built: BuiltEvents,
    options: CallOptions,
    onGivenUp: (append: PendingAppend) => boolean,
  ) {
    const { signal, timeoutMs } = options;
    if (timeoutMs !== undefined) checkTimeout(timeoutMs);
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    this.built = built;
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.#onAbort = () => {
      this.reject(signal?.reason);
      onGivenUp(this);
    };
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        const outcome = onGivenUp(this) ? 'not-sent' : 'unknown';
        this.reject(deadlineExceeded(timeoutMs, { outcome }));
      }, timeoutMs);
    }
  }

  get events(): number {
    return this.built.events.length;
  }

  get bytes(): number {
    return this.built.bytes;
  }

  /** Conditions and signers are the whole batch's. */
  get isAlone(): boolean {
    const { preconditions, coSigners, bearsAuthority } = this.built;
    return preconditions.length > 0 || coSigners.length > 0 || bearsAuthority;
  }

  resolve(committed: Committed): void {
    this.#settle();
    this.#resolve(committed);
  }

  reject(error: AtedbError | unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
