import { AtedbError, type ChildQuery } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  type Batch,
  type BuiltEvent,
  type ChainKey,
  type Genesis,
  parseBatch,
  parseCommitHeader,
  parseSealOfRun,
  type SignatureView,
} from '../event/index.ts';
import type { Appended, ChainLog } from '../log/index.ts';
import {
  type Answer,
  type Authority,
  type ChainState,
  checkContents,
  checkHashes,
  genesisSigners,
  isFromServer,
  issuerOfShown,
  keyTable,
  type StreamTies,
  verifyAllSigned,
  verifyHeld,
  verifyKeyProof,
  verifySignatures,
  vouchedBy,
} from '../trust/index.ts';
import { ChainCompaction } from './chain-compaction.ts';
import { changesRights } from './changes-rights.ts';
import { type ChildrenPage, findChildren } from './children.ts';
import { checkSnapshot, dueSnapshot, snapshotIn } from './due-snapshot.ts';
import { durableFloor } from './durable-floor.ts';
import type { Eraser } from './eraser.ts';
import { hasRedaction, redactionsIn } from './erasing.ts';
import type { ClosedFacts, KeyIndex } from './key-index.ts';
import type { LockTable } from './lock-table.ts';
import { type OwnSigner, onlyForServer, sealOwnBatch } from './own-batch.ts';
import {
  checkProven,
  type IsProven,
  type PreparedBatch,
  type SubmittedBatch,
  type WriterStanding,
} from './submission.ts';
import { WriterClaims } from './writer-claims.ts';

/** Checks a batch's hashes, perhaps in another thread. @throws AtedbError as `checkHashes` of `trust`. */
export type CheckHashes = (batch: Batch) => Promise<void> | void;

const nobodyProven: IsProven = () => false;

/** For what waits until the disk has answered, whoever is still there to hear it. */
const neverAborted = new AbortController().signal;

/** An open chain: its rules and its log, in step with each other. */
export class Chain {
  readonly key: ChainKey;
  readonly log: ChainLog;
  readonly claims = new WriterClaims();
  readonly locks: LockTable;
  readonly eraser: Eraser;
  readonly compaction: ChainCompaction;
  readonly #end = new AbortController();
  /** Resolves when the last batch that the server itself adds has its place. */
  #own: Promise<void> = Promise.resolve();
  /** The genesis batch with its commit, as it is stored. */
  readonly genesisSlice: Buffer;
  readonly #state: ChainState;
  readonly #keys: KeyIndex;
  readonly #now: () => number;
  readonly #checkHashes: CheckHashes;
  readonly #checkRoom: (batch: Batch, chain: Chain) => void;

