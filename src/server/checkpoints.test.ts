import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Chain } from '../chain/index.ts';
import { KeyPair, NoteKeyPair } from '../crypto/index.ts';
import { certifyCheckpointKeys, verifyCheckpoint } from '../trust/index.ts';
import { Checkpoints } from './checkpoints.ts';
import type { SigningLimits } from './signing-queue.ts';

const keys = NoteKeyPair.generate();
const signer = await certifyCheckpointKeys(keys.publicKeys, KeyPair.generate());
const neverAborted = new AbortController().signal;

/** A chain of which only the head is looked at. */
class ToyChain {
  readonly genesis: { readonly chainId: Buffer };
  readonly log: { durable: { head: { size: number; root: Buffer } }; lostEnd: object | undefined };

  constructor(id: number) {
    this.genesis = { chainId: Buffer.alloc(32, id) };
    this.log = { durable: { head: { size: 1, root: Buffer.alloc(32) } }, lostEnd: undefined };
  }

  grow(): number {
    const { head } = this.log.durable;
    this.log.durable = { head: { size: head.size + 1, root: Buffer.alloc(32, head.size) } };
    return head.size;
  }

  get chain(): Chain {
    return this as unknown as Chain;
  }
}

const checkpointsOf = (now: () => number = Date.now, limits?: SigningLimits) =>
  new Checkpoints({ keys, signer, now, limits });

test('time never goes back, though the clock does', async () => {
  let now = 1_700_000_000_000;
  const checkpoints = checkpointsOf(() => now);
  const times: number[] = [];
  for (const id of [1, 2, 3]) {
    const toy = new ToyChain(id);
    const { note } = (await checkpoints.current(toy.chain)) ?? { note: '' };
    times.push((await verifyCheckpoint(note, toy.genesis.chainId, signer)).timeUnixS);
    now -= id === 1 ? 5_000 : -9_000;
  }
  expect(times).toEqual([1_700_000_000, 1_700_000_000, 1_700_000_004]);
});

test('many who open a chain at once share one signature', async () => {
  const checkpoints = checkpointsOf();
  const { chain } = new ToyChain(1);
  const all = await Promise.all(Array.from({ length: 50 }, () => checkpoints.current(chain)));
  expect(new Set(all.map((one) => one?.note)).size).toBe(1);
});

test('who waits for a commit gets the first checkpoint that covers it, a second after the last', async () => {
  const checkpoints = checkpointsOf();
  const toy = new ToyChain(1);
  const wait = (commit: number) =>
    checkpoints.covering(toy.chain, commit, { urgency: 'asked', signal: neverAborted });
  expect((await wait(0)).head.size).toBe(1);
  const began = performance.now();
  const commit = toy.grow();
  const [first, second] = await Promise.all([wait(commit), wait(commit)]);
  expect(performance.now() - began).toBeGreaterThan(900);
  expect(first.note).toBe(second.note);
  expect(first.head.size).toBe(2);
});

test('who is gone waits no more, and nothing is signed for nobody', async () => {
  const checkpoints = checkpointsOf();
  const toy = new ToyChain(1);
  await checkpoints.current(toy.chain);
  const commit = toy.grow();
  const gone = new AbortController();
  const waiting = checkpoints.covering(toy.chain, commit, { urgency: 'told', signal: gone.signal });
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  await delay(1_100);
  // Signed only now, and so with the head of now.
  toy.grow();
  expect((await checkpoints.current(toy.chain))?.head.size).toBe(3);
});

test('chains that grow at once, and are followed, are signed in turn, each of them', async () => {
  const checkpoints = checkpointsOf(Date.now, { atOnceMax: 2, toldPerSecondMax: 40 });
  const toys = Array.from({ length: 20 }, (_, id) => new ToyChain(id));
  const began = performance.now();
  const told = toys.map((toy) =>
    checkpoints.covering(toy.chain, 0, { urgency: 'told', signal: neverAborted }),
  );
  // Who opens one meanwhile doesn't wait for those.
  const last = toys.at(-1) as ToyChain;
  await checkpoints.current(last.chain);
  expect(performance.now() - began).toBeLessThan(400);
  await Promise.all(told);
  expect(performance.now() - began).toBeGreaterThan(18 * 25 - 5);
});

test('a chain that has lost its end is not signed, and whoever waits for that waits on', async () => {
  const checkpoints = checkpointsOf();
  const toy = new ToyChain(1);
  toy.log.lostEnd = {};
  expect(await checkpoints.current(toy.chain)).toBeUndefined();
  const signal = AbortSignal.timeout(100);
  await expect(
    checkpoints.covering(toy.chain, 0, { urgency: 'asked', signal }),
  ).rejects.toMatchObject({ name: 'TimeoutError' });
});
