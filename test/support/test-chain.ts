import { Frontier, type PublicKey } from '../../src/crypto/index.ts';
import {
  commitLeaf,
  encodeCommit,
  encodeCommitHeader,
  type Genesis,
  parseBatch,
  parseGenesis,
  type TreeHead,
} from '../../src/event/index.ts';
import { keyTable } from '../../src/trust/index.ts';
import { type TestGenesisOptions, type TestWriter, testGenesis } from './test-writer.ts';

/** A chain in memory that accepts whatever it is given, for tests of those who read it. */
export class TestChain {
  readonly genesis: Genesis;
  readonly writer: TestWriter;
  /** Each batch with its commit. */
  readonly stored: Buffer[] = [];
  readonly frontier = Frontier.from(0, []);
  readonly heads: TreeHead[] = [];
  nextSequence = 0;
  timeUnixMs = 1_700_000_000_000;

  private constructor(genesis: Genesis, writer: TestWriter) {
    this.genesis = genesis;
    this.writer = writer;
  }

  static async create(options: TestGenesisOptions = {}): Promise<TestChain> {
    const { header, writer, batch } = await testGenesis(options);
    const chain = new TestChain(parseGenesis(header), writer);
    chain.accept(batch.run);
    return chain;
  }

  /** A chain that another genesis has begun. */
  static of(header: Buffer, run: Buffer, writer: TestWriter): TestChain {
    const chain = new TestChain(parseGenesis(header), writer);
    chain.accept(run);
    return chain;
  }

  get keys(): ReadonlyMap<string, PublicKey> {
    return keyTable(this.genesis.roots);
  }

  get head(): TreeHead {
    return { size: this.frontier.size, root: this.frontier.root() };
  }

  /** Store a batch, with any part of its commit chosen otherwise. */
  accept(
    run: Buffer,
    lies: Partial<{
      commit: number;
      firstSequence: number;
      events: number;
      timeUnixMs: number;
      sealHash: Buffer;
      /** null: not said at all. */
      treeRoot: Buffer | null;
    }> = {},
  ): void {
    const { seal } = parseBatch(run);
    const { treeRoot, ...header } = lies;
    this.timeUnixMs += 1;
    const headerBytes = encodeCommitHeader({
      commit: this.frontier.size,
      firstSequence: this.nextSequence,
      events: seal.events,
      timeUnixMs: this.timeUnixMs,
      sealHash: seal.hash,
      ...header,
    });
    this.frontier.append(commitLeaf(headerBytes));
    const commit = encodeCommit({
      run,
      header: headerBytes,
      treeRoot: treeRoot === null ? undefined : (treeRoot ?? this.frontier.root()),
      durableOffset: 100,
    });
    this.stored.push(Buffer.concat([run, commit]));
    this.nextSequence += seal.events;
    this.heads.push(this.head);
  }

  /** All of it, as one slice. */
  slice(): Buffer {
    return Buffer.concat(this.stored);
  }
}
