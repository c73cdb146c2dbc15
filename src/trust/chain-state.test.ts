import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesKept } from '../../test/support/kept-memory.ts';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import {
  type Batch,
  type Precondition,
  parseBatch,
  parseGenesis,
  type SealView,
} from '../event/index.ts';
import { ChainState } from './chain-state.ts';

const root = KeyPair.generate();

/** What admission looks at, without the cost of signatures: the state never looks at those. */
function batchOf(options: {
  writer: Buffer;
  counter: number;
  events?: number;
  previous?: Buffer;
  asOf?: { size: number; root: Buffer };
  preconditions?: Precondition[];
  hash?: Buffer;
  chainId: Buffer;
}): Batch {
  const seal = {
    chainId: options.chainId,
    writerId: options.writer,
    writerIdHex: options.writer.toString('hex'),
    fingerprint: root.publicKey.fingerprint,
    fingerprintHex: root.publicKey.fingerprintHex,
    counter: options.counter,
    previous: options.previous,
    events: options.events ?? 1,
    asOf: options.asOf,
    preconditions: options.preconditions ?? [],
    hash: options.hash ?? randomBytes(32),
  };
  // Without events: what those may do is for the tests of `Authority`.
  return {
    seal,
    isGenesis: false,
    count: 0,
    sealKeys: () => [],
    delegations: () => [],
  } as unknown as Batch;
}

async function freshState() {
  const { header, batch } = await testGenesis({ roots: [root] });
  const state = new ChainState(parseGenesis(header));
  const genesis = parseBatch(batch.run);
  state.admit(genesis, { timeUnixMs: 1, asOfRoot: undefined });
  place(state, genesis);
  return state;
}

function place(state: ChainState, batch: Batch): void {
  state.apply(batch.seal, {
    commit: state.nextCommit,
    firstSequence: state.nextSequence,
    timeUnixMs: state.timeUnixMs + 1,
    commitHeader: randomBytes(8),
  });
}

