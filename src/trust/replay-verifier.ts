import { AtedbError } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import {
  type Batch,
  type CommitView,
  commitLeaf,
  type Genesis,
  parseBatch,
  type SliceBatch,
  splitSlice,
  type TreeHead,
} from '../event/index.ts';
import { checkBatch } from './check-batch.ts';
import { LatestWriters } from './latest-writers.ts';
import { checkPreconditions } from './preconditions.ts';
import { RecentKeys } from './recent-keys.ts';
import { RecentRoots } from './recent-roots.ts';
import { allowedKey, type KeyTable, keyTable, verifySignatures } from './signatures.ts';
import { type VouchedBy, vouchedBy } from './vouching.ts';

/** A batch that was verified, with its commit. */
export interface VerifiedBatch {
  readonly batch: Batch;
  readonly commit: CommitView;
  /** Whether its writer's own signature is on it, or the server of a centralized chain alone says that it is its. */
  readonly vouchedBy: VouchedBy;
}

/** Where a replay starts: the state of the tree there. */
export interface ReplayStart {
  /** Number of the first commit. */
  readonly commit: number;
  /** Sequence of the first event. */
  readonly sequence: number;
  /** Frontier of the tree of the commits before: 32 bytes each, largest subtree first. */
  readonly frontier: readonly Buffer[];
}

interface Writer {
  nextCounter: number;
  lastSealHash: Buffer;
  asOf: TreeHead | undefined;
}

/**
 * Verifies a replay by itself, trusting nobody: the strict form, hashes, the chain of seals, counters,
 * signatures, conditions, sequences, times and the tree. Whoever reads feeds it slices in order.
 *
 * A replay that starts in the middle takes each writer's first batch there as it comes; the tree ties it to the
 * history before. Whether the start belongs to the chain is the caller's to check, by a consistency proof.
 */
export class ReplayVerifier {
  readonly genesis: Genesis;
  readonly #keys: KeyTable;
  readonly #frontier: Frontier;
  readonly #fromGenesis: boolean;
  readonly #writers = new Map<string, Writer>();
  readonly #latest = new LatestWriters();
  readonly #objects = new RecentKeys();
  /** What seals say that their writers have verified is checked against it. */
  readonly #roots: RecentRoots;
  #nextSequence: number;
  #timeUnixMs = 0;

  constructor(genesis: Genesis, start: ReplayStart = { commit: 0, sequence: 0, frontier: [] }) {
    this.genesis = genesis;
    this.#keys = keyTable(genesis.roots);
    this.#frontier = Frontier.from(start.commit, [...start.frontier]);
    this.#roots = new RecentRoots(this.#frontier);
    this.#fromGenesis = start.commit === 0;
    this.#nextSequence = start.sequence;
  }

  /** Number of the commit that comes next. */
  get nextCommit(): number {
    return this.#frontier.size;
  }

  /** Sequence of the event that comes next. */
  get nextSequence(): number {
    return this.#nextSequence;
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

  /** As `verify`, for a slice that was split before. */
  async verifyBatches(stored: readonly SliceBatch[]): Promise<VerifiedBatch[]> {
    const verified: VerifiedBatch[] = [];
    // A writer's signature covers all its batches before, through the chain of seals: its last one here is enough.
    const lastSigned = new Map<string, VerifiedBatch>();
    for (const { run, commit } of stored) {
      const one = at(commit.commit, () => this.#step(run, commit));
      verified.push(one);
      const { seal } = one.batch;
      if (one.vouchedBy === 'writer') lastSigned.set(seal.writerId.toString('hex'), one);
      if (seal.signatures.length > 1) await this.#verifySignatures(one);
    }
    await Promise.all([...lastSigned.values()].map((one) => this.#verifySignatures(one)));
    return verified;
  }

  async #verifySignatures(one: VerifiedBatch): Promise<void> {
    try {
      await verifySignatures(one.batch.seal, this.#keys);
    } catch (error) {
      throw failed(one.commit.commit, error);
    }
  }

  #step(run: Buffer, commit: CommitView): VerifiedBatch {
    const batch = parseBatch(run);
    const isGenesis = checkBatch(batch) !== undefined;
    const vouched = vouchedBy(batch, this.genesis.trustMode);
    if (vouched === 'server') allowedKey(batch.seal.fingerprint, this.#keys);
    this.#checkPlace(batch, commit, isGenesis);
    this.#checkWriter(batch);
    const { seal } = batch;
    const id = seal.writerId.toString('hex');
    checkPreconditions(seal.preconditions, {
      firstSequence: commit.firstSequence,
      events: commit.events,
      endOfOthers: this.#latest.endOfOthers(id),
      endOfOthersOn: (condition) => this.#objects.endOfOthersOn(condition, seal.writerId),
    });
    this.#roots.append(commitLeaf(commit.headerBytes));
    this.#checkTreeRoot(commit);
    this.#writers.set(id, {
      nextCounter: seal.counter + 1,
      lastSealHash: seal.hash,
      // Copied: it lies in a whole slice.
      asOf: seal.asOf && { ...seal.asOf, root: Buffer.from(seal.asOf.root) },
    });
    this.#nextSequence = commit.firstSequence + commit.events;
    this.#objects.add(batch, commit.firstSequence);
    this.#latest.wrote(id, this.#nextSequence);
    this.#timeUnixMs = commit.timeUnixMs;
    return { batch, commit, vouchedBy: vouched };
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

  #checkWriter(batch: Batch): void {
    const { seal } = batch;
    const writer = this.#writers.get(seal.writerId.toString('hex'));
    if (writer === undefined) {
      if (this.#fromGenesis && seal.counter !== 0) {
        throw new Violation(`its writer starts at counter ${seal.counter}`);
      }
    } else if (seal.counter !== writer.nextCounter || !seal.previous?.equals(writer.lastSealHash)) {
      throw new Violation(`counter ${seal.counter} doesn't continue its writer's chain of seals`);
    }
    this.#checkAsOf(seal.asOf, writer?.asOf);
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

/** What is wrong with a commit, before it is known which one. */
class Violation extends Error {}

function at<T>(commit: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw failed(commit, error);
  }
}

function failed(commit: number, error: unknown): unknown {
  if (!(error instanceof Violation) && !(error instanceof AtedbError)) return error;
  return new AtedbError(
    'VERIFICATION_FAILED',
    `commit ${commit} does not verify: ${error.message}. Nothing of it was used; the server, or its copy of the chain, can't be trusted`,
    { metadata: { commit: String(commit) }, cause: error },
  );
}

function splitOrFail(slice: Buffer): SliceBatch[] {
  try {
    return splitSlice(slice);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `a slice of the log is not valid: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
