import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { ChainKey, Genesis, TreeHead } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import type { AppendOptions } from './append-options.ts';
import { type AppendEvent, type BuiltEvents, buildEvents, checkRoomFor } from './build-events.ts';
import { byMember } from './by-member.ts';
import type { CallOptions } from './cancellation.ts';
import type { ChainKeys } from './chain-keys.ts';
import type { ChainOpener } from './chain-opener.ts';
import type { ChainOptions } from './chain-options.ts';
import { chainParts } from './chain-parts.ts';
import { ChainReader } from './chain-reader.ts';
import type { ChainRules } from './chain-rules.ts';
import { checkWritable } from './check-writable.ts';
import { ConfidentialWriter } from './confidential-writer.ts';
import { deleteChain } from './delete-chain.ts';
import { isStale } from './errors-from-grpc.ts';
import { knowAcknowledged } from './know-acknowledged.ts';
import type { KnownHead } from './known-head.ts';
import type { Lease } from './lease.ts';
import { type LockOptions, type LockTarget, lockObject } from './lock-object.ts';
import { type MadeSnapshot, makeSnapshot, type SnapshotOptions } from './make-snapshot.ts';
import type { OpenedChain } from './opened.ts';
import type { Committed } from './pending-append.ts';
import { readOnWith } from './range.ts';
import type { RangeContext } from './range-context.ts';
import { type Redacted, type RedactOptions, type RedactTarget, redact } from './redact.ts';
import type { RememberedChain } from './remembered-chain.ts';
import { notSealedHere, sealRequests } from './seal-requests.ts';
import { lostEndOf, type ServedDamage } from './served-damage.ts';
import type { SharedObject } from './sharing.ts';
import type { Writer } from './writer.ts';

/** A chain of a server, for reading and appending. */
export class Chain extends ChainReader implements AsyncDisposable {
  /** The chain's key, taken apart; `key.text` is how it is written. */
  readonly key: ChainKey;
  /** `host:port`. */
  readonly server: string;
  readonly #options: ChainOptions;
  readonly #remembered: RememberedChain;
  readonly #known: KnownHead;
  readonly #keys: ChainKeys;
  readonly #rules: ChainRules;
  readonly #confidential: ConfidentialWriter;
  readonly #opener: ChainOpener;
  /** Of the head that was known when the chain was opened. */
  #rememberedSize = 0;
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
    super();
    this.key = options.chainKey;
    this.server = options.transport.server;
    const { transport, remembered, known, keys, opener, rules, writer } = chainParts(options);
    this.#options = { ...options, transport };
    this.#remembered = remembered;
    this.#known = known;
    this.#keys = keys;
    this.#opener = opener;
    this.#rules = rules;
    this.#writer = writer;
    this.#confidential = new ConfidentialWriter({
      ...options,
      rules: this.#rules,
      context: (call) => this.context(call),
      append: (built, call) => this.#append(built, call),
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

  /** The newest head that the server has signed, verified. Undefined: there is none yet. */
  get checkpoint(): SignedHead | undefined {
    return this.#opener.checkpoints.newest;
  }

  /**
   * Open the chain: verify its genesis, and that its head extends the one that is remembered.
   *
   * @throws AtedbError as `AtedbClient.open`.
   */
  async open(options: CallOptions & { readonly forAppend: boolean }): Promise<void> {
    this.#rememberedSize = (await this.#remembered.load())?.head.size ?? 0;
    const { chain } = await this.#opener.open(options);
    this.#damages = chain?.damages ?? [];
    this.#lostEnd = chain && lostEndOf(chain.damages, chain.nextSequence);
    // Whether data is to be sealed is to be known before the first append.
    if (chain !== undefined) await this.#rules.load(chain.genesis, this.#rememberedSize);
  }

