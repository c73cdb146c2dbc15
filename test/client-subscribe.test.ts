import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AtedbClient, SubscriptionSignal } from '../src/client/index.ts';
import { rounds } from './support/scale.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

let server: TestServer;
let client: AtedbClient;
let chains = 0;

beforeAll(async () => {
  server = await TestServer.start({ segmentBytesMax: 100_000 });
  client = await testClient(server.address);
});

afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** A chain with so many events after its genesis, in batches of ten. */
async function newChain(events: number, through = client) {
  chains += 1;
  const chain = await through.open(`team/subscribe_${chains}`, { key: testKey, forAppend: true });
  for (let sequence = 1; sequence <= events; sequence += 10) {
    const size = Math.min(10, events - sequence + 1);
    await chain.append(
      Array.from({ length: size }, (_, index) => ({ data: `${sequence + index}` })),
    );
  }
  return chain;
}

const sequences = (events: readonly { sequence: number }[]) =>
  events.map(({ sequence }) => sequence);
const range = (from: number, end: number) =>
  Array.from({ length: end - from }, (_, index) => from + index);

describe('where it starts', () => {
  test('at the start, in the middle of a batch, and at the next event to come', async () => {
    const chain = await newChain(100);
    expect(sequences(await take(chain.subscribe(), 101))).toEqual(range(0, 101));
    for (const sequence of [1, 5, 10, 11, 99, 100]) {
      const events = take(chain.subscribe({ from: { sequence } }), 101 - sequence);
      expect(sequences(await events)).toEqual(range(sequence, 101));
    }
    const next = take(chain.subscribe({ from: { sequence: 101 } }), 2);
    await chain.append([{ data: 'a' }, { data: 'b' }]);
    expect(sequences(await next)).toEqual([101, 102]);
    await expect(take(chain.subscribe({ from: { sequence: 104 } }), 1)).rejects.toMatchObject({
      reason: 'SEQUENCE_OUT_OF_RANGE',
    });
  });

  test('at a time, and now', async () => {
    const chain = await newChain(20);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { timeUnixMs, firstSequence } = await chain.append({ data: 'late' });
    const [late] = await take(chain.subscribe({ from: { timeUnixMs } }), 1);
    expect(late?.sequence).toBe(firstSequence);
    const caughtUp = Promise.withResolvers<SubscriptionSignal>();
    const onSignal = (signal: SubscriptionSignal) => {
      if (signal.kind === 'caught-up') caughtUp.resolve(signal);
    };
    const live = take(chain.subscribe({ from: 'now', onSignal }), 1);
    expect(await caughtUp.promise).toMatchObject({ kind: 'caught-up', nextSequence: 22 });
    await chain.append({ data: 'now' });
    expect((await live)[0]?.data?.toString()).toBe('now');
  });
});

test('history goes over into live without a gap or a double, while several write', async () => {
  const chain = await newChain(500);
  const others = await Promise.all(
    range(0, 3).map(() => client.open(chain.key.text, { key: testKey })),
  );
  const appendsOfEach = rounds({ short: 60, long: 400 });
  const total = 501 + 3 * appendsOfEach;
  const readers = range(0, 4).map((reader) =>
    take(chain.subscribe({ from: { sequence: reader * 137 } }), total - reader * 137),
  );
  await Promise.all(
    others.map(async (other, writer) => {
      for (let index = 0; index < appendsOfEach; index += 1) {
        await other.append({ data: `${writer} ${index}` });
      }
    }),
  );
  for (const [reader, events] of (await Promise.all(readers)).entries()) {
    expect(sequences(events)).toEqual(range(reader * 137, total));
  }
});

