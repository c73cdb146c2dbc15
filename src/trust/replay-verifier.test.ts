import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { seededRandom } from '../../test/support/seed.ts';
import { TestChain } from '../../test/support/test-chain.ts';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { Frontier, frontierAt, KeyPair } from '../crypto/index.ts';
import { commitLeaf, splitSlice } from '../event/index.ts';
import type { VerifiedBatch } from './replay-types.ts';
import { ReplayVerifier } from './replay-verifier.ts';

let chain: TestChain;

beforeEach(async () => {
  chain = await TestChain.create();
});

async function grow(batches: number, writer = chain.writer): Promise<void> {
  for (let index = 0; index < batches; index += 1) {
    const { run } = await writer.batch([testEvent(`a${index}`), testEvent(`b${index}`)]);
    chain.accept(run);
  }
}

async function expectViolation(what: RegExp): Promise<void> {
  const verifier = new ReplayVerifier(chain.genesis);
  await expect(verifier.verify(chain.slice())).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
    message: expect.stringMatching(what),
  });
}

/** All of a batch that its reader is handed over. */
function whatCounts({ batch, commit }: VerifiedBatch) {
  const events = batch.events.map(({ headerBytes, data, salt }) => [headerBytes, data, salt]);
  return [batch.seal.hash, commit.headerBytes, events];
}

test('a whole chain verifies, in one slice or in many', async () => {
  await grow(5);
  const whole = new ReplayVerifier(chain.genesis);
  expect(await whole.verify(chain.slice())).toHaveLength(6);
  expect(whole.head()).toEqual(chain.head);
  const pieces = new ReplayVerifier(chain.genesis);
  for (const piece of chain.stored) await pieces.verify(piece);
  expect(pieces.head()).toEqual(chain.head);
  expect(pieces.nextSequence).toBe(11);
});

test('a replay may start anywhere, with the frontier there', async () => {
  await grow(6);
  for (let start = 1; start < chain.stored.length; start += 1) {
    const leaves = chain.stored.flatMap((slice) => splitSlice(slice)).map(({ commit }) => commit);
    const source = (level: number, index: number) => nodeOf(leaves, level, index);
    const verifier = new ReplayVerifier(chain.genesis, {
      commit: start,
      sequence: leaves[start]?.firstSequence ?? 0,
      frontier: frontierAt(source, start),
    });
    await verifier.verify(Buffer.concat(chain.stored.slice(start)));
    expect(verifier.head()).toEqual(chain.head);
  }
});

/** Hash of a perfect subtree, by a replay of its own leaves. */
function nodeOf(leaves: { headerBytes: Buffer }[], level: number, index: number): Buffer {
  const frontier = Frontier.from(0, []);
  const width = 2 ** level;
  for (const leaf of leaves.slice(index * width, (index + 1) * width)) {
    frontier.append(commitLeaf(leaf.headerBytes));
  }
  return frontier.root();
}

test('a batch left out, doubled or out of order is found', async () => {
  await grow(4);
  const { stored } = chain;
  const verify = async (order: number[]) =>
    new ReplayVerifier(chain.genesis).verify(
      Buffer.concat(order.map((index) => stored[index] as Buffer)),
    );
  await expect(verify([0, 1, 3])).rejects.toThrow(
    /commit 3 does not verify: its number is 3, and 2/,
  );
  await expect(verify([0, 1, 1])).rejects.toThrow(/commit 1 does not verify/);
  await expect(verify([0, 2, 1])).rejects.toThrow(/commit 2 does not verify/);
  await expect(verify([1, 2])).rejects.toThrow(/commit 1 does not verify/);
  await expect(verify([0, 1, 2, 3, 4])).resolves.toHaveLength(5);
});

test('a batch of a key that may not write is found', async () => {
  await grow(1, new TestWriter(chain.genesis.chainId));
  await expectViolation(/may not write/);
});

test('a signature of another key under the right name is found', async () => {
  const forger = new TestWriter(chain.genesis.chainId, KeyPair.generate());
  const real = chain.writer.key.publicKey;
  const { run } = await forger.make([testEvent('x')]);
  // The fingerprint of the real key, wherever the forger's stands.
  const forged = Buffer.from(run);
  for (let at = forged.indexOf(forger.key.publicKey.fingerprint); at >= 0; ) {
    real.fingerprint.copy(forged, at);
    at = forged.indexOf(forger.key.publicKey.fingerprint, at);
  }
  chain.accept(forged);
  await expectViolation(/writer id|does not verify/);
});

