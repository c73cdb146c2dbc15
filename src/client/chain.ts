import { randomBytes } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import {
  type ChainKey,
  type Genesis,
  sealBatch,
  signBatch,
  type TreeHead,
  type TrustMode,
} from '../event/index.ts';
import { alarmReasons } from './alarm-reasons.ts';
import { asAtedbError } from './as-atedb-error.ts';
import { type AppendEvent, buildEvents, type Conditions, type Signing } from './build-events.ts';
import type { CallOptions } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { ChainKeys } from './chain-keys.ts';
import { ChainOpener, type OpenedChain } from './chain-opener.ts';
import { deleteChain } from './delete-chain.ts';
import { type EventStream, eventStream } from './event-stream.ts';
import { type EventName, type GetOptions, getEvent } from './get-event.ts';
import { KnownHead } from './known-head.ts';
import type { Lease } from './lease.ts';
import { type LockOptions, type LockTarget, lockObject } from './lock-object.ts';
import { appendRequest, offerGenesis, sealGenesis } from './make-genesis.ts';
import type { OnNotice } from './notice.ts';
import type { Committed } from './pending-append.ts';
import { type ReadOptions, readRange } from './range.ts';
import { RememberedChain } from './remembered-chain.ts';
import { lostEndOf, type ServedDamage } from './served-damage.ts';
import { type SubscribeOptions, Subscription } from './subscription.ts';
import type { Transport } from './transport.ts';
import { Writer } from './writer.ts';

/** How long closing may take to have the last head proven. */
const closingTimeoutMs = 2_000;

/** How to append. */
export interface AppendOptions extends CallOptions, Conditions, Signing {}

/** What a chain is opened with, all decided. */
export interface ChainOptions {
  readonly transport: Transport;
  readonly chainKey: ChainKey;
  /** Absolute path; undefined: nothing is kept. */
  readonly home: string | undefined;
  /** The same, of what the writer remembers. */
  readonly writerHome: string | undefined;
  readonly loadKey: () => Promise<KeyPair>;
  /** 32 bytes. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
  readonly reconnectMs: number;
  readonly signBatches: boolean;
  readonly readDamaged: boolean;
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly queueBytesMax: number;
  readonly onNotice: OnNotice;
  /** The chain is closed, for whoever keeps a list. */
  readonly onClosed: (chain: Chain) => void;
}

/** A chain of a server, for reading and appending. */
export class Chain implements AsyncDisposable {
  /** The chain's key, taken apart; `key.text` is how it is written. */
  readonly key: ChainKey;
  /** `host:port`. */
  readonly server: string;
  readonly #options: ChainOptions;
  readonly #remembered: RememberedChain;
  readonly #known: KnownHead;
  readonly #keys: ChainKeys;
  readonly #opener: ChainOpener;
  readonly #writer: Writer;
  /** Fires when the chain is closed. */
  readonly #end = new AbortController();
  #closed: Promise<void> | undefined;
  #isDeleted = false;
  #damages: readonly ServedDamage[] = [];
  #lostEnd: ServedDamage | undefined;
  /** The last commit that was acknowledged; -1 for none. */
  #acknowledged = -1;