  /**
   * Append events, all of them or none, in their order and without others between them. The first append creates a chain
   * that isn't there yet. Calls are carried out in the order in which they were made. A lost server is waited for, and what had no answer is sent again, so that each event is stored exactly once. A caller
   * that gives up, by signal or deadline, may have given up on something that is stored all the same.
   *
   * @returns when the events are durable, or attested.
   * @throws AtedbError TOO_MANY_EVENTS, DATA_TOO_LARGE, REQUEST_INVALID at once; KEY_NOT_ALLOWED, PRECONDITION_FAILED and what
   * else the server refuses; OUTCOME_UNKNOWN, CONNECTION_FAILED when the server stays lost; WRITER_AHEAD, HEAD_CONFLICT,
   * CHAIN_ID_MISMATCH when it isn't what it was; DEADLINE_EXCEEDED, with the `outcome` `unknown`, `not-sent` or `durable`;
   * NOT_ATTESTED for events that are durable, when no checkpoint came.
   */
  async append(
    events: AppendEvent | readonly AppendEvent[],
    options: AppendOptions = {},
  ): Promise<Committed> {
    options.signal?.throwIfAborted();
    options.lease?.signal?.throwIfAborted();
    checkWritable(this.key, this.#options);
    const { loadAuthor, signsAsMember } = this.#options;
    const given = [events].flat();
    // Others have their place in the order before anything is awaited.
    if (loadAuthor === undefined || !signsAsMember) return this.#appendAll(given, options);
    const made = await byMember(loadAuthor, given, options);
    return this.#appendAll(made.events, made.options);
  }

  async #appendAll(all: readonly AppendEvent[], options: AppendOptions): Promise<Committed> {
    const confidential = this.#confidential;
    if (confidential.seals(this.genesis)) return confidential.append(all, options);
    const appended = this.#append(buildEvents(all, options), options);
    return appended.catch((error) => confidential.appendRefused(error, all, options));
  }

  /** Have data erased for good. @throws AtedbError REDACTION_INVALID, DATA_GONE; as `append` and `get`. */
  async redact(target: RedactTarget, options: RedactOptions = {}): Promise<Redacted> {
    checkWritable(this.key, this.#options);
    const append: Chain['append'] = (events, call) => this.append(events, call);
    return redact(await this.context(options), target, { ...options, append });
  }

  /**
   * Say, as a root of the chain, what of its older part may be gone: whole events and commits, of objects that were written over or removed. All of
   * it is read and verified for that. The server drops it when it compacts the chain next; see docs/compaction.md.
   *
   * @returns undefined where nothing would go; then nothing is appended.
   * @throws AtedbError REQUEST_INVALID, SNAPSHOT_INVALID, HISTORY_COMPACTED; as `append` and `read`.
   */
  async snapshot(options: SnapshotOptions = {}): Promise<MadeSnapshot | undefined> {
    checkWritable(this.key, this.#options);
    const append = (event: AppendEvent, call: AppendOptions) => this.append(event, call);
    return makeSnapshot(await this.context(options), { ...options, append });
  }

  async #append(built: BuiltEvents, options: CallOptions): Promise<Committed> {
    checkRoomFor(this.#options.right, built);
    const committed = await this.#writer.append(built, options).catch(async (error: unknown) => {
      // What it was made by was the head, and not anything that was read: so it may be made by a newer one.
      const mayBeAgain = isStale(error) && built.preconditions.length === 0;
      if (!mayBeAgain) throw error;
      await this.#opener.open(options);
      return this.#writer.append(built, options);
    });
    this.#acknowledged = Math.max(this.#acknowledged, committed.commit);
    return committed;
  }

