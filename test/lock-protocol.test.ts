import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeyPair, signatureContexts } from '../src/crypto/index.ts';
import type { LockProofClaim } from '../src/event/index.ts';
import { LockCall } from './support/lock-call.ts';
import { TestServer } from './support/test-server.ts';
import { testGenesis } from './support/test-writer.ts';

// Lock streams message by message, in both trust modes.

const chainKey = 'team/locks';
const stranger = KeyPair.generate();

interface Case {
  readonly server: TestServer;
  readonly root: KeyPair;
  readonly chainId: Buffer;
}

const cases: Record<'distributed' | 'centralized', Case> = {} as never;
const modes = ['distributed', 'centralized'] as const;

beforeAll(async () => {
  for (const trustMode of modes) {
    const server = await TestServer.start({ trustMode });
    const { identity } = server.running;
    const genesis = await testGenesis({ chainKey, trustMode, server: { publicKey: identity } });
    using client = server.client();
    await client.appendBatch(genesis.batch.run, chainKey);
    const { chainId } = genesis.writer;
    cases[trustMode] = { server, root: genesis.roots[0] as KeyPair, chainId };
  }
});
afterAll(async () => {
  for (const mode of modes) await cases[mode].server[Symbol.asyncDispose]();
});

/** A stream that was told its conversation, and what is to be proven on it. */
async function begun(
  of: Case,
  more: { ttlMs?: number; noWait?: boolean; primaryKey?: Buffer; key?: KeyPair } = {},
) {
  const { primaryKey = randomBytes(16), key = of.root, ...options } = more;
  const call = new LockCall(of.server.address);
  call.want(chainKey, key, primaryKey, options);
  const conversationId = await call.conversation();
  const claim: LockProofClaim = {
    exporter: call.exporter,
    serverFingerprint: of.server.running.identity.fingerprint,
    chainId: of.chainId,
    conversationId,
    fingerprint: key.publicKey.fingerprint,
    primaryKey,
  };
  return { call, claim, key };
}

test.each(modes)('%s: a lock is asked for, proven, kept alive and given up', async (mode) => {
  const of = cases[mode];
  const first = await begun(of);
  using call = first.call;
  await call.prove(first.key, first.claim);
  const granted = await call.answer();
  expect(granted).toMatchObject({ case: 'granted', value: { token: expect.any(BigInt) } });
  call.alive();
  call.alive();
  expect(await call.answer()).toMatchObject({ case: 'alive' });
  expect(await call.answer()).toMatchObject({ case: 'alive' });
  const { primaryKey } = first.claim;
  const second = await begun(of, { primaryKey });
  using other = second.call;
  await other.prove(second.key, second.claim);
  expect(await other.answer()).toMatchObject({ case: 'waiting', value: { ahead: 1 } });
  const third = await begun(of, { primaryKey, noWait: true });
  using impatient = third.call;
  await impatient.prove(third.key, third.claim);
  expect(await impatient.answer()).toBe('LOCK_HELD');
  call.call.end();
  expect(await call.answer()).toBe('end');
  expect(await other.answer()).toMatchObject({ case: 'granted' });
});

test.each(modes)('%s: a proof counts for what it says, and for nothing else', async (mode) => {
  const of = cases[mode];
  const elsewhere = (await begun(of)).claim.conversationId;
  const wrong: Partial<LockProofClaim>[] = [
    { serverFingerprint: randomBytes(32) },
    { chainId: randomBytes(32) },
    { conversationId: elsewhere },
    { fingerprint: stranger.publicKey.fingerprint },
    { primaryKey: randomBytes(16) },
    { exporter: randomBytes(32) },
  ];
  for (const part of wrong) {
    const { call, claim, key } = await begun(of);
    using stream = call;
    await stream.prove(key, { ...claim, ...part });
    expect(await stream.answer(), Object.keys(part)[0]).toBe('SIGNATURE_INVALID');
  }
  for (const context of [signatureContexts.proof, signatureContexts.seal]) {
    const { call, claim, key } = await begun(of);
    using stream = call;
    await stream.prove(key, claim, context);
    expect(await stream.answer()).toBe('SIGNATURE_INVALID');
  }
  // By another key than the one that was said.
  const { call, claim } = await begun(of);
  using stream = call;
  await stream.prove(stranger, claim);
  expect(await stream.answer()).toBe('SIGNATURE_INVALID');
});

