import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AtedbClient, type Chain, KeyPair } from '../src/client/index.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Deleting chains, by clients and a server that are real.

const chainKey = 'team/doomed';
const other = KeyPair.generate();
let server: TestServer;
const clients: AtedbClient[] = [];

beforeEach(async () => {
  server = await TestServer.start({ segmentBytesMax: 20_000 });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close().catch(() => undefined)));
  await server[Symbol.asyncDispose]();
});

async function open(key = testKey, home: string | null = null, of = chainKey): Promise<Chain> {
  const client = await testClient(server.address, { home });
  clients.push(client);
  return client.open(of, { key, forAppend: true });
}

/** A chain of several segments. */
async function filled(of = chainKey): Promise<Chain> {
  const chain = await open(testKey, null, of);
  for (let count = 0; count < 5; count += 1) await chain.append({ data: randomBytes(8_000) });
  return chain;
}

const names = () => readdirSync(join(server.logsPath, 'team'));

test.each(['distributed', 'centralized'] as const)(
  '%s: a root deletes its chain, and it is gone, also after a restart',
  async (trustMode) => {
    await server[Symbol.asyncDispose]();
    server = await TestServer.start({ trustMode, segmentBytesMax: 20_000 });
    const chain = await filled();
    await (await filled('team/kept')).close();
    expect(names()).toEqual(['doomed.chain', 'kept.chain']);
    const id = chain.chainId;
    await chain.delete();
    expect(names()).toEqual(['kept.chain']);
    await expect(chain.append({ data: 'x' })).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    await server.restart();
    const client = await testClient(server.address);
    clients.push(client);
    await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
    const listed = await all(client.listChains({}));
    expect(listed.map((one) => one.chainKey)).toEqual(['team/kept']);
    await (await open(testKey, null, 'team/kept')).append({ data: 'goes on' });
    // Another chain under the same key.
    const anew = await filled();
    expect(anew.chainId).not.toEqual(id);
    expect(anew.head?.size).toBeLessThanOrEqual(6);
  },
);

test('nobody but a root deletes a chain, as the roots are now', async () => {
  const chain = await filled();
  const worker = await open(other);
  await expect(worker.delete()).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  await chain.append({ data: '', name: 'x', write: 'everyone' });
  await expect(worker.delete()).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  await chain.append({ kind: 'roots', roots: [other.publicKey] });
  await expect(chain.delete()).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect(names()).toEqual(['doomed.chain']);
  await worker.delete();
  expect(names()).toEqual([]);
});

test('all who use it are told, whatever they do, and do not keep it', async () => {
  const chain = await filled();
  const user = await open(testKey);
  await user.append({ data: 'x' });
  const lease = await user.lock({ name: 'job' });
  const waiting = (await open()).lock({ name: 'job' }).catch((error) => error);
  const follow = (async () => {
    for await (const event of user.subscribe()) if (event.sequence < 0) return event;
    return undefined;
  })().catch((error) => error);
  // A reader that takes nothing.
  using raw = server.client();
  const stuck = raw.subscribe({ chainKey });
  stuck.call.pause();
  await sleep(100);
  await chain.delete();
  expect(await follow).toMatchObject({ reason: 'CHAIN_DELETED' });
  expect(await waiting).toMatchObject({ reason: 'CHAIN_DELETED' });
  await sleep(50);
  expect(lease.signal.reason).toMatchObject({ reason: 'CHAIN_DELETED' });
  stuck.cancel();
  expect(names()).toEqual([]);
  // It isn't brought back by those who had it open.
  await user.append({ data: 'y' }).catch(() => undefined);
  expect(names()).toEqual([]);
});

test('who deletes it forgets it, and who remembers it elsewhere is told', async () => {
  const [mine, theirs] = [await temporaryHome(), await temporaryHome()];
  const owner = await open(testKey, mine);
  await owner.append({ data: 'x' });
  const reader = await open(testKey, theirs);
  await reader.append({ data: 'y' });
  await reader.close();
  await owner.delete();
  const again = async (home: string) => {
    const client = await testClient(server.address, { home });
    clients.push(client);
    return client.open(chainKey, { key: testKey, forAppend: true });
  };
  // One signature of before is no evidence, and isn't called that.
  await expect(again(theirs)).rejects.toMatchObject({
    reason: 'HEAD_CONFLICT',
    message: expect.stringMatching(/The chain was deleted, .* What was known of it is kept in /),
  });
  const anew = await again(mine);
  await anew.append({ data: 'anew' });
  await expect(again(theirs)).rejects.toMatchObject({ reason: 'CHAIN_ID_MISMATCH' });
});

test('of two who delete it at once one does, and the other is told that it is not there', async () => {
  await filled();
  const both = await Promise.allSettled(
    [await open(), await open()].map((chain) => chain.delete()),
  );
  const told = both.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.reason));
  expect(told).toContain('done');
  for (const one of told) expect(['done', 'CHAIN_NOT_FOUND', 'CHAIN_DELETED']).toContain(one);
  expect(existsSync(join(server.logsPath, 'team', 'doomed.chain'))).toBe(false);
});
