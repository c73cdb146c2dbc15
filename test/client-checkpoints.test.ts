import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { AtedbClient, Chain, SubscriptionSignal } from '../src/client/index.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// What a client makes of an honest server's checkpoints.

const chainKey = 'team/attested';

let server: TestServer;
let client: AtedbClient;

beforeEach(async () => {
  server = await TestServer.start();
  client = await testClient(server.address);
});
afterEach(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

function open(by: AtedbClient = client): Promise<Chain> {
  return by.open(chainKey, { key: testKey, forAppend: true });
}

test.each(['distributed', 'centralized'] as const)(
  'an append that waits to be attested has a checkpoint that covers it, and others do not wait; %s',
  async (trustMode) => {
    await using own = await TestServer.start({ trustMode });
    await using other = await testClient(own.address);
    await using chain = await open(other);
    const durable = await chain.append({ data: 'durable' });
    expect(durable.checkpoint).toBeUndefined();
    const begun = performance.now();
    const attested = await chain.append({ data: 'attested' }, { wait: 'attested' });
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(attested.checkpoint?.head.size).toBeGreaterThan(attested.commit);
    expect(chain.checkpoint).toBe(attested.checkpoint);
    expect(chain.head).toBe(attested.checkpoint?.head);
    const last = await chain.append({ data: 'durable again' });
    expect(last.checkpoint).toBeUndefined();
  },
);

test('many appends share a checkpoint, and some that need none are done before it', async () => {
  await using chain = await open();
  await chain.append({ data: 'first' }, { wait: 'attested' });
  let durable = 0;
  const appends = Array.from({ length: 300 }, async (_, at) => {
    const wait = at % 3 === 0 ? 'durable' : 'attested';
    const committed = await chain.append({ data: String(at) }, { wait });
    if (wait === 'durable') durable += 1;
    else expect(committed.checkpoint?.head.size).toBeGreaterThan(committed.commit);
    return committed;
  });
  // The chain was signed just now, so that the next checkpoint is a second away.
  await appends[0];
  await chain.append({ data: 'last' });
  expect(durable).toBe(100);
  const all = await Promise.all(appends);
  expect(new Set(all.map(({ firstSequence }) => firstSequence)).size).toBe(300);
  const notes = new Set(all.map(({ checkpoint }) => checkpoint?.note));
  expect(notes.size).toBeLessThan(5);
});

test('what a lost connection has left unattested is attested by the next, and stored once', async () => {
  const proxy = await TcpProxy.start(() => server.address);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  await using other = await testClient(proxy.address);
  await using chain = await open(other);
  await chain.append({ data: 'first' }, { wait: 'attested' });
  const appends = [1, 2, 3].map((at) => chain.append({ data: `${at}` }, { wait: 'attested' }));
  // Answered by then, and not attested: the last checkpoint is not a second old.
  await delay(300);
  proxy.cut();
  for (const { checkpoint, commit } of await Promise.all(appends)) {
    expect(checkpoint?.head.size).toBeGreaterThan(commit);
  }
  expect((await all(chain.read({ from: 1 }))).map(({ data }) => String(data))).toEqual([
    'first',
    '1',
    '2',
    '3',
  ]);
  await chain.append({ data: 'and on' }, { wait: 'attested' });
});

test('a deadline between the two says that it is durable, and nothing is left waiting', async () => {
  const chain = await open();
  await chain.append({ data: 'first' }, { wait: 'attested' });
  const late = chain.append({ data: 'late' }, { wait: 'attested', timeoutMs: 300 });
  await expect(late).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
    metadata: { outcome: 'durable' },
  });
  await chain.close();
  await using again = await open();
  expect(await all(again.read({ from: 1 }))).toHaveLength(2);
});

test('a chain that is closed by force says of what is durable that it is, and not attested', async () => {
  const chain = await open();
  await chain.append({ data: 'first' }, { wait: 'attested' });
  const left = chain.append({ data: 'left' }, { wait: 'attested' });
  const told = expect(left).rejects.toMatchObject({
    reason: 'NOT_ATTESTED',
    metadata: { first_sequence: '2', last_sequence: '2', commit: '2' },
  });
  await delay(300);
  await chain.close({ signal: AbortSignal.abort(new Error('enough')) });
  await told;
});

test('subscribers are shown checkpoints of what they were sent, within about a second', async () => {
  await using chain = await open();
  await chain.append({ data: 'first' });
  await using reader = await client.open(chainKey);
  const shown: number[] = [];
  const stop = new AbortController();
  let received = 0;
  const caughtUp = Promise.withResolvers<void>();
  const onSignal = (signal: SubscriptionSignal) => {
    if (signal.kind === 'caught-up') caughtUp.resolve();
    if (signal.kind !== 'checkpoint') return;
    shown.push(signal.checkpoint.head.size);
    expect(received).toBeGreaterThanOrEqual(signal.checkpoint.head.size);
  };
  const following = (async () => {
    for await (const _event of reader.subscribe({ onSignal, signal: stop.signal })) received += 1;
  })();
  await caughtUp.promise;
  const began = performance.now();
  for (let at = 0; at < 25; at += 1) {
    await chain.append({ data: `${at}` });
    await delay(100);
  }
  await expect.poll(() => shown.at(-1)).toBe(27);
  const seconds = (performance.now() - began) / 1_000;
  stop.abort('enough');
  await expect(following).rejects.toBe('enough');
  expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
  expect(shown.length).toBeGreaterThan(2);
  expect(shown.length).toBeLessThanOrEqual(3 + seconds);
  expect(reader.checkpoint?.head.size).toBe(27);
}, 60_000);

test('the newest checkpoint is remembered from one run to the next', async () => {
  const home = await temporaryHome();
  {
    await using other = await testClient(server.address, { home });
    await using chain = await open(other);
    await chain.append({ data: 'x' }, { wait: 'attested' });
  }
  await using other = await testClient(server.address, { home });
  await using chain = await other.open(chainKey);
  expect(chain.checkpoint?.head.size).toBe(2);
});