function verdict(state: ChainState, batch: Batch, asOfRoot?: Buffer): string {
  try {
    state.admit(batch, { timeUnixMs: 1, asOfRoot });
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
  return 'accepted';
}

test('counters rise by one, along the chain of seals', async () => {
  const state = await freshState();
  const { chainId } = state.genesis;
  const writer = randomBytes(32);
  expect(verdict(state, batchOf({ chainId, writer, counter: 1 }))).toBe('COUNTER_GAP');
  const first = batchOf({ chainId, writer, counter: 0 });
  expect(verdict(state, first)).toBe('accepted');
  place(state, first);
  expect(verdict(state, batchOf({ chainId, writer, counter: 0 }))).toBe('WRITER_FORKED');
  expect(verdict(state, batchOf({ chainId, writer, counter: 1, previous: randomBytes(32) }))).toBe(
    'WRITER_FORKED',
  );
  expect(verdict(state, batchOf({ chainId, writer, counter: 2 }))).toBe('COUNTER_GAP');
  const second = batchOf({ chainId, writer, counter: 1, previous: first.seal.hash });
  expect(verdict(state, second)).toBe('accepted');
});

test('another chain, and a second genesis, are refused', async () => {
  const state = await freshState();
  const foreign = batchOf({ chainId: randomBytes(32), writer: randomBytes(32), counter: 0 });
  expect(verdict(state, foreign)).toBe('CHAIN_ID_MISMATCH');
  const { batch } = await testGenesis();
  expect(verdict(state, parseBatch(batch.run))).toBe('CHAIN_EXISTS');
});

test('an answer is kept for the last 128 batches of each writer', async () => {
  const state = await freshState();
  const { chainId } = state.genesis;
  const writer = randomBytes(32);
  const seals: SealView[] = [];
  for (let counter = 0; counter < 130; counter += 1) {
    const previous = seals.at(-1)?.hash;
    const batch = batchOf({ chainId, writer, counter, ...(previous ? { previous } : {}) });
    expect(verdict(state, batch)).toBe('accepted');
    place(state, batch);
    seals.push(batch.seal);
  }
  const answered = seals.map((seal) => state.answerTo(seal)?.sealHash);
  expect(answered).toEqual([undefined, undefined, ...seals.slice(2).map(({ hash }) => hash)]);
  for (const counter of [129, 130, 131]) {
    expect(state.answerTo(batchOf({ chainId, writer, counter }).seal)).toBe(undefined);
  }
});

test('an answer takes its own size, and not that of memory which its bytes happened to share', async () => {
  const state = await freshState();
  const { chainId } = state.genesis;
  const last = batchOf({ chainId, writer: randomBytes(32), counter: 0 });
  const kept = bytesKept(1_000, (index) => {
    // As they come: in small buffers that share memory with others.
    const pooled = () => Buffer.allocUnsafe(80).fill(index);
    const writer = pooled().subarray(0, 32);
    const { seal } = index === 999 ? last : batchOf({ chainId, writer, counter: 0 });
    state.apply(
      { ...seal, hash: index === 999 ? seal.hash : pooled().subarray(0, 32) },
      { commit: index + 1, firstSequence: index + 1, timeUnixMs: 1, commitHeader: pooled() },
    );
    state.settled(index + 2);
  });
  expect(kept).toBeLessThan(2_000_000);
  expect(state.answerTo(last.seal)?.commitHeader).toEqual(Buffer.alloc(80, 999));
});

test('the head that a writer names was one of the chain, and never shrinks', async () => {
  const state = await freshState();
  const { chainId } = state.genesis;
  const writer = randomBytes(32);
  const treeRoot = randomBytes(32);
  const first = batchOf({ chainId, writer, counter: 0, asOf: { size: 2, root: treeRoot } });
  expect(verdict(state, first, undefined)).toBe('AS_OF_INVALID');
  expect(verdict(state, first, randomBytes(32))).toBe('AS_OF_INVALID');
  expect(verdict(state, first, treeRoot)).toBe('accepted');
  place(state, first);
  const next = { chainId, writer, counter: 1, previous: first.seal.hash };
  expect(verdict(state, batchOf(next))).toBe('AS_OF_INVALID');
  expect(verdict(state, batchOf({ ...next, asOf: { size: 1, root: treeRoot } }), treeRoot)).toBe(
    'AS_OF_INVALID',
  );
  expect(verdict(state, batchOf({ ...next, asOf: { size: 2, root: treeRoot } }), treeRoot)).toBe(
    'accepted',
  );
});

test('conditions are decided as a slow oracle does, and a state that was stored decides the same', async () => {
  const base = await freshState();
  const { chainId } = base.genesis;
  const writers = [0, 1, 2].map(() => randomBytes(32));
  const step = fc.record({
    writer: fc.nat({ max: 2 }),
    events: fc.integer({ min: 1, max: 4 }),
    condition: fc.option(
      fc.oneof(
        fc.record({
          kind: fc.constant('chain_unchanged' as const),
          sinceSequence: fc.nat({ max: 30 }),
        }),
        fc.record({
          kind: fc.constant('lands_before' as const),
          sequence: fc.integer({ min: 1, max: 40 }),
        }),
      ),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let state = new ChainState(base.genesis, base.record());
      /** Who wrote each sequence; the genesis is a stranger's. */
      const owners: (Buffer | undefined)[] = [undefined];
      const last = new Map<Buffer, { counter: number; hash: Buffer }>();
      for (const { writer: index, events, condition } of steps) {
        const writer = writers[index] as Buffer;
        const before = last.get(writer);
        const batch = batchOf({
          chainId,
          writer,
          counter: (before?.counter ?? -1) + 1,
          events,
          ...(before ? { previous: before.hash } : {}),
          ...(condition ? { preconditions: [condition] } : {}),
        });
        const holds =
          condition === undefined ||
          (condition.kind === 'chain_unchanged'
            ? owners.every((owner, at) => at < condition.sinceSequence || owner === writer)
            : owners.length + events <= condition.sequence);
        expect(verdict(state, batch)).toBe(holds ? 'accepted' : 'PRECONDITION_FAILED');
        if (!holds) continue;
        place(state, batch);
        owners.push(...Array(events).fill(writer));
        last.set(writer, { counter: batch.seal.counter, hash: batch.seal.hash });
        state = new ChainState(base.genesis, state.record());
      }
    }),
    { numRuns: 200 },
  );
});

test('a batch of a stranger is refused', async () => {
  const state = await freshState();
  const stranger = new TestWriter(state.genesis.chainId);
  const { run } = await stranger.batch([testEvent('x')]);
  expect(verdict(state, parseBatch(run))).toBe('KEY_NOT_ALLOWED');
});