  /**
   * Say who may read an object, or without one all that has no rule of its own: they and the writer's own key are given a new read
   * key, which seals what is written from now on. Who isn't among them any more reads what was written before, and no more.
   *
   * @throws AtedbError as `append`; REQUEST_INVALID for a reader's key that can only sign.
   */
  async setReaders(
    readers: readonly PublicKey[],
    object: SharedObject = {},
    options: AppendOptions = {},
  ): Promise<Committed> {
    checkWritable(this.key, this.#options);
    if (this.genesis === undefined) await this.#writer.create(this.#end.signal);
    return this.#confidential.setReaders(object, readers, options);
  }

  /**
   * Let more keys read an object, or without one all that has no rule of its own: what was written since its readers were set last,
   * and what will be.
   *
   * @throws AtedbError as `append`; READ_KEY_MISSING where none of the client's keys may read it.
   */
  async addReaders(
    readers: readonly PublicKey[],
    object: SharedObject = {},
    options: AppendOptions = {},
  ): Promise<Committed> {
    checkWritable(this.key, this.#options);
    return this.#confidential.addReaders(object, readers, options);
  }

  /**
   * Take readers off, as `setReaders` with all others: those who stay are given a new read key.
   *
   * @param readers fingerprints of their keys.
   * @throws AtedbError as `append`; REQUEST_INVALID for one that is no reader; KEY_UNKNOWN.
   */
  async removeReaders(
    readers: readonly Buffer[],
    object: SharedObject = {},
    options: AppendOptions = {},
  ): Promise<Committed> {
    checkWritable(this.key, this.#options);
    return this.#confidential.removeReaders(object, readers, options);
  }

  /** The key that is written with here; made, if it is the default one and isn't there. @throws AtedbError REQUEST_INVALID. */
  async ownKey(): Promise<PublicKey> {
    return (await this.#options.loadKey()).publicKey;
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
   * @throws AtedbError UNSUPPORTED where data is sealed, as far as is known: such requests have it in clear.
   */
  async sealRequests(
    events: AppendEvent | readonly AppendEvent[],
    options: AppendOptions = {},
  ): Promise<Buffer[]> {
    checkWritable(this.key, this.#options);
    if (this.#confidential.seals(this.genesis)) throw notSealedHere(this.key.text);
    const chain = { ...this.#options, opener: this.#opener };
    return sealRequests(chain, [events].flat(), options);
  }

  /**
   * Lock an object, and wait for it while somebody else holds it; see docs/locks.md.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, KEY_NOT_ALLOWED, KEY_REVOKED; LOCK_HELD where `wait` is false; TOO_MANY_LOCKS,
   * CONNECTION_FAILED when the server stays lost; DEADLINE_EXCEEDED; the signal's reason; as `AtedbClient.open`.
   */
  async lock(target: LockTarget, options: LockOptions = {}): Promise<Lease> {
    return lockObject(this.#callsByKey(), target, options);
  }

  /**
   * Delete the chain for good, as one of its roots; then this object is closed, and the home folder knows nothing of the chain.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, KEY_NOT_ALLOWED. CONNECTION_FAILED, STORAGE_FAILED: it may be deleted.
   */
  async delete(options: CallOptions = {}): Promise<void> {
    await deleteChain(this.#callsByKey(), options);
    this.#isDeleted = true;
    await this.close();
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
      const isKnown = (this.#known.newest?.size ?? 0) > this.#acknowledged;
      if (!isKnown && !this.#isDeleted) await knowAcknowledged(this.#opener, signal);
    } finally {
      await this.#remembered.flush();
      if (!this.#isDeleted) await this.#rules.save(this.genesis);
      this.#options.onClosed(this);
    }
  }

  protected override async context(options: CallOptions): Promise<RangeContext> {
    this.#end.signal.throwIfAborted();
    const { signal, timeoutMs } = options;
    const genesis = this.genesis ?? (await this.#openedGenesis({ signal, timeoutMs }));
    const { transport } = this.#options;
    const { signal: closed } = this.#end;
    const findKey = (fingerprint: string) => this.#keys.find(fingerprint, genesis, closed);
    await this.#rules.load(genesis, this.#rememberedSize);
    const rules = this.#rules.partsFor(genesis);
    const heads = { opener: this.#opener, known: this.#known };
    const context: RangeContext = {
      ...{ genesis, ...heads, ...rules, findKey, transport, closed },
      reach: (sequence, call) => context.verified.reach(sequence, readOnWith(context, call)),
    };
    return context;
  }

  async #openedGenesis(options: CallOptions): Promise<Genesis> {
    const { chain } = await this.#opener.open(options);
    return (chain as OpenedChain).genesis;
  }

  #callsByKey() {
    this.#end.signal.throwIfAborted();
    const parts = { opener: this.#opener, remembered: this.#remembered };
    return { ...this.#options, ...parts, closed: this.#end.signal };
  }
}
