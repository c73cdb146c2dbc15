import { AtedbError } from '../bytes/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import type { LockStream } from './lock-stream.ts';

/** What an append names a lease by. */
export interface LeaseName {
  /** The object that is locked; 16 bytes. */
  readonly primaryKey: Buffer;
  readonly token: number;
  /**
   * Fires when the lease is lost: an append that is called then is refused here. One that was called before is sent all the same, and
   * the server refuses it once the lease has ended there. Absent: the server alone decides.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How long a server may take to say that the lease is given up. */
const releaseTimeoutMs = 2_000;

/** A lock that is held. It is lost for good with its connection: another one has another token. */
export class Lease implements LeaseName, AsyncDisposable {
  readonly primaryKey: Buffer;
  /** Larger than the token of every lease on this object before. */
  readonly token: number;
  readonly #stream: LockStream;
  readonly #lost = new AbortController();
  readonly #ended: Promise<void>;
  #released: Promise<void> | undefined;

  /** Made by `Chain.lock`. */
  constructor(options: { primaryKey: Buffer; token: number; stream: LockStream }) {
    this.primaryKey = options.primaryKey;
    this.token = options.token;
    this.#stream = options.stream;
    this.#ended = this.#follow();
  }

  /**
   * Fires when the lease is lost, with why as its reason: LEASE_LOST, KEY_NOT_ALLOWED, CONNECTION_FAILED and others. At the latest when the
   * server has not been heard of for so long that it may have given the lease to somebody else, by this machine's clock; a server
   * that was restarted while it could not be reached may have done so before. It doesn't fire when the lease is given up.
   */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether the lease is held, as far as this machine's clock can say, and unless the server was restarted and can't be reached. */
  get isHeld(): boolean {
    const isSure = performance.now() < this.#stream.sureUntilMs;
    return this.#released === undefined && !this.signal.aborted && isSure;
  }

  /** Give the lease up. Resolves when the server has given it on, or the connection is cut; never rejects. */
  async release(): Promise<void> {
    this.#released ??= this.#release();
    await this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #release(): Promise<void> {
    this.#stream.halfClose();
    const timer = setTimeout(() => this.#stream.cancel(undefined), releaseTimeoutMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Read until the stream ends. Never rejects. */
  async #follow(): Promise<void> {
    try {
      const news = await this.#stream.news();
      if (news === undefined) this.#lose(ended('the server has ended the stream'));
      else this.#lose(ended('the server gave it twice, which can not be'));
    } catch (error) {
      this.#lose(error);
    }
  }

  #lose(error: unknown): void {
    if (this.#released !== undefined) return;
    this.#stream.cancel(undefined);
    this.#lost.abort(asAtedbError(error));
  }
}

function ended(why: string): AtedbError {
  return new AtedbError(
    'LEASE_LOST',
    `the lease is lost: ${why}. Lock again, read what happened, then decide anew`,
  );
}