test('heartbeats come when nothing else does, with the head that was verified', async () => {
  const chain = await newChain(10);
  const signals: SubscriptionSignal[] = [];
  const kinds: string[] = [];
  const stop = new AbortController();
  const watching = take(
    chain.subscribe({
      heartbeatMs: 100,
      signal: stop.signal,
      onSignal: (signal) => {
        kinds.push(signal.kind);
        if (signal.kind === 'checkpoint') return;
        signals.push(signal);
        if (signals.length === 3) stop.abort(new Error('enough'));
      },
    }),
    1_000,
  );
  await expect(watching).rejects.toThrow('enough');
  expect(signals.map(({ kind }) => kind)).toEqual(['caught-up', 'heartbeat', 'heartbeat']);
  expect(kinds[0]).toBe('checkpoint');
  for (const signal of signals) expect(signal).toMatchObject({ head: { size: 2 } });
  expect(chain.head?.size).toBe(2);
});

test('a deadline ends a subscription, and so does its reader, at once', async () => {
  const chain = await newChain(5);
  await expect(take(chain.subscribe({ timeoutMs: 100 }), 100)).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
  });
  const events = chain.subscribe()[Symbol.asyncIterator]();
  await events.next();
  await events.return?.();
  expect((await events.next()).done).toBe(true);
});

test('a slow reader takes a few slices from the server, not the history', async () => {
  const chain = await newChain(1);
  const data = Buffer.alloc(500_000, 'x');
  for (let index = 0; index < 30; index += 1) await chain.append({ data });
  await using proxy = await TcpProxy.start(() => server.address);
  await using through = await testClient(proxy.address);
  const slow = await through.open(chain.key.text);
  const chunks = slow.subscribe().chunks()[Symbol.asyncIterator]();
  await chunks.next();
  await new Promise((resolve) => setTimeout(resolve, 500));
  // A window of 4 MiB, and what is read ahead; there are 15 MB.
  expect(proxy.bytesDown).toBeLessThan(8_000_000);
  await chunks.return?.();
});

describe('lost servers', () => {
  test('a connection on which even heartbeats have stopped is given up', async () => {
    await using proxy = await TcpProxy.start(() => server.address);
    await using through = await testClient(proxy.address);
    const chain = await newChain(10, through);
    const signals: SubscriptionSignal[] = [];
    const events: number[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      const onSignal = (signal: SubscriptionSignal) => {
        signals.push(signal);
        if (signal.kind === 'heartbeat' && signals.some(({ kind }) => kind === 'reconnecting')) {
          stop.abort(new Error('enough'));
        }
      };
      const options = { heartbeatMs: 100, signal: stop.signal, onSignal };
      for await (const { sequence } of chain.subscribe(options)) events.push(sequence);
    })();
    while (signals.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    // Nobody closes the silent connection: the client has to leave it by itself.
    proxy.silence();
    await expect(watching).rejects.toThrow('enough');
    const lost = signals.find((signal) => signal.kind === 'reconnecting');
    expect(lost).toMatchObject({ cause: { reason: 'CONNECTION_FAILED' } });
    expect(lost?.kind === 'reconnecting' && lost.cause.message).toContain('nothing came');
    expect(events).toEqual(range(0, 11));
  });

  test('a server that stays away is waited for as long as was asked, or until the signal', async () => {
    const away = await TestServer.start();
    await using proxy = await TcpProxy.start(() => away.address);
    await using through = await testClient(proxy.address);
    const chain = await newChain(3, through);
    const patient = new AbortController();
    const lost: SubscriptionSignal[] = [];
    const waiting = take(
      chain.subscribe({
        signal: patient.signal,
        onSignal: (signal) => {
          if (signal.kind === 'reconnecting' && lost.push(signal) === 3) {
            patient.abort(new Error('enough'));
          }
        },
      }),
      100,
    );
    const short = take(chain.subscribe({ reconnectMs: 300 }), 100);
    for (const each of [waiting, short]) each.catch(() => undefined);
    await take(chain.subscribe(), 4);
    await away[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow('enough');
    await expect(short).rejects.toMatchObject({ reason: 'CONNECTION_FAILED' });
  });
});