  /** Made by `AtedbClient.open`. */
  constructor(options: ChainOptions) {
    const { transport, chainKey, home, chainId, trustMode } = options;
    this.key = chainKey;
    this.server = transport.server;
    this.#options = options;
    this.#keys = new ChainKeys(transport);
    const onSaveError = (error: unknown) => this.#notRemembered(error);
    this.#remembered = new RememberedChain({
      home,
      server: transport.server,
      chainKey,
      onError: onSaveError,
    });
    this.#known = new KnownHead((head) => {
      const id = this.chainId;
      if (id !== undefined) this.#remembered.note({ chainId: id, head });
    });
    this.#opener = new ChainOpener({
      transport,
      chainKey,
      expected: { chainId, trustMode },
      remembered: this.#remembered,
      known: this.#known,
      readsDamaged: options.readDamaged,
    });
    this.#writer = new Writer({
      transport,
      chainKey,
      home: options.writerHome,
      opener: this.#opener,
      known: this.#known,
      loadKey: options.loadKey,
      limits: { eventsMax: options.batchEventsMax, bytesMax: options.batchBytesMax },
      queueBytesMax: options.queueBytesMax,
      reconnectMs: options.reconnectMs,
      signBatches: options.signBatches,
      onNotice: options.onNotice,
      onSaveError,
    });
  }

  /** What the chain is, as its first event says and its roots have signed. Undefined: it isn't there yet. */
  get genesis(): Genesis | undefined {
    return this.#opener.genesis;
  }

  /** 32 bytes. Undefined: the chain isn't there yet. */
  get chainId(): Buffer | undefined {
    return this.genesis?.chainId;
  }

  /** The newest head that was verified. Undefined: the chain isn't there yet. */
  get head(): TreeHead | undefined {
    return this.#known.newest;
  }

  /** What of it was damaged when it was opened, in the server's words: not verified. */
  get damages(): readonly ServedDamage[] {
    return this.#damages;
  }

  /** The damage among `damages` by which the newest events are lost. Who reads backwards begins before them. */
  get lostEnd(): ServedDamage | undefined {
    return this.#lostEnd;
  }

  /**
   * Open the chain: verify its genesis, and that its head extends the one that is remembered.
   *
   * @param options.forAppend whether a chain that isn't there yet is fine.
   * @throws AtedbError as `AtedbClient.open`.
   */
  async open(options: CallOptions & { readonly forAppend: boolean }): Promise<void> {
    const { chain } = await this.#opener.open(options);
    this.#damages = chain?.damages ?? [];
    this.#lostEnd = chain && lostEndOf(chain.damages, chain.nextSequence);
  }

  /**
   * Append events, all of them or none, in their order and without others between them. The first append creates a chain
   * that isn't there yet. Calls are carried out in the order in which they were made.
   *
   * A lost server is waited for, and what had no answer is sent again, so that each event is stored exactly once. A caller
   * that gives up, by signal or deadline, may have given up on something that is stored all the same.
   *
   * @returns when the events are durable.
   * @throws AtedbError TOO_MANY_EVENTS, DATA_TOO_LARGE, REQUEST_INVALID at once; KEY_NOT_ALLOWED, PRECONDITION_FAILED and what
   * else the server refuses; OUTCOME_UNKNOWN, CONNECTION_FAILED when the server stays lost; WRITER_AHEAD, HEAD_CONFLICT,
   * CHAIN_ID_MISMATCH when it isn't what it was; DEADLINE_EXCEEDED, with the `outcome` `unknown` or `not-sent`.
   */
  async append(
    events: AppendEvent | readonly AppendEvent[],
    options: AppendOptions = {},
  ): Promise<Committed> {
    options.signal?.throwIfAborted();
    options.lease?.signal?.throwIfAborted();
    this.#checkWritable();
    const built = buildEvents(isMany(events) ? events : [events], options);
    const committed = await this.#writer.append(built, options);
    this.#acknowledged = Math.max(this.#acknowledged, committed.commit);
    return committed;
  }

  /**
   * Wait until less is queued and unanswered than may be: who appends faster than the server answers, waits here before each
   * append, and holds no more than that in memory.
   */
  async writable(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#writer.writable(options.signal);
  }

  /**
   * Make the requests that append these events, and send nothing: serialised AppendBatchRequest messages, for any gRPC tool
   * to send in this order. They have a writer id of their own, so they don't get in this chain's way.
   *
   * @returns one request, or two where the chain isn't there yet: its genesis first.
   */
  async sealRequests(
    events: AppendEvent | readonly AppendEvent[],
    options: AppendOptions = {},
  ): Promise<Buffer[]> {
    this.#checkWritable();
    const built = buildEvents(isMany(events) ? events : [events], options);
    const { signal, timeoutMs } = options;
    const key = await this.#options.loadKey();
    const { fingerprint } = key.publicKey;
    const salt = randomBytes(16);
    const opened = await this.#opener.open({ forAppend: true, signal, timeoutMs });
    const requests: Buffer[] = [];
    let chainId = opened.chain?.genesis.chainId;
    let previous: Buffer | undefined;
    if (chainId === undefined) {
      const offer = offerGenesis(this.key, key, opened);
      const genesis = await sealGenesis(offer, key, salt);
      requests.push(appendRequest(genesis.run, this.key));
      chainId = offer.chainId;
      previous = genesis.sealHash;
    }
    const sealed = sealBatch({
      writer: { chainId, fingerprint, salt },
      counter: requests.length,
      previous,
      eventHeaders: built.events.map((event) => event.header),
      asOf: opened.chain?.head,
      preconditions: built.preconditions,
    });
    const frames = built.events.map((event) => event.frame);
    requests.push(appendRequest(await signBatch(frames, sealed, [key]), this.key));
    return requests;
  }

  /**
   * Get one event: the newest of an object, which may be its tombstone, or the one of a sequence. It is verified, and proven to
   * be in the chain; that no newer one of the object exists is the server's word, as long as the chain isn't read.
   *
   * @returns undefined where the object has no event.
   * @throws AtedbError CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT, CONNECTION_FAILED,
   * DEADLINE_EXCEEDED; the signal's reason.
   */
  async get(name: EventName, options: GetOptions = {}): Promise<ChainEvent | undefined> {
    return getEvent(await this.#context(options), name, options);
  }

  /**
   * Lock an object, and wait for it while somebody else holds it. The lease is this caller's until it is released or lost, see
   * `Lease.signal`; an append that names it is refused as LEASE_LOST from then on. It keeps out only those who ask for it, too.
   *
   * @param options.signal gives the waiting up; it doesn't end the lease.
   * @throws AtedbError CHAIN_NOT_FOUND, KEY_NOT_ALLOWED, KEY_REVOKED; LOCK_HELD where somebody holds it and `wait` is false;
   * TOO_MANY_LOCKS, CONNECTION_FAILED when the server stays lost; DEADLINE_EXCEEDED; the signal's reason; as `AtedbClient.open`.
   */
  async lock(target: LockTarget, options: LockOptions = {}): Promise<Lease> {
    return lockObject(this.#common(), target, options);
  }

  /**
   * Delete the chain with all that it holds, for good, as one of its roots; then this object is closed, and its home folder knows nothing of
   * the chain. Whoever remembers it elsewhere is told HEAD_CONFLICT, or CHAIN_ID_MISMATCH once another one has its key.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, KEY_NOT_ALLOWED: it is there. CONNECTION_FAILED, STORAGE_FAILED: it may be deleted.
   */
  async delete(options: CallOptions = {}): Promise<void> {
    await deleteChain(this.#common(), options);
    this.#isDeleted = true;
    await this.#remembered.forget().catch((error: unknown) => this.#notRemembered(error));
    await this.close();
  }

  /**
   * Follow the chain: its history from a point on, then what is appended, every event once, in order, verified. Goes on by
   * itself after a lost connection. Ends only by throwing, or when its reader leaves it.
   *
   * Not more than a few slices of the log are read ahead of the reader.
   *
   * @throws AtedbError from the iteration: CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT,
   * DEADLINE_EXCEEDED; the signal's reason.
   */
  subscribe(options: SubscribeOptions = {}): EventStream {
    const start = async function* (chain: Chain): AsyncGenerator<readonly ChainEvent[], void> {
      const context = await chain.#context(options);
      yield* new Subscription(context, options).chunks();
    };
    return eventStream(() => start(this));
  }

  /**
   * Read a range of the chain as it is at the call, verified.
   *
   * @throws AtedbError from the iteration: CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT,
   * CONNECTION_FAILED, DEADLINE_EXCEEDED; the signal's reason.
   */
  read(options: ReadOptions = {}): EventStream {
    const start = async function* (chain: Chain): AsyncGenerator<readonly ChainEvent[], void> {
      yield* readRange(await chain.#context(options), options);
    };
    return eventStream(() => start(this));
  }

  /**
   * Wait for the appends under way, save what is to be remembered, and free the writer's slot. Subscriptions and ranges
   * that are being read end by throwing REQUEST_INVALID.
   *
   * @param options.signal gives the appends up.
   * @throws AtedbError HEAD_CONFLICT, CHAIN_DAMAGED, VERIFICATION_FAILED, CHAIN_ID_MISMATCH where the server doesn't stand by
   * what it has acknowledged.
   */
  async close(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.#closed ??= this.#close(options.signal);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    this.#end.abort(
      new AtedbError('REQUEST_INVALID', `the chain ${this.key.text} was closed. Open it again`),
    );
    await this.#writer.close(signal);
    try {
      if (!this.#isDeleted) await this.#knowAcknowledged(signal);
    } finally {
      await this.#remembered.flush();
      this.#options.onClosed(this);
    }
  }

  /**
   * Have it proven that what was acknowledged is in the chain, and remember that: whoever opens it next is told if it is
   * gone. A server that can't be asked is asked then.
   */
  async #knowAcknowledged(signal: AbortSignal | undefined): Promise<void> {
    if ((this.#known.newest?.size ?? 0) > this.#acknowledged) return;
    try {
      await this.#opener.open({ signal, timeoutMs: closingTimeoutMs });
    } catch (error) {
      if (!(error instanceof AtedbError)) return;
      // Damage has taken what was acknowledged, if it isn't there to be known.
      if (alarmReasons.has(error.reason) || error.reason === 'CHAIN_DAMAGED') throw error;
    }
  }

  /** What is left of a damaged chain is behind what was verified: nothing may be built on it. */
  #checkWritable(): void {
    if (!this.#options.readDamaged) return;
    throw new AtedbError(
      'REQUEST_INVALID',
      `the chain ${this.key.text} was opened with readDamaged, which is for reading. Open it without to append`,
      { metadata: { field: 'readDamaged' } },
    );
  }

  /** What reading needs; a chain that wasn't there when it was opened may be there now. */
  async #context(options: CallOptions) {
    this.#end.signal.throwIfAborted();
    const { signal, timeoutMs } = options;
    let { genesis } = this.#opener;
    if (genesis === undefined) {
      const { chain } = await this.#opener.open({ signal, timeoutMs });
      genesis = (chain as OpenedChain).genesis;
    }
    const { transport } = this.#options;
    const { signal: closed } = this.#end;
    const ofGenesis = genesis;
    const findKey = (fingerprint: string) => this.#keys.find(fingerprint, ofGenesis, closed);
    return { genesis, opener: this.#opener, known: this.#known, findKey, transport, closed };
  }

  /** What calls by this chain's key work with. */
  #common() {
    this.#end.signal.throwIfAborted();
    const { transport, loadKey, reconnectMs } = this.#options;
    return { transport, opener: this.#opener, loadKey, closed: this.#end.signal, reconnectMs };
  }

  #notRemembered(error: unknown): void {
    const cause = asAtedbError(error);
    this.#options.onNotice({
      kind: 'not-remembered',
      chainKey: this.key.text,
      cause,
      message: `what is known of ${this.key.text} could not be saved: ${cause.message}`,
    });
  }
}

function isMany(events: AppendEvent | readonly AppendEvent[]): events is readonly AppendEvent[] {
  return Array.isArray(events);
}
