import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AtedbClient, AtedbError } from '../src/client/index.ts';
import { reasonOf } from './support/raw-client.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { type Meddle, TunnelProxy } from './support/tunnel-proxy.ts';

// Somebody stands between a client and a server that encrypts, and does with the messages of the tunnel what he likes.

const chainKey = 'example.com/me/attacked';
let server: TestServer;
let proxy: TunnelProxy;

beforeAll(async () => {
  server = await TestServer.start({ wireEncryption: 128, trustMode: 'centralized' });
  await using client = await testClient(server.address, { encryption: 128 });
  const chain = await client.open(chainKey, { forAppend: true, key: testKey });
  for (const data of ['one', 'two', 'three']) await chain.append({ data });
});
afterAll(() => server[Symbol.asyncDispose]());

beforeEach(async () => {
  proxy = await TunnelProxy.start(server.address);
  return () => proxy[Symbol.asyncDispose]();
});

function victim(): Promise<AtedbClient> {
  return testClient(proxy.address, { encryption: 128, timeoutMs: 3_000 });
}

/** What a read of the whole chain comes to: how many events, or the reason of its failure. */
async function outcomeOfRead(): Promise<number | string> {
  await using client = await victim();
  try {
    const chain = await client.open(chainKey, { key: testKey });
    return (await all(chain.read())).length;
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes);
  const place = at < 0 ? bytes.length + at : at;
  changed[place] = (changed[place] ?? 0) ^ 1;
  return changed;
};
const shorter = (bytes: Buffer): Buffer => bytes.subarray(0, -1);

test('what is only passed on is taken', async () => {
  expect(await outcomeOfRead()).toBe(4);
  expect(proxy.counts.Handshake).toBe(1);
});

describe('messages of a handshake', () => {
  const failures = ['WIRE_HANDSHAKE_FAILED', 'WIRE_SHARE_MISSING', 'CONNECTION_FAILED'];
  const late = [...failures, 'DEADLINE_EXCEEDED'];
  const ways: [string, (bytes: Buffer) => ReturnType<Meddle>, readonly string[]][] = [
    ['flipped at its end', (bytes) => flipped(bytes, -1), failures],
    ['flipped within', (bytes) => flipped(bytes, bytes.length >> 1), failures],
    ['cut short', shorter, failures],
    ['sent twice', (bytes) => [bytes, bytes], failures],
    ['cut off', () => 'cut', failures],
    ['dropped', () => [], late],
  ];
  const places = [
    ['up', 0, "the client's hello"],
    ['up', 1, "the client's last word"],
    ['down', 0, "the server's hello"],
  ] as const;
  const cases = places.flatMap(([direction, index, what]) =>
    ways.map(([how, change, reasons]) => ({ direction, index, what, how, change, reasons })),
  );
  test.each(cases)('$what $how makes no session', async (at) => {
    proxy.meddle = (bytes, passing) =>
      passing.method === 'Handshake' &&
      passing.direction === at.direction &&
      passing.index === at.index
        ? at.change(bytes)
        : bytes;
    const outcome = await outcomeOfRead();
    // The client's last word sent twice changes nothing: the session was there with the first.
    const isHarmless = at.how === 'sent twice' && !(at.direction === 'up' && at.index === 0);
    if (isHarmless) expect([4, ...at.reasons]).toContain(outcome);
    else expect(at.reasons).toContain(outcome);
    if (outcome !== 4) expect(proxy.counts.Call).toBe(0);
  });
});

describe('frames of a call', () => {
  const failures = ['WIRE_FRAME_INVALID', 'WIRE_TRUNCATED'];
  let held: Buffer | undefined;
  const ways: [string, (bytes: Buffer) => ReturnType<Meddle>][] = [
    ['flipped at its end', (bytes) => flipped(bytes, -1)],
    ['flipped within', (bytes) => flipped(bytes, bytes.length >> 1)],
    ['flipped in what is in clear', (bytes) => flipped(bytes, 1)],
    ['cut short', shorter],
    ['repeated', (bytes) => [bytes, bytes]],
    ['dropped', () => []],
    ['cut off with a good end', () => 'cut'],
  ];
  const cases = (['up', 'down'] as const).flatMap((direction) =>
    [0, 1, 2].flatMap((index) => ways.map(([how, change]) => ({ direction, index, how, change }))),
  );

  test.each(cases)('$direction, number $index $how: never a short success', async (at) => {
    // The first call opens the chain, the second reads it.
    proxy.meddle = (bytes, { method, direction, call, index }) =>
      method === 'Call' && call === 1 && direction === at.direction && index === at.index
        ? at.change(bytes)
        : bytes;
    const outcome = await outcomeOfRead();
    // What comes behind the frame that ends the client's messages isn't looked at any more.
    const isBehindEnd = at.how === 'repeated' && at.direction === 'up' && at.index === 2;
    if (isBehindEnd) expect(outcome).toBe(4);
    else expect(failures).toContain(outcome);
  });

  test('whose session is another one cost a handshake, and nothing else', async () => {
    proxy.meddle = (bytes, { method, direction, call, index }) =>
      method === 'Call' && call === 1 && direction === 'up' && index === 0
        ? flipped(bytes, 5)
        : bytes;
    expect(await outcomeOfRead()).toBe(4);
    expect(proxy.counts).toEqual({ Handshake: 2, Call: 3 });
  });

  test('that change places are refused', async () => {
    held = undefined;
    proxy.meddle = (bytes, { method, direction, index }) => {
      if (method !== 'Call' || direction !== 'down' || index > 1) return bytes;
      if (index === 0) {
        held = bytes;
        return [];
      }
      return [bytes, held as Buffer];
    };
    expect(failures).toContain(await outcomeOfRead());
  });

  test('of another call are refused', async () => {
    const first = new Map<number, Buffer>();
    proxy.meddle = (bytes, { method, direction, call, index }) => {
      if (method !== 'Call' || direction !== 'down' || index > 0) return bytes;
      first.set(call, bytes);
      return call === 0 ? bytes : (first.get(0) as Buffer);
    };
    expect(failures).toContain(await outcomeOfRead());
  });

  test('of the client sent back as the server’s are refused', async () => {
    const sent = new Map<number, Buffer>();
    proxy.meddle = (bytes, { method, direction, call, index }) => {
      if (method !== 'Call' || index > 0) return bytes;
      if (direction === 'up') sent.set(call, bytes);
      return direction === 'up' ? bytes : (sent.get(call) as Buffer);
    };
    expect(failures).toContain(await outcomeOfRead());
  });
});

test('a call that was recorded and is made again is refused before it reaches a method', async () => {
  await using client = await victim();
  const chain = await client.open(chainKey, { key: testKey });
  await chain.append({ data: 'once' });
  const before = server.running;
  const calls = proxy.recorded.filter(({ method }) => method === 'Call');
  expect(calls.length).toBeGreaterThan(1);
  for (const recorded of calls) {
    const { answers, error } = await proxy.replay(recorded);
    expect(answers).toEqual([]);
    expect(reasonOf(error)).toBe('WIRE_CALL_REPLAYED');
  }
  expect(server.running).toBe(before);
  expect((await all(chain.read())).length).toBe(5);
});

test('a handshake that was recorded gives a session that nobody has the keys of', async () => {
  expect(await outcomeOfRead()).toBe(5);
  const [recorded] = proxy.recorded.filter(({ method }) => method === 'Handshake');
  const { answers, error } = await proxy.replay(recorded as (typeof proxy.recorded)[number]);
  expect(answers).toHaveLength(1);
  expect(reasonOf(error)).toBe('WIRE_HANDSHAKE_FAILED');
});
