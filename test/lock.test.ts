import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AtedbClient,
  type Chain,
  childPrimaryKey,
  KeyPair,
  type Lease,
  type OpenOptions,
  primaryKeyFromName,
} from '../src/client/index.ts';
import { rounds } from './support/scale.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Locks, by clients and a server that are real.

const chainKey = 'team/locks';
const job = { name: 'job' };
const ttlMs = 500;
/** As many milliseconds as the notice of a lost lease may take on a busy machine. */
const noticeMs = 5_000;
const stranger = KeyPair.generate();

let server: TestServer;
let proxy: TcpProxy;
const clients: AtedbClient[] = [];

beforeEach(async () => {
  server = await TestServer.start();
  proxy = await TcpProxy.start(() => server.address);
  const chain = await open();
  await chain.append({ data: 'first' });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** A chain by a client of its own. */
async function open(
  address = server.address,
  key = testKey,
  { of = chainKey, ...options }: OpenOptions & { readonly of?: string } = {},
): Promise<Chain> {
  const client = await testClient(address);
  clients.push(client);
  return client.open(of, { key, forAppend: true, reconnectMs: noticeMs, ...options });
}

async function lost(lease: Lease): Promise<unknown> {
  if (!lease.signal.aborted) await once(lease.signal, 'abort');
  return lease.signal.reason;
}

/** Whether a promise is settled soon. */
async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return Promise.race([promise.then(() => true), sleep(ms, false)]);
}

test('one holds it, others wait in order, and each has a larger token than all before', async () => {
  const chains = [await open(), await open(), await open()];
  const [first, second, third] = chains as [Chain, Chain, Chain];
  const held = await first.lock(job);
  expect(held.primaryKey).toEqual(primaryKeyFromName('job'));
  const order: string[] = [];
  const waiting = second.lock(job).then((lease) => {
    order.push('second');
    return lease;
  });
  await expect(third.lock(job, { wait: false })).rejects.toMatchObject({
    reason: 'LOCK_HELD',
    metadata: { ahead: expect.stringMatching(/^[12]$/) },
  });
  await sleep(50);
  const last = third.lock(job).then((lease) => {
    order.push('third');
    return lease;
  });
  expect(await settlesWithin(Promise.race([waiting, last]), 100)).toBe(false);
  expect(held.isHeld).toBe(true);
  await held.release();
  expect(held.isHeld).toBe(false);
  const next = await waiting;
  expect(order).toEqual(['second']);
  await next.release();
  const other = await last;
  expect([next.token > held.token, other.token > next.token]).toEqual([true, true]);
  expect(held.signal.aborted).toBe(false);
});

test('a loser, a stranger and whoever waits no more take nothing from whoever holds it', async () => {
  const holder = await open();
  const held = await holder.lock(job);
  const other = await open();
  await expect(other.lock(job, { wait: false })).rejects.toMatchObject({ reason: 'LOCK_HELD' });
  await expect(other.lock(job, { timeoutMs: 100 })).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
  });
  const giveUp = new AbortController();
  const waiting = other.lock(job, { signal: giveUp.signal });
  setTimeout(() => giveUp.abort(new Error('enough')), 50);
  await expect(waiting).rejects.toThrow('enough');
  // A client that goes away with all that it has.
  const leaver = await open();
  const elsewhere = await leaver.lock({ name: 'another job' });
  const left = leaver.lock(job).catch(() => undefined);
  await leaver.close();
  await left;
  expect(await lost(elsewhere)).toMatchObject({ reason: 'REQUEST_INVALID' });
  const nobody = await open(server.address, stranger);
  await expect(nobody.lock(job)).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  await holder.append({ data: 'still mine', ...job }, { lease: held });
  expect(held.isHeld).toBe(true);
  // What it had left waiting is gone: the next one has it at once.
  await held.release();
  await (await other.lock(job)).release();
});

test('what names a lease is refused from when it was given up, though it was sent before anybody else came', async () => {
  const chain = await open();
  const { primaryKey, token } = await chain.lock(job);
  const lease = { primaryKey, token };
  await expect(
    chain.append({ data: 'x' }, { lease: { ...lease, token: token + 1 } }),
  ).rejects.toMatchObject({
    reason: 'LEASE_LOST',
    metadata: { token: String(token + 1), primary_key: primaryKey.toString('hex') },
  });
  const wrongObject = { primaryKey: primaryKeyFromName('x'), token };
  await expect(chain.append({ data: 'x' }, { lease: wrongObject })).rejects.toMatchObject({
    reason: 'LEASE_LOST',
  });
  await chain.append({ data: 'held' }, { lease });
  await chain.close();
  const again = await open();
  await expect(again.append({ data: 'late' }, { lease })).rejects.toMatchObject({
    reason: 'LEASE_LOST',
  });
});

