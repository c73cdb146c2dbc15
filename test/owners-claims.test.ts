import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KeyPair, type Notice, type OpenOptions, RemoteOwners } from '../src/client/index.ts';
import { parseAuthAddress } from '../src/event/index.ts';
import type { ServerOptions } from '../src/server/index.ts';
import { noticesOf } from './support/notices.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, testClient } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// The auth service that a server has itself, with its accounts on a real disk; and a server that asks another one.

const [mine, other] = [1, 2].map(() => KeyPair.generate()) as [KeyPair, KeyPair];
const chainKey = 'example.com/me/notes';
const centralized = { trustMode: 'centralized' } as const;

async function started(options: Partial<ServerOptions>): Promise<TestServer> {
  const server = await TestServer.start({ ...centralized, ...options });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function open(server: TestServer, key: KeyPair, options: OpenOptions = {}) {
  const client = await testClient(server.address);
  onTestFinished(() => client.close());
  const chain = await client.open(chainKey, { key, forAppend: true, reconnectMs: 1, ...options });
  return { client, chain };
}

test('a free name is claimed by the first append, if that is wanted, and told as nobody having checked it', async () => {
  const server = await started({ auth: { embedded: {} } });
  const { chain: unwilling } = await open(server, mine);
  await expect(unwilling.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    metadata: { claimable: 'true' },
  });
  const notices: Notice[] = [];
  const { client, chain } = await open(server, mine, { claim: true, onNotice: noticesOf(notices) });
  await chain.append({ data: 'one' });
  expect(notices).toEqual([
    expect.objectContaining({
      ...{ kind: 'chain-created', claimed: 'me@example.com' },
      message: expect.stringContaining('nobody has checked that it is yours'),
    }),
  ]);
  expect(chain.genesis?.answer?.isUnverified).toBe(true);
  expect((await client.describe(chainKey)).owner).toMatchObject({
    ...{ owner: 'me@example.com', isUnverified: true, isRemoved: false },
    authIdentity: server.running.identity.fingerprintHex,
  });
  // It is there for good, and nobody else's.
  await server.restart();
  const { chain: late } = await open(server, other, { claim: true });
  await expect(late.append({ data: 'two' })).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  const { client: reader } = await open(server, mine);
  const chainRead = await reader.open(chainKey, { checkRules: true });
  expect((await all(chainRead.read())).map(({ kind }) => kind)).toEqual(['genesis', 'data']);
});

test('of several that claim one name at once one has it, and the others are told whose it is', async () => {
  const server = await started({ auth: { embedded: {} } });
  const keys = [mine, other, ...Array.from({ length: 4 }, () => KeyPair.generate())];
  const outcomes = await Promise.all(
    keys.map(async (key) => {
      const { chain } = await open(server, key, { claim: true });
      return chain.append({ data: 'x' }).then(
        () => 'appended',
        (error: { reason: string }) => error.reason,
      );
    }),
  );
  expect(outcomes.filter((one) => one === 'appended')).toHaveLength(1);
  expect(new Set(outcomes)).toEqual(new Set(['appended', 'KEY_NOT_ALLOWED']));
});

test('a server that sends mail lets nobody claim a name', async () => {
  const codeSender = { how: 'mail', send: async () => undefined } as const;
  const server = await started({ auth: { embedded: { codeSender } } });
  const { chain } = await open(server, mine, { claim: true });
  await expect(chain.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    metadata: { claimable: 'false' },
  });
});

/** A datachain server that asks another one, which is behind a proxy and so has one address wherever it runs. */
async function asking() {
  const auth = await started({ auth: { embedded: {} }, wireEncryption: 128 });
  let target = auth;
  const proxy = await TcpProxy.start(() => target.address);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const home = await mkdtemp(join(tmpdir(), 'atedb-auth-home-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const source = () =>
    new RemoteOwners({
      address: parseAuthAddress(proxy.address),
      ...{ home, onNotice: () => undefined, timeoutMs: 2_000 },
    });
  const server = await started({ auth: { source: source() } });
  return {
    ...{ auth, server, source },
    lead: (to: TestServer) => {
      target = to;
    },
  };
}

/** Have an account at the auth server, by a chain there. */
async function claimed(auth: TestServer): Promise<void> {
  const client = await testClient(auth.address, { encryption: 'auto' });
  await using chain = await client.open('example.com/me/home', {
    ...{ key: mine, forAppend: true, claim: true },
  });
  await chain.append({ data: 'x' });
  await client.close();
}

test('a server asks another one who owns its chains, and knows it again by its identity', async () => {
  const { auth, server, source, lead } = await asking();
  const { chain: unknown } = await open(server, mine, { claim: true });
  await expect(unknown.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    // The name is to be had where it belongs.
    metadata: { claimable: 'false' },
  });
  await claimed(auth);
  const { client, chain } = await open(server, mine);
  await chain.append({ data: 'one' });
  expect(chain.genesis?.answer?.identity).toEqual(auth.running.identity);
  expect((await client.describe(chainKey)).owner).toMatchObject({
    authIdentity: auth.running.identity.fingerprintHex,
  });

  // Somebody else answers there: nothing that they say counts, and what was said before does.
  lead(await started({ auth: { embedded: {} }, wireEncryption: 128 }));
  await server.restart(undefined, { auth: { source: source() } });
  const { chain: again } = await open(server, mine);
  await again.append({ data: 'two' });
  const { client: creator } = await open(server, mine);
  const fresh = await creator.open('example.com/me/fresh', {
    ...{ key: mine, forAppend: true, reconnectMs: 1 },
  });
  await expect(fresh.append({ data: 'x' })).rejects.toMatchObject({
    reason: 'AUTH_IDENTITY_CHANGED',
  });

  // Nobody answers there at all.
  lead({ address: '127.0.0.1:1' } as TestServer);
  await server.restart(undefined, { auth: { source: source() } });
  const { client: last, chain: goesOn } = await open(server, mine);
  await goesOn.append({ data: 'three' });
  const none = await last.open('example.com/me/fresh', {
    ...{ key: mine, forAppend: true, reconnectMs: 1 },
  });
  await expect(none.append({ data: 'x' })).rejects.toMatchObject({ reason: 'AUTH_UNAVAILABLE' });
});

test('the name of a group that looks like a domain is claimed by no client, whatever it asks for', async () => {
  const server = await started({ auth: { embedded: {} } });
  const client = await testClient(server.address);
  onTestFinished(() => client.close());
  const options = { key: mine, forAppend: true, claim: true, reconnectMs: 1 };
  // A part of example.com/NAME/notes was forgotten.
  const mistaken = await client.open('example.com/notes', options);
  await expect(mistaken.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    message: expect.stringContaining('example.com/NAME/DATABASE'),
    metadata: { owner: 'example.com', claimable: 'false' },
  });
});
