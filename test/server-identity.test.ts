import { cp, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { identityRotationsMax } from '../src/bytes/index.ts';
import type { ConnectOptions, Notice } from '../src/client/index.ts';
import { rotateIdentity } from '../src/server/rotate-identity.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Which server it is, as the tunnel proves it: by the address, by what is known, by a look-up, or by first use.

const chainKey = 'team/proven';
const logger = pino({ level: 'silent' });

let server: TestServer;
let proxy: TcpProxy;
let home: string;
let notices: Notice[];

beforeEach(async () => {
  server = await started();
  proxy = await TcpProxy.start(() => server.address);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  home = await temporaryHome();
  notices = [];
});

async function started(): Promise<TestServer> {
  const one = await TestServer.start({ trustMode: 'centralized', wireEncryption: 128 });
  onTestFinished(() => one[Symbol.asyncDispose]());
  return one;
}

const hex = () => server.running.identity.fingerprintHex;

/** Open and append to a chain, as another run of a program. @param pin of the address. */
async function use(pin?: string, options: ConnectOptions = {}): Promise<void> {
  const address = pin === undefined ? proxy.address : `${proxy.address}#sha256:${pin}`;
  const onNotice = (notice: Notice) => notices.push(notice);
  await using client = await testClient(address, {
    home,
    onNotice,
    encryption: 'auto',
    ...options,
  });
  await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
  await chain.append({ data: 'x' });
}

const kinds = () => notices.map(({ kind }) => kind).filter((kind) => kind.startsWith('server-'));

/** Another server, with another identity, at the same address. */
async function replace(): Promise<TestServer> {
  const other = await started();
  proxy.retarget(() => other.address);
  proxy.cut();
  return other;
}

async function rotate(): Promise<void> {
  await server.restart(async () => {
    await rotateIdentity(join(server.logsPath, '_sys'), { now: Date.now, logger });
  });
  proxy.cut();
}

test('a server is met once, and known from then on, after a rotation too', async () => {
  await use();
  await use();
  expect(kinds()).toEqual(['server-met']);
  expect(notices[0]).toMatchObject({ server: proxy.address, fingerprint: hex() });
  const before = hex();
  await rotate();
  await use();
  await use();
  expect(kinds()).toEqual(['server-met', 'server-rotated']);
  expect(notices.at(-1)).toMatchObject({ fingerprint: hex(), former: before });
});

test('another server in its place is sent nothing', async () => {
  await use();
  const other = await replace();
  const error = await use().catch((reason) => reason);
  expect(error).toMatchObject({
    reason: 'SERVER_IDENTITY_CHANGED',
    metadata: {
      server: proxy.address,
      known: hex(),
      fingerprint: other.running.identity.fingerprintHex,
    },
  });
  expect(await readdir(other.logsPath)).toEqual(['_sys']);
});

test('nor one that says it does not encrypt', async () => {
  await use();
  const plain = await TestServer.start({
    trustMode: 'centralized',
    wireEncryption: undefined,
  });
  onTestFinished(() => plain[Symbol.asyncDispose]());
  proxy.retarget(() => plain.address);
  proxy.cut();
  await expect(use()).rejects.toMatchObject({
    reason: expect.stringMatching(/^(WIRE_MISSING|SERVER_IDENTITY_CHANGED)$/),
  });
});

test('nor one that has a key which the server had before, or that goes on from it by a branch of its own', async () => {
  await use();
  const logsPath = await mkdtemp(join(tmpdir(), 'atedb-stolen-'));
  await server.restart(() => cp(server.logsPath, logsPath, { recursive: true }));
  const stolen = await TestServer.start({
    ...{ logsPath, trustMode: 'centralized', wireEncryption: 128 },
  });
  onTestFinished(() => stolen[Symbol.asyncDispose]());
  const old = hex();
  await rotate();
  await use();
  const lead = async () => {
    proxy.retarget(() => stolen.address);
    proxy.cut();
  };
  await lead();
  await expect(use()).rejects.toThrow(/had before, and has given up/);
  // Not even where the address names that key.
  await expect(use(old)).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_CHANGED' });
  await stolen.restart(async () => {
    await rotateIdentity(join(logsPath, '_sys'), { now: Date.now, logger });
  });
  await lead();
  await expect(use()).rejects.toThrow(/has given up, vouches for this one/);
  await expect(use(old)).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_CHANGED' });
  // Who knows the old key only can't tell.
  await use(old, { home: null });
});

test('a client that stays open goes on with the new identity after a rotation', async () => {
  const onNotice = (notice: Notice) => notices.push(notice);
  const options = { home, onNotice, encryption: 'auto' } as const;
  await using client = await testClient(proxy.address, options);
  await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
  await chain.append({ data: 'before' });
  await rotate();
  await chain.append({ data: 'after' });
  expect(kinds()).toEqual(['server-met', 'server-rotated']);
});

test('a server that was rotated as often as may be is followed from its first key on, and not rotated again', async () => {
  await use();
  const first = hex();
  const rotating = () => rotateIdentity(join(server.logsPath, '_sys'), { now: Date.now, logger });
  await server.restart(async () => {
    for (let times = 0; times < identityRotationsMax; times += 1) await rotating();
    await expect(rotating()).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  });
  proxy.cut();
  await use();
  await use(first, { home: null });
  expect(kinds()).toEqual(['server-met', 'server-rotated']);
});

test('an address that names the identity is a proof of it, and needs no first use', async () => {
  await use(hex(), { home: null });
  expect(kinds()).toEqual([]);
  const pinned = hex();
  await rotate();
  await use(pinned, { home: null });
  await use(hex(), { home: null });
  await expect(use('0'.repeat(64), { home: null })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
  await replace();
  await expect(use(pinned, { home: null })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
});

test('a fingerprint that nothing would prove is refused, and not passed over', async () => {
  await expect(use(hex(), { encryption: 'plain' })).rejects.toThrow(/only an encrypted connection/);
  await using client = await testClient(proxy.address, { home, encryption: 'auto' });
  await expect(client.open(`ate://${proxy.address}/${chainKey}#sha256:${hex()}`)).rejects.toThrow(
    /connected without one.*Connect with/,
  );
});

test('what is looked up decides on first use alone', async () => {
  const asked: string[] = [];
  const lookUpIdentity = async (name: string) => {
    asked.push(name);
    return [`sha256:${hex()}`];
  };
  await use(undefined, { lookUpIdentity });
  await use(undefined, { lookUpIdentity });
  expect(asked).toEqual([proxy.address]);
  expect(notices[0]?.message).toContain('as is published for it');
  const wrong = async () => ['1'.repeat(64)];
  await use(undefined, { lookUpIdentity: wrong });
  await expect(use(undefined, { home: null, lookUpIdentity: wrong })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
  const failing = async () => {
    throw new Error('SERVFAIL');
  };
  await expect(use(undefined, { home: null, lookUpIdentity: failing })).rejects.toThrow(
    /could not be looked up: SERVFAIL/,
  );
});

test('a client that stays open is not led to another server', async () => {
  await using client = await testClient(proxy.address, { home: null, encryption: 'auto' });
  const chain = await client.open(chainKey, {
    key: testKey,
    forAppend: true,
    reconnectMs: 300,
  });
  await chain.append({ data: 'x' });
  await replace();
  const refused = { reason: 'SERVER_IDENTITY_CHANGED' };
  await expect(chain.append({ data: 'y' })).rejects.toMatchObject(refused);
  // Closing asks whether what was acknowledged is in the chain.
  await expect(chain.close()).rejects.toMatchObject(refused);
});
