import { create, fromBinary } from '@bufbuild/protobuf';
import { DataState, EventSchema, SealSchema } from '../../../gen/atedb/v1/event_pb.js';
import { frame } from '../../../src/bytes/index.ts';
import {
  consistencyProof,
  frontierAt,
  inclusionProof,
  type KeyPair,
  type NodeSource,
  nodeHash,
  type PublicKey,
  rootOf,
} from '../../../src/crypto/index.ts';
import {
  type BuiltEvent,
  commitLeaf,
  encodeCommit,
  encodeCommitHeader,
  eventPath,
  type Genesis,
  type ParsedDelegation,
  parseBatch,
  parseGenesis,
  parseSealOfRun,
  runFields,
  type TreeHead,
  writerIdOf,
} from '../../../src/event/index.ts';
import { toPublicKey } from '../../../src/server/methods/to-message.ts';
import { type GoneData, withoutData } from '../gone.ts';
import {
  type TestBatchOptions,
  type TestGenesisOptions,
  TestWriter,
  testGenesis,
} from '../test-writer.ts';

interface Stored {
  readonly run: Buffer;
  readonly header: Buffer;
  readonly commit: Buffer;
  readonly firstSequence: number;
}

/** How a batch is made. */
export interface ForgedBatch extends TestBatchOptions {
  /** Default: the writer's key. None: the server alone vouches for it. */
  readonly signers?: readonly KeyPair[];
  readonly shown?: readonly PublicKey[];
  /** Delegations that its seal shows. */
  readonly delegations?: readonly ParsedDelegation[];
}

/** A history that somebody makes up: batches of any writers, commits and trees that are consistent in themselves. Nothing is checked. */
export class ForgedChain {
  readonly genesis: Genesis;
  readonly #stored: Stored[];
  readonly #writers: Map<KeyPair, TestWriter>;
  readonly shownKeys: PublicKey[];
  readonly #made = new Map<number, Buffer>();
  timeUnixMs = 1_700_000_000_000;

  private constructor(
    genesis: Genesis,
    stored: readonly Stored[],
    writers: ReadonlyMap<KeyPair, TestWriter>,
    shownKeys: readonly PublicKey[],
  ) {
    this.genesis = genesis;
    this.#stored = [...stored];
    this.#writers = new Map(writers);
    this.shownKeys = [...shownKeys];
  }

  static async create(options: TestGenesisOptions & { roots: readonly KeyPair[] }) {
    const { header, writer, batch, roots } = await testGenesis(options);
    const writers = new Map([[roots[0] as KeyPair, writer]]);
    const chain = new ForgedChain(parseGenesis(header), [], writers, []);
    chain.accept(batch.run);
    return chain;
  }

  /** The same history, or its first commits, to be gone on with otherwise. */
  copy(size = this.size): ForgedChain {
    const stored = this.#stored.slice(0, size);
    const other = new ForgedChain(this.genesis, stored, new Map(), this.shownKeys);
    other.timeUnixMs = this.timeUnixMs;
    for (const [key, { chainId, salt, identity }] of this.#writers) {
      const { nextCounter, lastSeal } = other.writerState(writerIdOf(identity));
      const previous = lastSeal && parseSealOfRun(frame(runFields.seal, lastSeal)).hash;
      const writer = Object.assign(new TestWriter(chainId, key, salt), {
        counter: nextCounter,
        previous,
      });
      other.#writers.set(key, writer);
    }
    return other;
  }

  get size(): number {
    return this.#stored.length;
  }

  get nextSequence(): number {
    return this.sequenceOf(this.size);
  }

  get lastHeader(): Buffer {
    return this.headerOf(this.size - 1);
  }

  /** The writer of a key, who goes on where its last batch here was. */
  writer(key: KeyPair): TestWriter {
    const writer = this.#writers.get(key) ?? new TestWriter(this.genesis.chainId, key);
    this.#writers.set(key, writer);
    return writer;
  }

  /** Append events as their writer would. */
  async append(key: KeyPair, events: readonly BuiltEvent[], options: ForgedBatch = {}) {
    const writer = this.writer(key);
    const { signers = [key], shown, delegations, ...batch } = options;
    const made = await writer.make(events, batch, signers, shown, delegations);
    writer.counter += 1;
    writer.previous = made.sealHash;
    this.shownKeys.push(key.publicKey, ...(shown ?? []));
    this.accept(made.run);
    return made;
  }

