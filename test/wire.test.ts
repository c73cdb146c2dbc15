import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyServer } from '../src/client/server-identity.ts';
import { RawClient, reasonOf } from './support/raw-client.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
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
    const error = await client.open('team/plain').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'WIRE_REQUIRED', metadata: { key_bits: '192' } });
    expect((error as Error).message).toMatch(/--plain.*docs\/wire\.md.*--no-wire-encryption/);
    using raw = new RawClient(server.address);
    expect(reasonOf(await raw.describeChain('team/plain').catch((e: unknown) => e))).toBe(
      'WIRE_REQUIRED',
    );
    for await (const _ of raw.subscribe({ chainKey: 'team/plain' })) expect.unreachable();
  });

  test.each(['auto', 128, 192, 256] as const)('serves clients that want %s', async (encryption) => {
    await using client = await testClient(server.address, { encryption });
    const chain = await client.open(`team/wants_${encryption}`, forAppend);
    await chain.append({ data: 'x' });
    expect((await all(chain.read())).length).toBe(2);
  });
});