test('a forged batch inside a slice is found, though only the last signature of a writer is looked at', async () => {
  const { run } = await chain.writer.make([testEvent('real')]);
  const broken = Buffer.from(run);
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  // Forged as the last of its writer: the signature itself is looked at.
  chain.accept(broken);
  await expectViolation(/signature/);
});

test('a batch slipped in between two of a writer breaks its chain of seals', async () => {
  const writer = chain.writer;
  const first = await writer.batch([testEvent('1')]);
  const other = await writer.make([testEvent('forged')]);
  chain.accept(first.run);
  chain.accept(other.run);
  const third = await writer.batch([testEvent('2')]);
  chain.accept(third.run);
  await expectViolation(/chain of seals/);
});

test("another server's lies about a commit are found", async () => {
  const lies: [Parameters<TestChain['accept']>[1], RegExp][] = [
    [{ commit: 7 }, /its number is 7, and 1 was due/],
    [{ firstSequence: 9 }, /first sequence is 9/],
    [{ events: 2 }, /count of events is 2/],
    [{ timeUnixMs: 5 }, /time is before/],
    [{ sealHash: randomBytes(32) }, /another seal/],
    [{ treeRoot: randomBytes(32) }, /tree root/],
  ];
  for (const [lie, what] of lies) {
    chain = await TestChain.create();
    const { run } = await chain.writer.batch([testEvent('x')]);
    chain.accept(run, lie);
    await expectViolation(what);
  }
});

test('a batch of another chain is found', async () => {
  const foreign = new TestWriter(randomBytes(32), chain.writer.key);
  chain.accept((await foreign.batch([testEvent('x')])).run);
  await expectViolation(/another chain/);
});

test('a condition that did not hold is found', async () => {
  await grow(1);
  const other = new TestWriter(chain.genesis.chainId, chain.writer.key);
  const preconditions = [{ kind: 'chain_unchanged', sinceSequence: 1 } as const];
  chain.accept((await other.batch([testEvent('x')], { preconditions })).run);
  await expectViolation(/another writer changed the chain/);
});

test('a head that a writer has seen and the chain never had is found', async () => {
  await grow(2);
  const asOf = { size: 2, root: randomBytes(32) };
  chain.accept((await chain.writer.batch([testEvent('x')], { asOf })).run);
  await expectViolation(/another head of 2 commits/);
});

test('and is found, too, where the server says no root of that size, and where it is old', async () => {
  const asOf = { size: 2, root: randomBytes(32) };
  for (const between of [0, 5, 70]) {
    chain = await TestChain.create();
    for (let index = 0; index < 2 + between; index += 1) {
      chain.accept((await chain.writer.batch([testEvent('x')])).run, { treeRoot: null });
    }
    chain.accept((await chain.writer.batch([testEvent('x')], { asOf })).run, { treeRoot: null });
    await expectViolation(/another head of 2 commits/);
  }
});

test('a writer that names two heads of one size is found', async () => {
  await grow(2);
  const asOf = chain.heads[1] as { size: number; root: Buffer };
  chain.accept((await chain.writer.batch([testEvent('x')], { asOf })).run);
  await new ReplayVerifier(chain.genesis).verify(chain.slice());
  const other = { ...asOf, root: randomBytes(32) };
  chain.accept((await chain.writer.batch([testEvent('x')], { asOf: other })).run);
  await expectViolation(/another head of 2 commits/);
});

test('a writer that starts with a later counter, or goes back, is found', async () => {
  const other = new TestWriter(chain.genesis.chainId, chain.writer.key);
  const late = await other.make([testEvent('x')], { counter: 4, previous: randomBytes(32) });
  chain.accept(late.run);
  await expectViolation(/starts at counter 4/);
});