  constructor(options: {
    key: ChainKey;
    log: ChainLog;
    state: ChainState;
    keys: KeyIndex;
    locks: LockTable;
    eraser: Eraser;
    genesisSlice: Buffer;
    /** Milliseconds since 1970-01-01 UTC. */
    now: () => number;
    /** Absent: in this thread. */
    checkHashes?: CheckHashes | undefined;
    /** Refuses what there is no room for, or counts it. Absent: there is room for all. */
    checkRoom?: ((batch: Batch, chain: Chain) => void) | undefined;
  }) {
    this.key = options.key;
    this.log = options.log;
    this.genesisSlice = options.genesisSlice;
    this.#state = options.state;
    this.#keys = options.keys;
    this.locks = options.locks;
    this.eraser = options.eraser;
    this.#now = options.now;
    this.compaction = new ChainCompaction({
      ...{ log: this.log, keys: this.#keys, now: this.#now },
      hasRetention: () => this.#state.authority.retention !== undefined,
      retained: () => durableFloor(this.#state, () => this.settled()),
      snapshotAt: () => this.#state.authority.horizon.record?.sequence,
      snapshot: () => dueSnapshot(this.#state, this.log, () => this.settled()),
    });
    this.#checkHashes = options.checkHashes ?? checkHashes;
    this.#checkRoom = options.checkRoom ?? (() => undefined);
  }

  get genesis(): Genesis {
    return this.#state.genesis;
  }

  /** Fires when the chain is not to be used any more, with why as its reason. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Have nobody use the chain any more: all who do are told why, and end. */
  end(why: AtedbError): void {
    this.#end.abort(why);
    this.locks.end(why);
    void this.compaction.stop(why);
  }

  /** Who may do what now. To be asked only. */
  get authority(): Authority {
    return this.#state.authority;
  }

  /** What the time of a commit would be now: milliseconds since 1970-01-01 UTC. It never goes back. */
  nextTimeUnixMs(): number {
    return Math.max(this.#now(), this.#state.timeUnixMs);
  }

  /** A public key that the chain knows, by the hexadecimal of its fingerprint. */
  findKey(fingerprint: string): PublicKey | undefined {
    return this.#state.authority.keys.find(fingerprint);
  }

  /** The keys that own the chain now. */
  get roots(): readonly PublicKey[] {
    return this.#state.authority.keys.roots;
  }

  /** Number of writers that the chain knows. */
  get writerCount(): number {
    return this.#state.writerCount;
  }

  /**
   * Check what can be checked of a batch before its turn: all of its contents and signatures. Many may be
   * prepared at once.
   *
   * @param isProven whether the sender of a batch without a signature has proven its key; may wait for a proof that came
   * before it.
   * @throws AtedbError for a batch that no chain would take; see `parseBatch`, `checkBatch`, `verifySignatures`,
   * `vouchedBy`, `Authority.keysOf`; KEY_NOT_PROVEN.
   */
  async prepare(run: Buffer, isProven: IsProven = nobodyProven): Promise<PreparedBatch> {
    const batch = parseBatch(run);
    // They would be refused in their turn: what a server adds it makes itself, and nobody else has to make it verify signatures.
    if (isFromServer(batch)) throw onlyForServer(this.key.text);
    return this.#prepare(batch, isProven);
  }

  /**
   * Append events that the server itself adds, as one batch, sealed and signed by its identity. Calls take turns.
   *
   * @param identity the server's, as the chain has it once the events are in it.
   * @throws AtedbError as `prepare` and `submit`.
   */
  appendOwn(events: readonly BuiltEvent[], identity: OwnSigner): Promise<SubmittedBatch> {
    const appended = this.#own.then(async () => {
      const run = await sealOwnBatch(this.#state, events, identity);
      const prepared = await this.#prepare(parseBatch(run), nobodyProven);
      return this.submit(prepared);
    });
    // Whoever comes next waits for this one, and not for its success.
    this.#own = appended.then(
      () => undefined,
      () => undefined,
    );
    return appended;
  }

  async #prepare(batch: Batch, isProven: IsProven): Promise<PreparedBatch> {
    // Here nothing is awaited that isn't due: a turn of the engine costs a batch of one event as much as a hash.
    // What comes just after a failed write waits, and isn't refused for it.
    if (this.log.failure !== undefined) await this.log.healed();
    // A retry is answered with the first answer, before any other check.
    if (this.#answerTo(batch) === undefined) {
      this.#state.checkChain(batch);
      // First: who may not write must not make the server hash thousands of events.
      const vouched = this.#checkVouched(batch, isProven);
      if (vouched !== undefined) await vouched;
      checkContents(batch);
      const checked = this.#checkHashes(batch);
      if (checked !== undefined) await checked;
    }
    const { asOf, preconditions } = batch.seal;
    const known = asOf !== undefined && asOf.size <= this.log.durable.head.size;
    const asOfRoot = known ? await this.#rootAt(asOf.size) : undefined;
    const closedFacts = preconditions.length === 0 ? undefined : await this.#askClosed(batch);
    const snapshot = snapshotIn(batch);
    if (snapshot !== undefined) {
      const horizon = this.#state.authority.horizon.record?.size ?? 0;
      await checkSnapshot(snapshot, this.log, { timeUnixMs: this.nextTimeUnixMs(), horizon });
    }
    const isErasing = hasRedaction(batch);
    if (isErasing) await this.eraser.mark();
    return { batch, asOfRoot, closedFacts, isErasing };
  }

  /**
   * Verify a proof that a stream's other end has a key. @throws AtedbError as `verifyKeyProof`.
   */
  verifyProof(proof: SignatureView, stream: StreamTies): Promise<void> {
    const { genesis, authority } = this.#state;
    return verifyKeyProof(proof, { genesis, authority, ...stream });
  }

  /** Resolves, or returns undefined at once, where who sends a batch may; throws or rejects where not. */
  #checkVouched(batch: Batch, isProven: IsProven): Promise<void> | undefined {
    const { seal } = batch;
    const { genesis, authority } = this.#state;
    const isSigned = vouchedBy(batch, genesis.trustMode) === 'writer';
    if (batch.isGenesis) return verifySignatures(seal, keyTable(genesisSigners(genesis)));
    const keys = authority.keysOf(batch);
    if (isSigned) {
      const issuer = issuerOfShown(batch, authority.keys);
      const verified = verifyAllSigned(batch, keys, issuer);
      const held = verifyHeld(batch);
      return held === undefined ? verified : verified.then(() => held);
    }
    for (const signer of keys.keys()) {
      if (isProven(signer) !== true) return checkProven([...keys.keys()], isProven);
    }
    return undefined;
  }