test('a stranger is refused before anything is proven', async () => {
  using call = new LockCall(cases.distributed.server.address);
  call.want(chainKey, stranger, randomBytes(16));
  expect(await call.answer()).toBe('KEY_NOT_ALLOWED');
});

test.each([
  ['anything before what is to be locked', (call: LockCall) => call.alive()],
  ['nothing at all', (call: LockCall) => call.send({ chainKey })],
  ['bytes that are no message', (call: LockCall) => call.call.write(Buffer.of(0xff, 0xff))],
])('%s is refused', async (_name, send) => {
  using call = new LockCall(cases.distributed.server.address);
  send(call);
  expect(await call.answer()).toBe('REQUEST_INVALID');
});

test.each([
  ['another object', (call: LockCall, key: KeyPair) => call.want('', key, randomBytes(16))],
  [
    'another chain',
    (call: LockCall) => call.send({ chainKey: 'a/b', message: { case: 'alive', value: {} } }),
  ],
  [
    'a second proof',
    (call: LockCall, key: KeyPair, claim: LockProofClaim) => call.prove(key, claim),
  ],
])('on a stream that has a lock %s is refused, and the lock is free', async (_name, send) => {
  const of = cases.distributed;
  const { call, claim, key } = await begun(of);
  using stream = call;
  await stream.prove(key, claim);
  expect(await stream.answer()).toMatchObject({ case: 'granted' });
  await send(stream, key, claim);
  expect(await stream.answer()).toBe('REQUEST_INVALID');
  const next = await begun(of, { primaryKey: claim.primaryKey, noWait: true });
  using other = next.call;
  await other.prove(key, next.claim);
  expect(await other.answer()).toMatchObject({ case: 'granted' });
});

test('a stream on which nothing comes loses its lease, and its place in the line', async () => {
  const of = cases.distributed;
  const primaryKey = randomBytes(16);
  // Long enough for the others to come on a busy machine.
  const silent = await begun(of, { primaryKey, ttlMs: 1_500 });
  using holder = silent.call;
  await holder.prove(silent.key, silent.claim);
  expect(await holder.answer()).toMatchObject({ case: 'granted' });
  const behind = await begun(of, { primaryKey, ttlMs: 1_600 });
  using waiter = behind.call;
  await waiter.prove(behind.key, behind.claim);
  expect(await waiter.answer()).toMatchObject({ case: 'waiting' });
  const last = await begun(of, { primaryKey });
  using patient = last.call;
  await patient.prove(last.key, last.claim);
  expect(await patient.answer()).toMatchObject({ case: 'waiting', value: { ahead: 2 } });
  expect(await holder.answer()).toBe('LEASE_LOST');
  expect(await waiter.answer()).toMatchObject({ case: 'granted' });
  expect(await waiter.answer()).toBe('LEASE_LOST');
  expect(await patient.answer()).toMatchObject({ case: 'granted' });
});

test('as long as anything comes, the lease stays', async () => {
  const { call, claim, key } = await begun(cases.distributed, { ttlMs: 1_500 });
  using stream = call;
  await stream.prove(key, claim);
  expect(await stream.answer()).toMatchObject({ case: 'granted' });
  for (let round = 0; round < 4; round += 1) {
    await sleep(500);
    stream.alive();
    expect(await stream.answer()).toMatchObject({ case: 'alive' });
  }
});

test('a stream that is cut off before it has proven anything leaves nothing behind', async () => {
  const of = cases.distributed;
  const primaryKey = randomBytes(16);
  for (let round = 0; round < 3; round += 1) {
    const { call, claim, key } = await begun(of, { primaryKey });
    void call.prove(key, claim);
    await sleep(round);
    call[Symbol.dispose]();
  }
  const { call, claim, key } = await begun(of, { primaryKey });
  using stream = call;
  await stream.prove(key, claim);
  const answer = await stream.answer();
  const granted =
    typeof answer !== 'string' && answer.case === 'waiting' ? await stream.answer() : answer;
  expect(granted).toMatchObject({ case: 'granted' });
});