  /** Append events as their writer would; of the batch that is stored some have lost their data. */
  async appendGone(
    key: KeyPair,
    events: readonly BuiltEvent[],
    goneOf: (index: number) => GoneData | undefined,
    options: ForgedBatch = {},
  ): Promise<void> {
    const { run } = await this.append(key, events, options);
    this.#stored.pop();
    this.#made.set(this.size, run);
    this.accept(withoutData(run, goneOf));
  }

  /** Store a batch, whatever it is. */
  accept(run: Buffer): void {
    const { seal } = parseBatch(run);
    this.timeUnixMs += 1;
    const firstSequence = this.nextSequence;
    const header = encodeCommitHeader({
      commit: this.size,
      firstSequence,
      events: seal.events,
      timeUnixMs: this.timeUnixMs,
      sealHash: seal.hash,
    });
    const commit = encodeCommit({ run, header, treeRoot: undefined, durableOffset: 100 });
    this.#stored.push({ run, header, commit, firstSequence });
  }

  /** A batch as it was made, that has lost data since. */
  madeAt(commit: number): Buffer {
    return this.#made.get(commit) as Buffer;
  }

  /** A batch as it was sent. */
  runAt(commit: number): Buffer {
    return (this.#stored[commit] as Stored).run;
  }

  slice(from: number, end: number): Buffer {
    return Buffer.concat(this.#stored.slice(from, end).flatMap(({ run, commit }) => [run, commit]));
  }

  headerOf(commit: number): Buffer {
    return (this.#stored[commit] as Stored).header;
  }

  /** Sequence that a commit begins with, or the next one would. */
  sequenceOf(commit: number): number {
    const before = this.#stored[commit - 1];
    if (before === undefined) return 0;
    return before.firstSequence + parseBatch(before.run).count;
  }

  /** The commit that holds a sequence; the next one, for one beyond. */
  commitAt(sequence: number): number {
    const at = this.#stored.findLastIndex(({ firstSequence }) => firstSequence <= sequence);
    return sequence >= this.nextSequence ? this.size : Math.max(0, at);
  }

  newestOf(primaryKey: Buffer): number {
    for (let commit = this.size - 1; commit > 0; commit -= 1) {
      const batch = parseBatch(this.runAt(commit));
      for (let index = batch.count - 1; index >= 0; index -= 1) {
        const { kind, primaryKey: about } = batch.eventAt(index).header;
        if ((kind === 'data' || kind === 'tombstone') && about?.equals(primaryKey)) {
          return this.sequenceOf(commit) + index;
        }
      }
    }
    return 0;
  }

  head(size = this.size): TreeHead {
    return { size, root: rootOf(this.frontier(size)) };
  }

  frontier(size: number): Buffer[] {
    return frontierAt(this.#source, size);
  }

  inclusion(commit: number, size: number): Buffer[] {
    return inclusionProof(this.#source, commit, size);
  }

  consistency(first: number, second: number): Buffer[] {
    return first > second ? [] : consistencyProof(this.#source, first, second);
  }

  /** Where a writer stands. */
  writerState(writerId: Buffer): { nextCounter: number; lastSeal: Buffer | undefined } {
    const seals = this.#stored.map(({ run }) => parseBatch(run).seal);
    const last = seals.findLast((seal) => seal.writerId.equals(writerId));
    return { nextCounter: last === undefined ? 0 : last.counter + 1, lastSeal: last?.bytes };
  }

  eventProof(sequence: number, size: number, keys: readonly PublicKey[]) {
    const commit = this.commitAt(sequence);
    const batch = parseBatch(this.runAt(commit));
    const index = sequence - this.sequenceOf(commit);
    const { headerBytes } = batch.eventAt(index);
    const signers = batch.seal.signatures.map(({ fingerprint }) => fingerprint);
    const shown = keys.filter((key) => signers.some((signer) => signer.equals(key.fingerprint)));
    return {
      event: create(EventSchema, {
        header: headerBytes,
        dataState: batch.isGenesis ? DataState.UNSPECIFIED : DataState.OMITTED,
      }),
      path: eventPath(batch, index),
      seal: fromBinary(SealSchema, batch.seal.bytes),
      commitHeader: this.headerOf(commit),
      inclusion: this.inclusion(commit, size),
      keys: [...new Map(shown.map((key) => [key.fingerprintHex, key])).values()].map(toPublicKey),
    };
  }

  readonly #source: NodeSource = (level, index) =>
    level === 0
      ? commitLeaf(this.headerOf(index))
      : nodeHash(this.#source(level - 1, 2 * index), this.#source(level - 1, 2 * index + 1));
}
