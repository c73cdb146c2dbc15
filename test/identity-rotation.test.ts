import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type AtedbClient,
  checkProof,
  type OpenOptions,
  parseProof,
  proofText,
  type TrustMode,
} from '../src/client/index.ts';
import { rotateIdentity } from '../src/server/rotate-identity.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// A server whose identity key is followed by another one, and those who have met it before, or haven't.

const chainKey = 'team/rotated';
const forAppend: OpenOptions = { key: testKey, forAppend: true };
const logger = pino({ level: 'silent' });

/** The server has `address`, wherever it runs. */
class World {
  readonly server: TestServer;
  readonly proxy: TcpProxy;
  #target: TestServer;

  private constructor(server: TestServer, proxy: TcpProxy) {
    this.server = server;
    this.proxy = proxy;
    this.#target = server;
  }

  static async start(trustMode: TrustMode): Promise<World> {
    const server = await TestServer.start({ trustMode });
    const proxy = await TcpProxy.start(() => server.address);
    onTestFinished(async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });
    return new World(server, proxy);
  }

  async rotate(server = this.server): Promise<void> {
    await server.restart(async () => {
      await rotateIdentity(join(server.logsPath, '_sys'), { now: Date.now, logger });
    });
  }

  /** Another server, on a copy of all files as they are now. */
  async copy(trustMode: TrustMode): Promise<TestServer> {
    const logsPath = await mkdtemp(join(tmpdir(), 'atedb-copy-'));
    await this.server.restart(() => cp(this.server.logsPath, logsPath, { recursive: true }));
    const other = await TestServer.start({ logsPath, trustMode });
    onTestFinished(() => other[Symbol.asyncDispose]());
    return other;
  }

  /** Lead clients to another server. */
  answerBy(server: TestServer): void {
    this.#target = server;
  }

  /** As another run of a program. */
  client(home: string | null): Promise<AtedbClient> {
    this.proxy.retarget(() => this.#target.address);
    this.proxy.cut();
    return testClient(this.proxy.address, { home });
  }

  async append(home: string | null, ...texts: string[]): Promise<void> {
    await using client = await this.client(home);
    await using chain = await client.open(chainKey, forAppend);
    for (const data of texts) await chain.append({ data });
  }

  async read(home: string | null): Promise<string[]> {
    await using client = await this.client(home);
    await using chain = await client.open(chainKey);
    return (await all(chain.read({ from: 1 }))).map(({ data }) => String(data));
  }
}

describe.each<TrustMode>(['centralized', 'distributed'])('of a %s chain', (trustMode) => {
  let world: World;
  let home: string;
  beforeEach(async () => {
    world = await World.start(trustMode);
    home = await temporaryHome();
    await world.append(home, 'before');
  });

  test('those who know it go on, and who comes for the first time, too', async () => {
    const before = world.server.running.identity;
    await world.rotate();
    await world.append(home, 'once');
    await world.rotate();
    await world.append(home, 'twice');
    expect(world.server.running.identity.fingerprintHex).not.toBe(before.fingerprintHex);
    for (const who of [home, null]) {
      expect(await world.read(who)).toEqual(['before', 'once', 'twice']);
    }
    await world.append(await temporaryHome(), 'by another');
    await using client = await world.client(null);
    await using chain = await client.open(chainKey, forAppend);
    const lease = await chain.lock({ name: 'object' });
    await lease.release();
    await chain.append({ data: 'signed for' }, { wait: 'attested' });
  });

  test('a client that stays open over it goes on with its chain', async () => {
    await using client = await world.client(home);
    await using chain = await client.open(chainKey, forAppend);
    await chain.append({ data: 'open' });
    await world.rotate();
    await chain.append({ data: 'still open' });
    expect(await world.read(null)).toEqual(['before', 'open', 'still open']);
  });

  test('a subscription goes on over it, from one event to the next', async () => {
    await using client = await world.client(home);
    await using chain = await client.open(chainKey);
    const events = chain.subscribe({ from: { sequence: 1 } })[Symbol.asyncIterator]();
    const next = async () => (await events.next()).value?.data.toString();
    expect(await next()).toBe('before');
    for (const text of ['once', 'twice']) {
      await world.rotate();
      await using writing = await testClient(world.proxy.address, { home });
      await using written = await writing.open(chainKey, forAppend);
      await written.append({ data: text });
      expect(await next()).toBe(text);
    }
  });

  test('a proof holds, and says whose the checkpoint is', async () => {
    await world.rotate();
    await using client = await world.client(home);
    await using chain = await client.open(chainKey);
    const { proof } = await chain.prove({ sequence: 1 });
    const facts = await checkProof(parseProof(proofText(proof)));
    expect(facts.checkpoint).toMatchObject({ isOfGenesis: trustMode === 'centralized' });
    expect(facts.checkpoint?.identity.fingerprintHex).toBe(
      world.server.running.identity.fingerprintHex,
    );
    const cut = proof.checkpoint && {
      ...proof,
      checkpoint: { ...proof.checkpoint, rotations: [] },
    };
    // Without the rotation it is any server's; who a distributed chain is kept by its genesis doesn't say.
    const checking = checkProof(cut ?? proof);
    if (trustMode === 'distributed') await checking;
    else await expect(checking).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
  });

  test('who has met the new one takes the old one no more, though the chain did not grow', async () => {
    const old = await world.copy(trustMode);
    await world.rotate();
    expect(await world.read(home)).toEqual(['before']);
    world.answerBy(old);
    await using client = await world.client(home);
    const error = await client.open(chainKey).catch((reason) => reason);
    expect(error.reason).toBe('SERVER_IDENTITY_MISMATCH');
    expect(error.message).toMatch(/had given up before: it was restored from a backup/);
    // Nor do those who append.
    await expect(client.open(chainKey, forAppend)).rejects.toMatchObject({
      reason: 'SERVER_IDENTITY_MISMATCH',
    });
  });

  test('another branch from the old key is noticed by who has seen the first, and by nobody else', async () => {
    const stolen = await world.copy(trustMode);
    await world.rotate();
    await world.rotate(stolen);
    const stranger = await temporaryHome();
    await world.read(home);
    world.answerBy(stolen);
    await using client = await world.client(home);
    await expect(client.open(chainKey)).rejects.toMatchObject({
      reason: 'SERVER_IDENTITY_MISMATCH',
      metadata: {
        expected: world.server.running.identity.fingerprintHex,
        fingerprint: stolen.running.identity.fingerprintHex,
      },
    });
    // Who has met neither can't tell them apart, and from then on has the other one for the server's.
    expect(await world.read(stranger)).toEqual(['before']);
    world.answerBy(world.server);
    await using other = await world.client(stranger);
    await expect(other.open(chainKey)).rejects.toMatchObject({
      reason: 'SERVER_IDENTITY_MISMATCH',
    });
  });
});

