import { Frontier, type PublicKey } from '../crypto/index.ts';
import {
  type Batch,
  type CommitView,
  commitLeaf,
  type Gap,
  type Genesis,
  parseBatch,
  subtreesOfGap,
  type TreeHead,
} from '../event/index.ts';
import { verifyHeld } from './auth-answer.ts';
import { Authority } from './authority.ts';
import type { AuthorityRecord } from './authority-record.ts';
import { checkBatch } from './check-batch.ts';
import { checkOmitted } from './check-omitted.ts';
import { checkRedactions } from './check-redactions.ts';
import type { ReplayPlace } from './forgotten.ts';
import { claimedServer, genesisSigners, isFromServer } from './from-server.ts';
import type { KeyRing } from './key-ring.ts';
import { LatestWriters } from './latest-writers.ts';
import { OwedData, refuseUnallowed } from './owed-data.ts';
import { checkPreconditions } from './preconditions.ts';
import { RecentKeys } from './recent-keys.ts';
import { RecentRoots } from './recent-roots.ts';
import { at, type Step, Violation, verifyStep, within } from './replay-steps.ts';
import type {
  FindKey,
  ReplayedWriters,
  ReplayOptions,
  ReplayStart,
  RulesFrom,
  VerifiedBatch,
} from './replay-types.ts';
import { WritersOfReplay } from './replay-writers.ts';
import { floorNone, type RetentionFloor, raiseFloor } from './retention.ts';
import { issuerOfShown } from './shown-delegations.ts';
import { type KeyTable, keyTable } from './signatures.ts';
import { keysOfSigners, signersOf } from './signers.ts';
import { splitOrFail } from './split-slice.ts';
import type { StoredBatch } from './stored-batch.ts';
import { vouchedBy } from './vouching.ts';

/**
 * Verifies a replay by itself, trusting nobody: the strict form, hashes, the chain of seals, counters,
 * signatures, conditions, sequences, times and the tree. Whoever reads feeds it slices in order.
 *
 * A replay that starts in the middle, and isn't told of what came before, takes each writer's first batch there as it comes; the
 * tree ties it to the history before. Whether the start belongs to the chain is the caller's to check, by a consistency proof.
 */
export class ReplayVerifier {
  readonly genesis: Genesis;
  /** What is still to come, since data is gone. Who comes to the head with something left was lied to. */
  readonly owed: OwedData;
  readonly #refusesUnallowed: boolean;
  readonly #dataUpTo: number | undefined;
  /** Undefined: who may do what isn't known, and that events are allowed isn't checked. */
  #authority: Authority | undefined;
  readonly #rules: RulesFrom | undefined;
  /** The keys that signatures are verified with. */
  #keys: KeyRing;
  readonly #findKey: FindKey | undefined;
  /** Who may do what, as it was after so many changes. */
  #record: { readonly changes: number; readonly record: AuthorityRecord } | undefined;
  readonly #frontier: Frontier;
  readonly #allSignatures: boolean;
  readonly #writers: WritersOfReplay;
  readonly #proveExtends: ReplayOptions['proveExtends'];
  readonly #latest = new LatestWriters();
  readonly #objects = new RecentKeys();
  /** What seals say that their writers have verified is checked against it. */
  readonly #roots: RecentRoots;
  #nextSequence: number;
  #timeUnixMs = 0;
  /** What the chain's rules for retention have let go, as far as it is known who may do what. */
  #retained: RetentionFloor;

  constructor(
    genesis: Genesis,
    start: ReplayStart = { commit: 0, sequence: 0, frontier: [] },
    options: ReplayOptions = {},
  ) {
    this.genesis = genesis;
    const { authority, rules } = start;
    this.#rules = rules;
    if (start.commit === 0) this.#authority = Authority.of(genesis);
    else if (authority !== undefined) this.#authority = new Authority(authority);
    this.#keys = (this.#authority ?? Authority.of(genesis)).keys;
    this.#findKey = start.findKey;
    this.#allSignatures = options.allSignatures === true;
    this.owed = options.owed ?? new OwedData();
    this.owed.forgotten.begins(start.sequence, start.keptTo);
    this.#refusesUnallowed = options.owed === undefined;
    this.#dataUpTo = options.dataUpTo;
    this.#frontier = Frontier.from(start.commit, [...start.frontier]);
    this.#roots = new RecentRoots(this.#frontier);
    this.#writers = new WritersOfReplay(start.commit === 0);
    this.#proveExtends = options.proveExtends;
    this.#nextSequence = start.sequence;
    this.#retained = start.retained ?? floorNone;
  }

