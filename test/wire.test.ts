import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorReason } from '../gen/atedb/v1/errors_pb.js';
import { type KeyPair, signatureContexts } from '../src/crypto/index.ts';
import { keyProofBytes } from '../src/event/index.ts';
import { FakeNoWire } from './support/no-wire.ts';
import { RawClient } from './support/raw-client.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { testGenesis } from './support/test-writer.ts';
import { TunnelProxy } from './support/tunnel-proxy.ts';

const forAppend = { forAppend: true, key: testKey };

describe('a server that requires encryption', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ wireEncryption: 192, trustMode: 'centralized' });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('refuses calls without, and says how to connect', async () => {
    await using client = await testClient(server.address, { encryption: 'plain' });
    const error = await client.open('team/plain', forAppend).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'WIRE_REQUIRED', metadata: { key_bits: '192' } });
    expect((error as Error).message).toMatch(/--plain.*docs\/wire\.md.*--no-wire-encryption/);
  });

  test.each(['auto', 128, 192, 256] as const)('serves clients that want %s', async (encryption) => {
    await using client = await testClient(server.address, { encryption });
    const chain = await client.open(`team/wants_${encryption}`, forAppend);
    await chain.append({ data: 'x' });
    expect((await all(chain.read())).length).toBe(2);
  });

  test('takes the largest batch and the largest slice, as they are without', async () => {
    await using client = await testClient(server.address, { encryption: 256 });
    const chain = await client.open('team/large', forAppend);
    const data = Buffer.alloc(3.7 * 1024 * 1024, 7);
    for (let count = 0; count < 3; count += 1) await chain.append({ data });
    const events = await all(chain.read());
    expect(events.filter((event) => event.data?.equals(data))).toHaveLength(3);
  });

  test('is shown one handshake for many calls that come at once', async () => {
    await using proxy = await TunnelProxy.start(server.address);
    await using client = await testClient(proxy.address, { encryption: 'auto' });
    const names = Array.from({ length: 30 }, (_, index) => `team/at_once_${index}`);
    const chains = await Promise.all(names.map((name) => client.open(name, forAppend)));
    await Promise.all(chains.map((chain) => chain.append({ data: 'x' })));
    expect(proxy.counts.Handshake).toBe(1);
    expect(proxy.counts.Call).toBeGreaterThanOrEqual(60);
  });
});

describe('a server that requires none', () => {
  test('is called without by who does not insist, and with by who does', async () => {
    await using server = await TestServer.start({ wireEncryption: undefined });
    await using proxy = await TunnelProxy.start(server.address);
    await using insisting = await testClient(proxy.address, { encryption: 256 });
    await insisting.open('team/both', forAppend);
    expect(proxy.counts.Call).toBeGreaterThan(0);
    await using client = await testClient(server.address, { encryption: 'auto' });
    await (await client.open('team/both', forAppend)).append({ data: 'x' });
  });
});

describe('nobody on the way can make it go without encryption', () => {
  const asked = { metadata: { server: expect.any(String) }, reason: 'WIRE_MISSING' };

  test('who asks for it', async () => {
    await using other = await FakeNoWire.start();
    await using client = await testClient(other.address, { encryption: 128 });
    await expect(client.open('team/a', forAppend)).rejects.toMatchObject(asked);
    expect(other.called).toEqual(['/atedb.v1.WireService/Handshake']);
  });

  test('who knows the server for one that encrypts', async () => {
    await using other = await FakeNoWire.start();
    await using server = await TestServer.start({ wireEncryption: 128 });
    let target = server.address;
    await using proxy = await TcpProxy.start(() => target);
    await using client = await testClient(proxy.address, { encryption: 'auto' });
    await client.open('team/a', forAppend);
    target = other.address;
    proxy.cut();
    await expect(client.describe('team/a')).rejects.toMatchObject({
      reason: expect.stringMatching(/WIRE_MISSING|UNSUPPORTED|CONNECTION_FAILED/),
    });
    await expect(client.describe('team/a')).rejects.toBeInstanceOf(Error);
    expect(new Set(other.called.map((path) => path.split('/')[1]))).toEqual(
      new Set(['atedb.v1.WireService']),
    );
  });
});