test('a changed byte of a chain is found: one of five, begun anywhere, and in the long run each', async () => {
  await grow(2);
  const step = rounds({ short: 5, long: 1 });
  const slice = chain.slice();
  const expected = await new ReplayVerifier(chain.genesis).verify(slice);
  const signatures = expected.map(({ batch }) => batch.seal.signatures[0]?.signature as Buffer);
  // What is long, and all of a kind inside, is not changed byte for byte in either.
  const long = [
    ...signatures.map((signature) => [signature.byteOffset - slice.byteOffset, signature.length]),
    ...chain.genesis.roots.map(({ kem }) => [
      slice.indexOf(kem?.bytes ?? slice),
      kem?.bytes.length,
    ]),
  ] as [start: number, length: number][];
  /** The byte to change after this one; the first one behind what is long is always among them. */
  const after = (at: number) => {
    const within = long.find(([start, length]) => at >= start && at < start + length);
    return within === undefined ? at + step : Math.min(at + 211, within[0] + within[1]);
  };
  const first = seededRandom().between(0, step - 1);
  for (let at = first; at < slice.length; at = after(at)) {
    const changed = Buffer.from(slice);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const verifier = new ReplayVerifier(chain.genesis);
    const outcome = await verifier.verify(changed).catch((error: Error) => error);
    if (outcome instanceof Error) continue;
    // Left are the fields that are for storage only, and signatures that a later one of the writer covers.
    expect(outcome.map(whatCounts), `byte ${at}`).toEqual(expected.map(whatCounts));
  }
});

test('the server alone may vouch for batches of a centralized chain, and only of keys that may write', async () => {
  const centralized = await TestChain.create({ trustMode: 'centralized' });
  const { writer } = centralized;
  for (const signers of [[], [writer.key], []]) {
    const { run, sealHash } = await writer.make([testEvent('x')], {}, signers);
    writer.counter += 1;
    writer.previous = sealHash;
    centralized.accept(run);
  }
  const verified = await new ReplayVerifier(centralized.genesis).verify(centralized.slice());
  expect(verified.map(({ vouchedBy }) => vouchedBy)).toEqual([
    'writer',
    'server',
    'writer',
    'server',
  ]);
  const stranger = new TestWriter(centralized.genesis.chainId, KeyPair.generate());
  centralized.accept((await stranger.make([testEvent('y')], {}, [])).run);
  await expect(
    new ReplayVerifier(centralized.genesis).verify(centralized.slice()),
  ).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
    message: expect.stringMatching(/may not write/),
  });
});

test('a signature that was taken off a batch of a distributed chain is missed', async () => {
  const distributed = await TestChain.create({ trustMode: 'distributed' });
  distributed.accept((await distributed.writer.make([testEvent('x')], {}, [])).run);
  await expect(
    new ReplayVerifier(distributed.genesis).verify(distributed.slice()),
  ).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
    message: expect.stringMatching(/no signature/),
  });
});

test('a condition on an object is checked again, from where the replay starts', async () => {
  const other = new TestWriter(chain.genesis.chainId, chain.writer.key, randomBytes(16));
  const primaryKey = randomBytes(16);
  const on = (sinceSequence: number) => ({
    preconditions: [{ kind: 'key_unchanged', primaryKey, sinceSequence } as const],
  });
  // Sequence 1 is the first writer's, 2 and 3 are the other's; the writer's own don't count.
  chain.accept((await chain.writer.batch([testEvent('1', { primaryKey })])).run);
  const events = [testEvent('2', { primaryKey }), testEvent('3')];
  chain.accept((await other.batch(events, on(2))).run);
  chain.accept((await other.batch([testEvent('4', { primaryKey })], on(2))).run);
  chain.accept((await chain.writer.batch([testEvent('5', { primaryKey })], on(5))).run);
  await new ReplayVerifier(chain.genesis).verify(chain.slice());

  const broken = await chain.writer.batch([testEvent('6')], on(4));
  chain.accept(broken.run);
  await expectViolation(/commit 5 .*another writer changed the object .* at sequence 4/);
  // A replay that starts behind what broke it can't know.
  const leaves = chain.stored.flatMap((slice) => splitSlice(slice)).map(({ commit }) => commit);
  const source = (level: number, index: number) => nodeOf(leaves, level, index);
  for (const [start, knows] of [[3, true] as const, [4, false] as const]) {
    const verifier = new ReplayVerifier(chain.genesis, {
      commit: start,
      sequence: leaves[start]?.firstSequence ?? 0,
      frontier: frontierAt(source, start),
    });
    const verified = verifier.verify(Buffer.concat(chain.stored.slice(start)));
    if (knows) await expect(verified).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
    else expect(await verified).toHaveLength(2);
  }
});