  /** Number of the commit that comes next. */
  get nextCommit(): number {
    return this.#frontier.size;
  }

  /** Sequence of the event that comes next. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Hashes of the perfect subtrees of all that was verified, largest first; 32 bytes each. */
  frontier(): readonly Buffer[] {
    return this.#frontier.hashes();
  }

  /** Whether it is checked that events are allowed: by all that came before, from the chain's first batch on. */
  get checksRules(): boolean {
    return this.#authority !== undefined;
  }

  /** What the chain's rules for retention have let go so far, where it is known who may do what. */
  get retained(): RetentionFloor {
    return this.#retained;
  }

  /** Number of objects that have a parent or rules, where it is known who may do what. */
  get ruledObjects(): number {
    return this.#authority?.objects ?? 0;
  }

  /** Who may do what after all that was verified, for a replay that goes on from there. */
  authority(): AuthorityRecord | undefined {
    const authority = this.#authority;
    if (authority === undefined) return undefined;
    const { changes } = authority;
    // It seldom changes, and may be large.
    if (this.#record?.changes !== changes) this.#record = { changes, record: authority.record() };
    return this.#record.record;
  }

  /** All writers so far, where it is known who may do what. Changes as the replay goes on. */
  get writers(): ReplayedWriters {
    return this.#writers.all;
  }

  /** The writers that wrote since this was called last. */
  takeWrote(): ReplayedWriters {
    return this.#writers.takeWrote();
  }

  /** A public key that was shown so far, by the hexadecimal of its fingerprint. */
  findKey(fingerprint: string): PublicKey | undefined {
    return this.#keys.find(fingerprint);
  }

  /** The head of all that was verified. */
  head(): TreeHead {
    return { size: this.#frontier.size, root: this.#frontier.root() };
  }

  /** The root that the tree had at a size; undefined for one before the start, or too long ago. */
  rootAt(size: number): Buffer | undefined {
    return this.#roots.rootAt(size);
  }

  /**
   * Verify the next slice: whole batches with their commits, oldest first.
   *
   * @returns its batches. Nothing is returned of a slice that doesn't verify as a whole.
   * @throws AtedbError VERIFICATION_FAILED, saying which commit and what is wrong with it.
   */
  async verify(slice: Buffer): Promise<VerifiedBatch[]> {
    return this.verifyBatches(splitOrFail(slice));
  }

  /**
   * As `verify`, for a slice that was split before, and of which some may have been checked ahead. What asking for a key fails with leaves it as
   * it was: the same slice may be verified again.
   */
  async verifyBatches(stored: readonly StoredBatch[]): Promise<VerifiedBatch[]> {
    const parsed = await this.#learnStrangers(stored);
    const steps: Step[] = [];
    // A writer's signature covers all its batches before, through the chain of seals: its last one here is enough.
    const lastSigned = new Map<string | number, Step>();
    for (const [index, { gap, run, commit, ahead }] of stored.entries()) {
      const checked = ahead && (await ahead);
      at(commit.commit, () => this.#startRules());
      if (gap !== undefined) await this.#passGap(gap, commit);
      const batch = checked ?? parsed[index] ?? at(commit.commit, () => parseBatch(run));
      if (checked === undefined) at(commit.commit, () => this.#check(batch));
      const step = at(commit.commit, () => this.#step(batch, commit, gap));
      steps.push(step);
      const { seal } = batch;
      const who = this.#allSignatures ? commit.commit : seal.writerIdHex;
      const last = step.coversLast ? undefined : lastSigned.get(who);
      if (last !== undefined) await verifyStep(last);
      if (seal.signatures.length > 0) lastSigned.set(who, step);
      // What is said of keys is covered by no seal: each is verified.
      const isByItself = seal.signatures.length > 1 || step.issuer !== undefined;
      if (isByItself) await verifyStep(step);
      const held = verifyHeld(batch, this.genesis);
      if (held !== undefined) await within(commit.commit, held);
    }
    await Promise.all([...lastSigned.values()].map(verifyStep));
    if (this.#refusesUnallowed) refuseUnallowed(this.owed.takeUnallowed());
    return steps.map(({ verified }) => verified);
  }

  /** Check what a batch says about itself, and that no data is missing that was not asked to be left out. */
  #check(batch: Batch): void {
    const dataUpTo = this.#dataUpTo;
    checkBatch(batch, dataUpTo === undefined ? 'stored' : 'trimmed');
    if (dataUpTo !== undefined) checkOmitted(batch, dataUpTo);
  }

  /** Know who may do what, where that is known from here on. */
  #startRules(): void {
    const rules = this.#rules;
    if (this.#authority !== undefined || rules?.head.size !== this.#frontier.size) return;
    if (!rules.head.root.equals(this.#frontier.root())) {
      throw new Violation('what comes before it is another history than the one that was verified');
    }
    this.#startWith(rules);
  }

  #startWith(rules: RulesFrom): void {
    this.#authority = new Authority(rules.authority);
    this.#keys = this.#authority.keys;
    this.#retained = rules.retained ?? floorNone;
    this.owed.forgotten.goesOn(rules.missingBelow ?? 0);
    // So that a batch of before, sent once more as a new one, is known.
    this.#writers.know(rules.writers);
  }

  /** Go on behind commits that are gone, or before a batch of which events are. */
  async #passGap(gap: Gap, { commit, headerBytes }: CommitView): Promise<void> {
    const before = this.#frontier.size;
    at(commit, () => {
      this.owed.forgotten.gap(gap, this.#place());
      for (const { hash, level } of subtreesOfGap(gap, before)) {
        // Copied: it lies in a whole slice.
        this.#roots.appendSubtree(Buffer.from(hash), level);
      }
      this.#nextSequence += gap.events;
    });
    const rules = this.#authority === undefined ? this.#rules : undefined;
    const isPassed = rules && rules.head.size > before && rules.head.size < this.#frontier.size;
    if (isPassed && this.#proveExtends !== undefined) {
      const next = this.#frontier.clone();
      next.append(commitLeaf(headerBytes));
      const newer = { size: next.size, root: next.root() };
      await within(commit, this.#proveExtends(rules.head, newer));
      // What is gone has changed nothing of who may do what, or there is no snapshot that says so.
      this.#startWith(rules);
    } else at(commit, () => this.#startRules());
    if (gap.commits > 0) this.owed.forgotten.reached(this.#place());
  }

  #place(): ReplayPlace {
    return {
      size: this.#frontier.size,
      nextSequence: this.#nextSequence,
      timeUnixMs: this.#timeUnixMs,
      root: () => this.#frontier.root(),
      writers: () => this.#writers.seals,
    };
  }

  /**
   * Ask for the keys of signers that nobody has shown, where it isn't known what came before: all of them before anything changes, since
   * the server may be lost meanwhile. @returns the batches that were looked at.
   */
  async #learnStrangers(stored: readonly StoredBatch[]): Promise<readonly Batch[]> {
    const batches: Batch[] = [];
    const rulesFrom = this.#rules?.head.size ?? Number.POSITIVE_INFINITY;
    if (this.#authority !== undefined || this.#findKey === undefined) return batches;
    for (const { run, commit, ahead } of stored) {
      if (commit.commit >= rulesFrom) break;
      const batch = (ahead && (await ahead)) ?? at(commit.commit, () => parseBatch(run));
      batches.push(batch);
      if (isFromServer(batch)) continue;
      for (const signer of at(commit.commit, () => signersOf(batch))) {
        if (this.#keys.find(signer) !== undefined) continue;
        const key = await this.#findKey(signer);
        // Its fingerprint tells that it is the right one.
        if (key?.fingerprintHex === signer) this.#keys.add(key, []);
      }
    }
    return batches;
  }

  /** What a batch that `checkBatch` has passed is in this chain; its signatures are still to be verified. */
  #step(batch: Batch, commit: CommitView, gap: Gap | undefined): Step {
    const { isGenesis } = batch;
    const vouched = vouchedBy(batch, this.genesis.trustMode);
    const keys = isGenesis ? keyTable(genesisSigners(this.genesis)) : this.#keysOf(batch);
    this.#checkPlace(batch, commit, isGenesis);
    const { forgotten } = this.owed;
    this.#noteGone(batch, commit, gap);
    const { seal } = batch;
    const coversLast = this.#writers.check(seal, forgotten.missingBelow > this.#frontier.size);
    this.#checkAsOf(seal.asOf, this.#writers.find(seal.writerIdHex)?.asOf);
    if (!isGenesis) this.#authority?.horizon.checkFresh(batch);
    const id = seal.writerIdHex;
    checkPreconditions(seal.preconditions, {
      firstSequence: commit.firstSequence,
      events: commit.events,
      endOfOthers: this.#latest.endOfOthers(id),
      endOfOthersOn: (condition) => this.#objects.endOfOthersOn(condition, seal.writerId),
    });
    checkRedactions(batch, commit.firstSequence);
    // Where it isn't known who may do what, what was delegated is not looked at either.
    const issuer = this.#authority && issuerOfShown(batch, this.#keys);
    const chainKey = this.genesis.chainKey.text;
    const { timeUnixMs } = commit;
    if (isGenesis) this.#authority?.checkTakes(timeUnixMs);
    else
      this.#authority?.decide(batch, { timeUnixMs, firstSequence: commit.firstSequence, chainKey });
    this.#roots.append(commitLeaf(commit.headerBytes));
    this.#checkTreeRoot(commit);
    this.#writers.took(seal);
    this.#nextSequence = commit.firstSequence + commit.events;
    this.#objects.add(batch, commit.firstSequence);
    this.owed.add(batch, commit.firstSequence, timeUnixMs);
    this.#latest.wrote(id, this.#nextSequence);
    this.#timeUnixMs = timeUnixMs;
    const { retention } = this.#authority ?? {};
    const end = { nextSequence: this.#nextSequence, timeUnixMs };
    this.#retained = raiseFloor(this.#retained, retention, end);
    this.owed.settleBelow(this.#retained);
    forgotten.reached(this.#place());
    const changes = this.#authority?.lastChanges;
    const verified = { batch, commit, vouchedBy: vouched, gap, changes };
    return { verified, keys, issuer, coversLast };
  }

  /** The keys that a batch is signed by. Of the server's own, where it isn't known what came before, it is the one that it claims to have. */
  #keysOf(batch: Batch): KeyTable {
    if (this.#authority !== undefined) return this.#authority.keysOf(batch);
    if (isFromServer(batch)) return keyTable([claimedServer(batch, this.genesis)]);
    return keysOfSigners(batch, signersOf(batch), this.#keys);
  }

  #checkPlace(batch: Batch, commit: CommitView, isGenesis: boolean): void {
    const expect = (what: string, is: number, due: number) => {
      if (is !== due) throw new Violation(`its ${what} is ${is}, and ${due} was due`);
    };
    expect('number', commit.commit, this.#frontier.size);
    expect('first sequence', commit.firstSequence, this.#nextSequence);
    expect('count of events', commit.events, batch.seal.events);
    if (commit.timeUnixMs < this.#timeUnixMs)
      throw new Violation('its time is before the last one');
    if (!commit.sealHash.equals(batch.seal.hash)) throw new Violation('it is of another seal');
    if (!batch.seal.chainId.equals(this.genesis.chainId)) {
      throw new Violation('its batch is sealed for another chain');
    }
    if (isGenesis !== (commit.commit === 0)) {
      throw new Violation('a genesis is the first batch of a chain, and the first only');
    }
  }

  /** Take note of events that are gone: a gap is there where some are, and there only. */
  #noteGone(batch: Batch, { firstSequence }: CommitView, gap: Gap | undefined): void {
    if (!batch.hasGone) {
      if (gap?.commits === 0) throw new Violation('nothing of it is gone, and a gap says so');
      return;
    }
    if (gap === undefined) throw new Violation('events of it are gone, and no gap says why');
    for (let index = 0; index < batch.count; index += 1) {
      const sequence = firstSequence + index;
      if (batch.isGone(index)) this.owed.forgotten.gone(sequence, sequence + 1);
    }
  }

  /**
   * The head that a writer has verified must be one of this chain. The server need not have said its root: so a history
   * that leaves out what a writer has seen doesn't fit what that writer signed.
   */
  #checkAsOf(asOf: TreeHead | undefined, before: TreeHead | undefined): void {
    const size = asOf?.size ?? 0;
    if (size < (before?.size ?? 0)) {
      throw new Violation('its writer names an older head than before');
    }
    if (size > this.#frontier.size) throw new Violation('its writer names a head that is to come');
    if (asOf === undefined) return;
    const known = size === before?.size ? before.root : this.#roots.rootAt(size);
    if (known !== undefined && !known.equals(asOf.root)) {
      throw new Violation(`its writer has seen another head of ${size} commits`);
    }
  }

  #checkTreeRoot(commit: CommitView): void {
    if (commit.treeRoot === undefined) return;
    const root = this.#frontier.root();
    if (!root.equals(commit.treeRoot))
      throw new Violation('its tree root is another than computed');
  }
}
