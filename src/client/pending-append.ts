import { AtedbError } from '../bytes/index.ts';
import type { SignedHead } from '../trust/index.ts';
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
  /** The server's signature of a tree that they are in, of an append that waited for it. */
  readonly checkpoint?: SignedHead | undefined;
}

/** How long a checkpoint may take to come. It is due in a second; but many chains may wait for theirs. */
const attestedWithinMs = 30_000;

/** One append under way: its events, and whoever waits for them. */
export class PendingAppend implements QueuedAppend {
  readonly built: BuiltEvents;
  readonly promise: Promise<Committed>;
  /** Set once it is in a batch that may have reached the server. */
  wasSent = false;
  /** Whether it is done only when a checkpoint covers it. */
  readonly attest: boolean;
  /** Where it is, if it waits for a checkpoint. */
  committed: Committed | undefined;
  #isSettled = false;
  readonly #onGivenUp: (append: PendingAppend) => boolean;
  #attestTimer: NodeJS.Timeout | undefined;
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
    options: CallOptions & { readonly wait?: 'durable' | 'attested' | undefined },
    onGivenUp: (append: PendingAppend) => boolean,
  ) {
    const { signal, timeoutMs } = options;
    this.attest = options.wait === 'attested';
    this.#onGivenUp = onGivenUp;
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
        const isDurable = this.committed !== undefined;
        // Nobody waits any more: what was kept only to be attested is dropped.
        this.#settle();
        const outcome = onGivenUp(this) ? 'not-sent' : 'unknown';
        this.reject(deadlineExceeded(timeoutMs, { outcome: isDurable ? 'durable' : outcome }));
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
    const { preconditions, coSigners, bearsAuthority, right } = this.built;
    if (right !== undefined) return true;
    return preconditions.length > 0 || coSigners.length > 0 || bearsAuthority;
  }

  /** Whether somebody still waits for it. */
  get isWaitedFor(): boolean {
    return !this.#isSettled;
  }

  /** It is durable, which is all that is waited for, unless it is to be attested. */
  durable(committed: Committed): void {
    if (!this.attest) {
      this.resolve(committed);
      return;
    }
    if (this.committed !== undefined || this.#isSettled) return;
    this.committed = committed;
    this.#attestTimer = setTimeout(() => {
      const why = `no checkpoint that covers it came within ${attestedWithinMs / 1_000} seconds`;
      this.reject(notAttested(committed, why));
      this.#onGivenUp(this);
    }, attestedWithinMs);
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
    this.#isSettled = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#attestTimer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** The error of an append that is durable, and whose checkpoint won't come. */
export function notAttested(committed: Committed, why: string, cause?: AtedbError): AtedbError {
  const { firstSequence, lastSequence, commit } = committed;
  return new AtedbError(
    'NOT_ATTESTED',
    `what was appended is durable, at the sequences ${firstSequence} to ${lastSequence}, and not attested: ${why}. Don't append it again; open the chain for the newest checkpoint`,
    {
      metadata: {
        first_sequence: String(firstSequence),
        last_sequence: String(lastSequence),
        commit: String(commit),
      },
      cause,
    },
  );
}