test('a holder whose connection is cut has lost it, is told, and wakes up too late to write', async () => {
  const cut = await open(proxy.address);
  const held = await cut.lock(job);
  const other = await open();
  const waiting = other.lock(job);
  const isLost = lost(held);
  proxy.cut();
  expect(await isLost).toMatchObject({ reason: 'CONNECTION_FAILED' });
  const next = await waiting;
  expect(next.token).toBeGreaterThan(held.token);
  await other.append({ data: 'new holder', ...job }, { lease: next });
  // It says by itself that it is late; and the server says so to one that doesn't know.
  await expect(cut.append({ data: 'late', ...job }, { lease: held })).rejects.toBe(
    held.signal.reason,
  );
  const { primaryKey, token } = held;
  await expect(
    cut.append({ data: 'late', ...job }, { lease: { primaryKey, token } }),
  ).rejects.toMatchObject({ reason: 'LEASE_LOST' });
  // It is connected again, and holds nothing by that.
  await expect(cut.lock(job, { wait: false })).rejects.toMatchObject({ reason: 'LOCK_HELD' });
});

test.each([
  ['in clear', { of: chainKey, confidential: false }],
  ['sealed', { of: 'team/sealed', confidential: true }],
])(
  'an append %s that waits while the lease dies is sent all the same, and refused by the server',
  async (_how, options) => {
    const other = await open(server.address, testKey, options);
    if (options.confidential) await other.setReaders([]);
    const late = await open(proxy.address, testKey, options);
    await late.append({ data: 'in time', ...job });
    const held = await late.lock(job, { ttlMs });
    const waiting = other.lock(job);
    // Nothing comes through any more, and no other way there is found, until somebody else has written.
    proxy.refuse(true);
    proxy.silence();
    expect(held.isHeld).toBe(true);
    const queued = late.append({ data: 'too late', ...job }, { lease: held });
    const refused = queued.then(
      () => 'it was taken',
      (error: unknown) => error,
    );
    await lost(held);
    const next = await waiting;
    await other.append({ data: 'new holder', ...job }, { lease: next });
    proxy.refuse(false);
    proxy.cut();
    expect(await refused).toMatchObject({
      reason: 'LEASE_LOST',
      metadata: { token: String(held.token) },
    });
    // What doesn't name it goes its way, and is behind both.
    await late.append({ data: 'without', ...job });
    const written = (await all(other.read())).filter(({ kind }) => kind === 'data');
    expect(written.map(({ data }) => String(data)).slice(-3)).toEqual([
      'in time',
      'new holder',
      'without',
    ]);
  },
);

test('a holder that goes silent loses it after its time, and says so itself before the server does', async () => {
  const frozen = await open(proxy.address);
  const held = await frozen.lock(job, { ttlMs });
  const other = await open();
  // It is alive for longer than that.
  expect(await settlesWithin(lost(held), 3 * ttlMs)).toBe(false);
  let lostFirst: string | undefined;
  const isLost = lost(held).then(() => {
    lostFirst ??= 'holder';
  });
  const waiting = other.lock(job).then((lease) => {
    lostFirst ??= 'server';
    return lease;
  });
  proxy.silence();
  const next = await waiting;
  await isLost;
  expect(lostFirst).toBe('holder');
  expect(held.signal.reason).toMatchObject({ reason: 'CONNECTION_FAILED' });
  expect(next.token).toBeGreaterThan(held.token);
});

test('a restart of the server ends all leases; who waits, waits on, and tokens go on rising', async () => {
  const tokens: number[] = [];
  const holder = await open(proxy.address);
  const waiter = await open(proxy.address);
  let held = await holder.lock(job);
  tokens.push(held.token);
  const waiting = waiter.lock(job);
  await sleep(50);
  await server.restart();
  expect(await lost(held)).toMatchObject({
    reason: expect.stringMatching(/^(SERVER_DRAINING|CONNECTION_FAILED)$/),
  });
  held = await waiting;
  tokens.push(held.token);
  for (let round = 0; round < 2; round += 1) {
    await held.release();
    await server.restart();
    held = await holder.lock(job);
    tokens.push(held.token);
  }
  expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
});