  /**
   * Whether a batch must be refreshed before it is submitted, since too much has come since it was prepared. To be asked in
   * the same turn in which it is submitted.
   */
  isStale({ closedFacts, isErasing }: PreparedBatch): boolean {
    if (isErasing && !this.eraser.isMarked) return true;
    return closedFacts !== undefined && this.#keys.isStale(closedFacts);
  }

  /** Find out anew what may have changed since a batch was prepared. @throws AtedbError CHAIN_DAMAGED, STORAGE_FAILED. */
  async refresh(prepared: PreparedBatch): Promise<PreparedBatch> {
    if (prepared.isErasing) await this.eraser.mark();
    return { ...prepared, closedFacts: await this.#askClosed(prepared.batch) };
  }

  async #askClosed({ seal }: Batch): Promise<ClosedFacts | undefined> {
    const conditions = seal.preconditions.filter((one) => one.kind === 'key_unchanged');
    if (conditions.length === 0) return undefined;
    return this.#keys.askClosed(this.log, conditions, seal.writerId);
  }

  /**
   * Give a prepared batch its place, if the chain takes it next. Not a promise: batches have their places in
   * the order of the calls. It must not be stale.
   *
   * @throws AtedbError as `ChainState.admit`, CHAIN_READ_ONLY, DISK_FULL, QUOTA_EXCEEDED, or STORAGE_FAILED. It may be told when `settled` has resolved.
   */
  submit(prepared: PreparedBatch): SubmittedBatch {
    this.ended.throwIfAborted();
    const { batch } = prepared;
    const { seal } = batch;
    const answered = this.#answerTo(batch);
    if (answered !== undefined) return this.#again(answered);
    // Before anything is decided on batches that are being taken back.
    if (this.log.failure !== undefined) throw this.log.failure;
    if (this.log.trouble !== undefined) {
      throw new AtedbError(
        'CHAIN_READ_ONLY',
        `the chain ${this.key.text} can be read only: ${this.log.trouble}`,
      );
    }
    this.#checkRoom(batch, this);
    const { closedFacts } = prepared;
    const timeUnixMs = this.nextTimeUnixMs();
    this.#state.admit(batch, {
      timeUnixMs,
      asOfRoot: prepared.asOfRoot,
      endOfOthersOn: (condition) =>
        closedFacts === undefined
          ? 0
          : this.#keys.endOfOthers(condition, seal.writerId, closedFacts),
      holdsLease: (fence) => this.locks.holds(fence),
    });
    const appended = this.log.append(batch.bytes, {
      events: seal.events,
      sealHash: seal.hash,
      timeUnixMs,
    });
    this.#state.settled(this.log.durable.head.size);
    this.#state.apply(seal, { ...appended, timeUnixMs });
    const { firstSequence, startsSegment } = appended;
    this.#keys.addBatch(batch, firstSequence, startsSegment);
    if (this.locks.count > 0 && changesRights(batch)) this.locks.recheck();
    if (prepared.isErasing) this.#eraseWhenDurable(batch, appended);
    return {
      isRetry: false,
      sealHash: seal.hash,
      commitHeader: appended.commitHeader,
      durable: appended.durable,
    };
  }

  #eraseWhenDurable(batch: Batch, { firstSequence, durable }: Appended): void {
    this.eraser.placed(redactionsIn(batch, firstSequence), durable);
  }

  /**
   * Resolves once all that has its place now is durable. To be called at once when `submit` refuses: a refusal shows what it
   * was decided on, and nobody may see what a power cut could still take back.
   *
   * @throws AtedbError STORAGE_FAILED, SERVER_DRAINING: what it was decided on may never have been.
   */
  async settled(): Promise<void> {
    // A chain in trouble refuses for that alone.
    if (this.log.trouble === undefined) await this.#whenDurable(this.#state.nextCommit - 1);
  }

  /** What a writer must know to go on; waits until all that it sent is durable. */
  async writerStanding(writerId: Buffer): Promise<WriterStanding> {
    const writer = this.#state.writer(writerId);
    if (writer === undefined) return { nextCounter: 0, lastSeal: undefined };
    const { nextCounter, lastCommit } = writer;
    await this.#whenDurable(lastCommit);
    const { run } = await this.log.readCommit(lastCommit);
    return { nextCounter, lastSeal: parseSealOfRun(run).bytes };
  }

  /**
   * Sequence of the newest event of an object. Waits until that is durable.
   *
   * @returns undefined where there is none.
   * @throws AtedbError STORAGE_FAILED, CHAIN_DAMAGED.
   */
  async newestOf(primaryKey: Buffer): Promise<number | undefined> {
    for (;;) {
      const { head, nextSequence } = this.log.durable;
      const newest = await this.#keys.newest(this.log, primaryKey);
      if (newest === undefined || newest < nextSequence) return newest;
      await this.log.waitDurable(head.size, neverAborted);
    }
  }

  /** Find children of an object, the first so many in their order. @throws AtedbError STORAGE_FAILED, CHAIN_DAMAGED. */
  childrenOf(query: ChildQuery, countMax: number): Promise<ChildrenPage> {
    return findChildren({ log: this.log, keys: this.#keys }, query, countMax);
  }

  /** Make what is queued durable, and release everything. Never rejects: what can't be written is in the log's trouble. */
  async close(): Promise<void> {
    // Either may wait for the other one.
    const why = new AtedbError('SERVER_DRAINING', 'the chain is being closed. Try again later');
    await Promise.all([this.eraser.close(), this.compaction.stop(why)]);
    await this.log.close();
    await this.#keys.written();
  }

  #answerTo(batch: Batch): Answer | undefined {
    return this.#state.answerTo(batch.seal);
  }

  #again(answer: Answer): SubmittedBatch {
    const { commit } = parseCommitHeader(answer.commitHeader);
    return {
      isRetry: true,
      sealHash: answer.sealHash,
      commitHeader: answer.commitHeader,
      durable: this.#whenDurable(commit).then(() => this.log.durable.head),
    };
  }

  /** Wait until a commit that has its place is durable. @throws AtedbError STORAGE_FAILED, SERVER_DRAINING. */
  async #whenDurable(commit: number): Promise<void> {
    if (this.log.durable.head.size > commit) return;
    if (this.log.trouble !== undefined) {
      // CHAIN_READ_ONLY would say that it isn't stored, and it may be: recovery will tell.
      throw new AtedbError(
        'STORAGE_FAILED',
        `whether commit ${commit} is stored is not known: ${this.log.trouble}. Send the same batch again later`,
      );
    }
    await this.log.waitDurable(commit, neverAborted);
  }

  async #rootAt(size: number): Promise<Buffer> {
    return this.log.tree.recentRoot(size) ?? (await this.log.tree.rootAt(size));
  }
}