describe('sessions are renewed, and nobody notices', () => {
  test('by age, under a subscription and many calls at once', async () => {
    const limits = { sessionLifetimeMs: 600 };
    await using server = await TestServer.start({ wireEncryption: 128, limits });
    await using proxy = await TunnelProxy.start(server.address);
    await using client = await testClient(proxy.address, { encryption: 128 });
    const chain = await client.open('team/renewed', forAppend);
    await chain.append({ data: 'first' });
    const count = 60;
    const seen = take(chain.subscribe(), count + 2);
    for (let index = 0; index < count; index += 6) {
      const six = Array.from({ length: 6 }, (_, more) => ({ data: `${index + more}` }));
      await Promise.all([
        ...six.map((event) => chain.append(event)),
        ...six.map(() => client.describe('team/renewed')),
      ]);
      await sleep(150);
    }
    expect(await seen).toHaveLength(count + 2);
    expect(proxy.counts.Handshake).toBeGreaterThan(2);
  });

  test('by what they have carried', async () => {
    const limits = { sessionBytesMax: 400_000 };
    await using server = await TestServer.start({ wireEncryption: 128, limits });
    await using proxy = await TunnelProxy.start(server.address);
    await using client = await testClient(proxy.address, { encryption: 128 });
    const chain = await client.open('team/carried', forAppend);
    for (let count = 0; count < 8; count += 1) {
      await chain.append({ data: Buffer.alloc(100_000) });
      await client.describe('team/carried');
    }
    expect(proxy.counts.Handshake).toBeGreaterThan(1);
  });

  test('when the server was started anew', async () => {
    await using server = await TestServer.start({ wireEncryption: 256 });
    await using proxy = await TunnelProxy.start(server.address);
    await using client = await testClient(proxy.address, { encryption: 'auto' });
    const chain = await client.open('team/restarted', forAppend);
    await chain.append({ data: 'before' });
    await server.restart();
    proxy.retarget(server.address);
    await Promise.all(Array.from({ length: 10 }, () => client.describe('team/restarted')));
    await chain.append({ data: 'after' });
    expect((await all(chain.read())).length).toBe(3);
    // The first one tells the client that it needs a share for larger keys.
    expect(proxy.counts.Handshake).toBe(3);
  });
});

test('handshakes have a limit, in all and of an address, and clients wait for their turn', async () => {
  const limits = { handshakesMax: 3, handshakesPerAddressMax: 2 };
  await using server = await TestServer.start({ wireEncryption: 128, limits });
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => testClient(server.address, { encryption: 128 })),
  );
  const outcomes = await Promise.all(
    clients.map((client) => client.describe('team/none').catch((error) => error.reason)),
  );
  expect(new Set(outcomes)).toEqual(new Set(['CHAIN_NOT_FOUND']));
  await Promise.all(clients.map((client) => client.close()));
});

test('a proof that is passed on from one session to another is refused', async () => {
  await using server = await TestServer.start({ wireEncryption: 128, trustMode: 'centralized' });
  const identity = { publicKey: server.running.identity } as KeyPair;
  const chainKey = 'example.com/me/relayed';
  const { writer, batch } = await testGenesis({
    ...{ chainKey, trustMode: 'centralized', roots: [testKey], server: identity },
  });
  // Two sessions with the same server: that of who has the key, and that of somebody who passes its proof on.
  using own = new RawClient(server.address, 128);
  using other = new RawClient(server.address, 128);
  await own.appendBatch(batch.run, chainKey);
  await other.describeChain(chainKey);
  const call = own.append();
  const conversationId = await call.converse(chainKey);
  const { fingerprint, suite } = testKey.publicKey;
  const { chainId } = writer;
  const ties = { serverFingerprint: server.running.identity.fingerprint, chainId, fingerprint };
  const outcomes: (string | undefined)[] = [];
  for (const exporter of [other.exporter, undefined, call.exporter]) {
    const claim = keyProofBytes({ ...ties, conversationId, exporter });
    const signature = await testKey.sign(signatureContexts.proof, claim);
    call.prove({ signature: { suite, fingerprint, signature } });
    const answer = await call.answer();
    const { outcome } = answer ?? { outcome: { case: undefined } };
    outcomes.push(outcome.case === 'rejected' ? ErrorReason[outcome.value.reason] : outcome.case);
  }
  expect(other.exporter).not.toEqual(call.exporter);
  expect(outcomes).toEqual(['SIGNATURE_INVALID', 'SIGNATURE_INVALID', 'proven']);
  call.cancel();
});