test('whoever loses the right to the object loses the lease, and the wait for it', async () => {
  const owner = await open();
  const worker = KeyPair.generate();
  const write = [testKey.publicKey, worker.publicKey];
  await owner.append({ name: 'job', data: '1', write });
  const working = await open(server.address, worker);
  const held = await working.lock(job);
  await working.append({ name: 'job', data: '2' }, { lease: held });
  const waiting = (await open(server.address, worker)).lock(job).catch((error) => error);
  await sleep(50);
  await owner.append({ name: 'job', kind: 'rules', write: [testKey.publicKey] });
  expect(await lost(held)).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect(await waiting).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  await (await owner.lock(job, { wait: false })).release();
  // A key that is revoked counts nowhere.
  await owner.append({ name: 'other', data: '', write: [testKey.publicKey, worker.publicKey] });
  const again = await working.lock({ name: 'other' });
  await owner.append({ kind: 'key_change', keyChange: { key: worker.publicKey } });
  expect(await lost(again)).toMatchObject({ reason: 'KEY_REVOKED' });
});

test('whoever may write a parent may lock a child that is not there yet, and nothing else', async () => {
  const owner = await open();
  const worker = KeyPair.generate();
  const queue = primaryKeyFromName('queue');
  await owner.append({ name: 'queue', data: '', write: [worker.publicKey] });
  const working = await open(server.address, worker);
  const lease = await working.lock({ name: 'task', parent: queue });
  expect(lease.primaryKey).toEqual(childPrimaryKey(queue, primaryKeyFromName('task')));
  await working.append({ name: 'task', parent: queue, data: 'x' }, { lease });
  for (const target of [primaryKeyFromName('elsewhere'), { name: 'task' }]) {
    await expect(working.lock(target)).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  }
  expect(lease.isHeld).toBe(true);
});

test('waits that are given up at any moment leave nothing behind', async () => {
  const chain = await open();
  for (let round = 0; round < rounds({ short: 10, long: 500 }); round += 1) {
    const held = await chain.lock(job);
    const ends = [1, 2, 3].map(() => new AbortController());
    const waits = ends.map(({ signal }) => chain.lock(job, { signal }).catch(() => undefined));
    await sleep(Math.random() * 30);
    for (const end of ends) end.abort(new Error('enough'));
    expect(await Promise.all(waits)).toEqual([undefined, undefined, undefined]);
    await held.release();
    // Well before any of them would be found silent.
    await (await chain.lock(job, { timeoutMs: noticeMs })).release();
  }
});

test('nothing is lost of what several count up together under a lock', async () => {
  const counters = [await open(), await open(proxy.address), await open()];
  const times = 4;
  const countUp = async (chain: Chain) => {
    for (let round = 0; round < times; round += 1) {
      await using lease = await chain.lock({ name: 'counter' });
      const before = await chain.get({ name: 'counter' });
      const value = Number(before?.data?.toString() ?? 0) + 1;
      await chain.append({ name: 'counter', data: String(value) }, { lease });
    }
  };
  await Promise.all(counters.map(countUp));
  const last = await (counters[0] as Chain).get({ name: 'counter' });
  expect(last?.data?.toString()).toBe(String(times * counters.length));
});

test('whoever may add objects to the chain may lock one that is not there, and loses it when it is', async () => {
  const owner = await open();
  await owner.append({ kind: 'rules', add: 'everyone' });
  const adder = await open(server.address, stranger);
  const label = primaryKeyFromName('mine');
  const lease = await adder.lock({ label });
  expect(lease.primaryKey).toEqual(childPrimaryKey(undefined, label));
  await expect(adder.lock({ name: 'mine' })).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  await expect(adder.lock(lease.primaryKey)).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  await adder.append({ label, data: 'x', publicKeys: [stranger.publicKey] }, { lease });
  // Who may add may not write what is there.
  expect(await lost(lease)).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect((await owner.lock({ label }, { wait: false })).token).toBeGreaterThan(lease.token);
});

test('a chain that is not there can not be locked, nor an object by half a key', async () => {
  const chain = await open();
  await expect(chain.lock(Buffer.alloc(15))).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  for (const wrong of [499, 600_001]) {
    await expect(chain.lock(job, { ttlMs: wrong })).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
      metadata: { field: 'ttl_ms' },
    });
  }
  const client = await testClient(server.address);
  clients.push(client);
  const nowhere = await client.open('team/nowhere', { key: testKey, forAppend: true });
  await expect(nowhere.lock(job)).rejects.toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
});