test('a private chain is opened with a ticket, which is asked for by the new identity', async () => {
  const world = await World.start('centralized');
  const home = await temporaryHome();
  const open = { ...forAppend, private: true };
  {
    await using client = await world.client(home);
    await using chain = await client.open(chainKey, open);
    await chain.append({ data: 'secret' });
  }
  const old = await world.copy('centralized');
  await world.rotate();
  for (const who of [home, null]) {
    await using client = await world.client(who);
    await using chain = await client.open(chainKey, { key: testKey });
    expect((await all(chain.read({ from: 1 }))).map(({ data }) => String(data))).toEqual([
      'secret',
    ]);
  }
  // No key is proven to who has the old key, by somebody who has met the new one.
  world.answerBy(old);
  await using client = await world.client(home);
  await expect(client.open(chainKey, { key: testKey })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
});

test('a root has a chain deleted, which it asks the new identity for', async () => {
  const world = await World.start('centralized');
  await world.append(null, 'first');
  await world.rotate();
  await using client = await world.client(null);
  const chain = await client.open(chainKey, { key: testKey });
  await chain.delete();
  await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
});

test('a new chain names the new identity, and needs no rotation', async () => {
  const world = await World.start('centralized');
  await world.rotate();
  await world.append(null, 'first');
  await using client = await world.client(null);
  await using chain = await client.open(chainKey);
  expect(chain.genesis?.serverIdentity?.fingerprintHex).toBe(
    world.server.running.identity.fingerprintHex,
  );
});

test('a chain that is being made while the identity is rotated is made all the same', async () => {
  const world = await World.start('centralized');
  const proxy = await LyingProxy.start(world.proxy.address);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  let rotating: Promise<void> | undefined;
  // The server answers that there is no such chain, and what is offered to it then names an identity that it had.
  proxy.lie = (method, answer) => {
    if (method === 'openChain' && isAppending) rotating ??= world.rotate();
    return answer;
  };
  let isAppending = false;
  await using client = await testClient(proxy.address, { home: null });
  await using chain = await client.open(chainKey, forAppend);
  isAppending = true;
  await chain.append({ data: 'first' });
  await rotating;
  expect(rotating).toBeDefined();
  expect(chain.genesis?.serverIdentity?.fingerprintHex).toBe(
    world.server.running.identity.fingerprintHex,
  );
});

test('rotations are shown once: who says that it knows the identity is spared them', async () => {
  const world = await World.start('centralized');
  await world.append(null, 'first');
  await world.rotate();
  using raw = world.server.client();
  const all = await raw.openChain({ chainKey });
  expect(all.identityRotations).toHaveLength(1);
  const { fingerprint } = world.server.running.identity;
  const none = await raw.openChain({ chainKey, knownIdentity: fingerprint });
  expect(none.identityRotations).toEqual([]);
  const old = await raw.openChain({ chainKey, knownIdentity: Buffer.alloc(32) });
  expect(old.identityRotations).toHaveLength(1);
});
