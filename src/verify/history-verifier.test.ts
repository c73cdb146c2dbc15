import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { type GoneData, withoutData } from '../../test/support/gone.ts';
import { TestChain } from '../../test/support/test-chain.ts';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { forgedChain, verify } from '../../test/support/verify-world.ts';
import { KeyPair } from '../crypto/index.ts';
import { splitSlice } from '../event/index.ts';
import { HistoryVerifier, Violations } from './index.ts';

// Files that are whole, around batches that no honest server would have taken.

const key = KeyPair.generate();
let chain: TestChain;

beforeEach(async () => {
  chain = await TestChain.create({ trustMode: 'distributed', roots: [key] });
});

/** Batches that are as they should be. */
async function grow(batches: number, writer = chain.writer): Promise<void> {
  for (let index = 0; index < batches; index += 1) {
    chain.accept((await writer.batch([testEvent('a'), testEvent('b')])).run);
  }
}

async function accept(make: (writer: TestWriter) => Promise<{ run: Buffer }>): Promise<void> {
  chain.accept((await make(chain.writer)).run);
}

const runs = () => splitSlice(chain.slice()).map(({ run }) => run);

/** Change bytes of a run, where its framing stays. */
function spoilt(run: Buffer, at: number): Buffer {
  const changed = Buffer.from(run);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

/** The place of a signature's bytes in a run: it ends with one. */
const inSignature = (run: Buffer) => run.length - 100;

const lies: Record<string, { readonly make: () => Promise<void>; readonly what: RegExp }> = {
  'a header that the seal does not cover': {
    make: () =>
      accept(async (writer) => {
        const { run } = await writer.batch([testEvent('a'), testEvent('b')]);
        return { run: spoilt(run, 25) };
      }),
    what: /hash/,
  },
  'data of another hash': {
    make: () =>
      accept(async (writer) => {
        const { run } = await writer.batch([testEvent('a unique text'), testEvent('b')]);
        return { run: spoilt(run, run.indexOf('a unique text')) };
      }),
    what: /event 0: its data does not hash/,
  },
  'a skipped counter': {
    make: () => accept((writer) => writer.batch([testEvent('a')], { counter: writer.counter + 1 })),
    what: /counter \d+ doesn't continue its writer's chain of seals/,
  },
  'another seal before': {
    make: () => accept((writer) => writer.batch([testEvent('a')], { previous: randomBytes(32) })),
    what: /doesn't continue its writer's chain of seals/,
  },
  'a key that may not write': {
    make: async () => {
      const stranger = new TestWriter(chain.genesis.chainId, KeyPair.generate());
      chain.accept((await stranger.batch([testEvent('a')])).run);
    },
    what: /may not write to this chain/,
  },
  'a batch without a signature': {
    make: () =>
      accept(async (writer) => {
        const made = await writer.make([testEvent('a')], {}, []);
        writer.counter += 1;
        writer.previous = made.sealHash;
        return made;
      }),
    what: /the batch has no signature: a distributed chain's batches are signed/,
  },
  'a batch of another chain': {
    make: async () => {
      const other = new TestWriter(randomBytes(32), key);
      chain.accept((await other.batch([testEvent('a')])).run);
    },
    what: /sealed for another chain/,
  },
  'a condition that does not hold': {
    make: () =>
      accept((writer) =>
        writer.batch([testEvent('a')], { preconditions: [{ kind: 'lands_before', sequence: 3 }] }),
      ),
    what: /was to land before 3/,
  },
  'a head that the chain never had': {
    make: () =>
      accept((writer) =>
        writer.batch([testEvent('a')], { asOf: { size: 2, root: randomBytes(32) } }),
      ),
    what: /its writer has seen another head of 2 commits/,
  },
  'a second genesis': {
    make: async () => chain.accept(runs()[0] as Buffer),
    what: /a genesis is the first batch of a chain/,
  },
};

describe.each(Object.entries(lies))('%s', (_name, { make, what }) => {
  test('is a violation with its place, and what comes before and after it verifies', async () => {
    await grow(3);
    await make();
    const bad = chain.head.size - 1;
    const sequence = splitSlice(chain.slice()).at(-1)?.commit.firstSequence;
    await grow(2, new TestWriter(chain.genesis.chainId, key));
    const found = await verify(await forgedChain(runs()));
    expect(found.violations.list).toHaveLength(1);
    const [violation] = found.violations.list;
    expect(violation).toMatchObject({ file: 'segment-00000000.log', commit: bad, sequence });
    expect(violation?.what).toMatch(what);
    expect(violation?.offset).toBeGreaterThan(100);
    expect(found.history?.tally.all.batches).toBe(chain.head.size - 1);
    expect(found.history?.head.size).toBe(chain.head.size);
  });
});

test('several violations are each named, over segments', async () => {
  const { make } = lies['a condition that does not hold'] as (typeof lies)[string];
  await grow(2);
  for (let round = 0; round < 4; round += 1) {
    await make();
    await grow(2);
  }
  const storage = await forgedChain(runs(), { segmentBytesMax: 15_000 });
  const found = await verify(storage);
  expect(found.violations.list.map(({ commit }) => commit)).toEqual([3, 6, 9, 12]);
  expect(new Set(found.violations.list.map(({ file }) => file)).size).toBeGreaterThan(1);
  expect(found.segments).toBeGreaterThan(2);
});

test('a signature that a later one covers is looked at with allSignatures only', async () => {
  await grow(1);
  const { run } = await chain.writer.batch([testEvent('a')]);
  chain.accept(spoilt(run, inSignature(run)));
  const bad = chain.head.size - 1;
  await grow(3);
  const storage = await forgedChain(runs());
  expect((await verify(storage)).violations.list).toEqual([]);
  const all = await verify(storage, { allSignatures: true });
  expect(all.violations.list).toMatchObject([
    { commit: bad, what: expect.stringMatching(/signature of key .* does not verify/) },
  ]);
});

test('the last signature of each writer is looked at always', async () => {
  await grow(2);
  const other = new TestWriter(chain.genesis.chainId, key);
  const { run } = await other.batch([testEvent('a')]);
  chain.accept(spoilt(run, inSignature(run)));
  const bad = chain.head.size - 1;
  await grow(3);
  const found = await verify(await forgedChain(runs()));
  expect(found.violations.list).toMatchObject([{ commit: bad }]);
  expect(found.history?.tally.all.batches).toBe(6);
});

test('of many violations a hundred are kept, and it is said that there are more', async () => {
  const stranger = new TestWriter(chain.genesis.chainId, KeyPair.generate());
  for (let index = 0; index < 99; index += 1) {
    chain.accept((await stranger.make([testEvent('a')])).run);
  }
  const some = await verify(await forgedChain(runs()));
  expect([some.violations.list.length, some.violations.leftOut]).toEqual([99, false]);
  for (let index = 0; index < 2; index += 1) {
    chain.accept((await stranger.make([testEvent('a')])).run);
  }
  const many = await verify(await forgedChain(runs()));
  expect([many.violations.list.length, many.violations.leftOut]).toEqual([100, true]);
});

test('a head that is known must be in it', async () => {
  await grow(5);
  const storage = await forgedChain(runs());
  const { history } = await verify(storage);
  const head = history?.head ?? { size: 0, root: Buffer.alloc(32) };
  expect((await verify(storage, { heads: [head] })).violations.list).toEqual([]);
  for (const [wrong, what] of [
    [{ size: 3, root: head.root }, /a head of 3 commits is known with the root/],
    [{ ...head, size: head.size + 1 }, /a head of 7 commits is known, and there are 6/],
    [{ ...head, root: randomBytes(32) }, /it is another one/],
  ] as const) {
    const { violations } = await verify(storage, { heads: [head, wrong] });
    expect(violations.list).toMatchObject([{ what: expect.stringMatching(what) }]);
  }
});

test('another chain, or another trust mode, than was meant is a violation', async () => {
  const storage = await forgedChain(runs());
  const { chainId } = chain.genesis;
  const meant = { chainId, trustMode: 'distributed' as const };
  expect((await verify(storage, meant)).violations.list).toEqual([]);
  const found = await verify(storage, { chainId: randomBytes(32), trustMode: 'centralized' });
  expect(found.violations.list).toMatchObject([
    { what: expect.stringContaining(`with the id ${chainId.toString('hex')}`) },
    { what: 'it is distributed, and centralized was expected' },
  ]);
});

test('a genesis that its roots have not signed is a violation', async () => {
  await grow(1);
  const [genesis = Buffer.alloc(0), ...others] = runs();
  const storage = await forgedChain([spoilt(genesis, inSignature(genesis)), ...others]);
  const found = await verify(storage, { allSignatures: true });
  expect(found.violations.list).toMatchObject([
    { commit: 0, what: expect.stringMatching(/signature of key .* does not verify/) },
  ]);
});

test('behind a batch that is not where it should be nothing is said', async () => {
  await grow(4);
  const stored = splitSlice(chain.slice());
  const violations = new Violations();
  const verifier = new HistoryVerifier({
    ...{ genesis: chain.genesis, allSignatures: false, violations, mayBeCompacted: false },
    heads: [{ size: 9, root: randomBytes(32) }],
  });
  await verifier.add([...stored.slice(0, 2), ...stored.slice(3)]);
  await verifier.add(stored.slice(4));
  verifier.finish();
  expect(violations.list).toMatchObject([
    { commit: 3, what: expect.stringContaining('2 was due') },
  ]);
});

test('data that is gone is demanded an account of, also behind what does not verify', async () => {
  const primaryKey = Buffer.alloc(16, 7);
  const object = (data: string) => testEvent(data, { primaryKey });
  const gone = async (events: Parameters<TestWriter['batch']>[0], of: GoneData) => {
    const { run } = await chain.writer.batch(events);
    chain.accept(withoutData(run, (index) => (index === 0 ? of : undefined)));
  };
  // Superseded by what comes behind the lie; erased by the redaction there, and by one that isn't.
  await gone([object('one')], { state: 'dropped' });
  await gone([object('two')], { state: 'redacted', redaction: 6 });
  await gone([object('three'), testEvent('b')], { state: 'redacted', redaction: 7 });
  const { run } = await chain.writer.batch([testEvent('bad')]);
  chain.accept(spoilt(run, inSignature(run)));
  const redaction = { redaction: { sequences: [2, 3] } };
  const erasing = testEvent('', { kind: 'redaction', primaryKey, authority: redaction });
  chain.accept((await chain.writer.batch([erasing, object('newer')])).run);
  // Nothing newer of this one is there.
  await gone([testEvent('last of its object')], { state: 'dropped' });
  const { violations, history } = await verify(await forgedChain(runs()), { allSignatures: true });
  expect(violations.list.map(({ sequence, what }) => [sequence, what])).toEqual([
    [3, expect.stringMatching(/event 3 .*by the event at sequence 7, which is no redaction/)],
    [5, expect.stringContaining('does not verify')],
    [8, expect.stringContaining('nothing newer of its object is there')],
  ]);
  expect(history?.tally.gone).toEqual({ forgotten: 0, dropped: 2, redacted: 2, expired: 0 });
});
