import { consistencyProof, inclusionProof, nodeHash } from '../../src/crypto/index.ts';
import { commitLeaf, eventPath, parseBatch, splitSlice } from '../../src/event/index.ts';
import type { Proof } from '../../src/proof/index.ts';
import { TestChain } from './test-chain.ts';
import { type TestGenesisOptions, testEvent } from './test-writer.ts';

/** A small chain in memory, and proofs of it that no server has made. */
export class ProofWorld {
  readonly chain: TestChain;

  private constructor(chain: TestChain) {
    this.chain = chain;
  }

  /** A chain of a genesis and five batches, of one to five events. */
  static async create(options: TestGenesisOptions = {}): Promise<ProofWorld> {
    const chain = await TestChain.create(options);
    for (let batch = 1; batch <= 5; batch += 1) {
      const events = Array.from({ length: batch }, (_, at) => testEvent(`${batch}.${at}`));
      chain.accept((await chain.writer.batch(events, { asOf: chain.head })).run);
    }
    return new ProofWorld(chain);
  }

  /** @param options.size of the tree to prove against; default: the head's. Of an older one a newer tree proves the size. */
  proof(
    options: { sequence?: number; fromSize?: number; withData?: boolean; size?: number } = {},
  ): Proof {
    const { sequence, fromSize, withData = false } = options;
    const { chain } = this;
    const stored = splitSlice(chain.slice());
    const leaves = stored.map(({ commit }) => commitLeaf(commit.headerBytes));
    const source = (level: number, index: number): Buffer =>
      level === 0
        ? (leaves[index] as Buffer)
        : nodeHash(source(level - 1, 2 * index), source(level - 1, 2 * index + 1));
    const whole = leaves.length;
    const { size = whole } = options;
    const [first] = stored;
    const found = stored.find(
      ({ commit }) =>
        sequence !== undefined &&
        sequence >= commit.firstSequence &&
        sequence < commit.firstSequence + commit.events,
    );
    const last = stored.at(-1);
    if (first === undefined || last === undefined) throw new Error('a chain has a genesis');
    const batch = found && parseBatch(found.run);
    const index = (sequence ?? 0) - (found?.commit.firstSequence ?? 0);
    const event = batch?.eventAt(index);
    return {
      genesis: {
        run: first.run,
        commitHeader: first.commit.headerBytes,
        inclusion: inclusionProof(source, 0, size),
      },
      head: chain.heads[size - 1] as Proof['head'],
      last: {
        commitHeader: last.commit.headerBytes,
        inclusion: inclusionProof(source, whole - 1, whole),
      },
      newer:
        size === whole
          ? undefined
          : { head: chain.head, consistency: consistencyProof(source, size, whole) },
      checkpoint: undefined,
      event: found &&
        batch &&
        event && {
          sequence: sequence ?? 0,
          header: event.headerBytes,
          content: withData && event.salt ? { salt: event.salt, data: event.data } : undefined,
          path: eventPath(batch, index),
          seal: batch.seal.bytes,
          keys: [],
          commitHeader: found.commit.headerBytes,
          inclusion: inclusionProof(source, found.commit.commit, size),
        },
      older:
        fromSize === undefined
          ? undefined
          : {
              head: chain.heads[fromSize - 1] as Proof['head'],
              consistency: consistencyProof(source, fromSize, size),
            },
    };
  }
}
