import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { batchBytesMax, batchEventsMax, runBytesMax } from '../src/bytes/index.ts';
import { buildEvent } from '../src/event/index.ts';
import { type RawClient, reasonOf } from './support/raw-client.ts';
import { TestServer } from './support/test-server.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

async function makeChain(client: RawClient, chainKey: string): Promise<TestWriter> {
  const { writer, batch } = await testGenesis({ chainKey, trustMode: 'distributed' });
  await client.appendBatch(batch.run, chainKey);
  return writer;
}

const chainKey = 'team/limits';

test('a batch may have 16,384 events, and no more', async () => {
  await using server = await TestServer.start();
  using client = server.client();
  const writer = await makeChain(client, chainKey);
  const salt = randomBytes(16);
  const event = buildEvent({ kind: 'data', primaryKey: salt, salt, data: Buffer.from('x') });
  const events = Array.from({ length: batchEventsMax + 1 }, () => event);
  const tooMany = await writer.make(events);
  await expect(client.appendBatch(tooMany.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'TOO_MANY_EVENTS' && error.details.includes('16384'),
  );
  await client.appendBatch((await writer.batch(events.slice(1))).run, chainKey);
  expect((await client.describeChain(chainKey)).nextSequence).toBe(BigInt(batchEventsMax + 1));
});

test('a batch with its commit may be 3.75 MiB, which every stock client can receive, and no more', async () => {
  await using server = await TestServer.start();
  using client = server.client();
  const writer = await makeChain(client, chainKey);
  const overhead = (await writer.make([testEvent(Buffer.alloc(runBytesMax - 10_000))])).run.length;
  const room = runBytesMax - 10_000 + (runBytesMax - overhead);
  const tooLarge = await writer.make([testEvent(Buffer.alloc(room + 1))]);
  expect(tooLarge.run.length).toBe(runBytesMax + 1);
  await expect(client.appendBatch(tooLarge.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'DATA_TOO_LARGE' && error.details.includes(String(runBytesMax)),
  );
  const largest = await writer.batch([testEvent(Buffer.alloc(room))]);
  expect(largest.run.length).toBe(runBytesMax);
  await client.appendBatch(largest.run, chainKey);
  let received = 0;
  for await (const { bytes } of client.readEvents({ chainKey, fromSequence: 1n })) {
    received = Math.max(received, bytes.length);
  }
  expect(received).toBeGreaterThan(runBytesMax);
  expect(received).toBeLessThan(batchBytesMax + 16);
});

test('chains that are not in use make room for others; those in use are not closed', async () => {
  await using server = await TestServer.start({ limits: { openChainsMax: 2 } });
  using client = server.client();
  const writers: TestWriter[] = [];
  for (const name of ['a', 'b', 'c', 'd']) writers.push(await makeChain(client, `team/${name}`));
  // All four work in turn, with room for two.
  for (const round of [1, 2]) {
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
      const { run } = (await writers[index]?.batch([testEvent(`${round}`)])) ?? {};
      await client.appendBatch(run ?? Buffer.alloc(0), `team/${name}`);
    }
  }
  expect((await client.listChains()).chains.filter(({ open }) => open)).toHaveLength(2);
  const held = ['a', 'b'].map((name) => client.subscribe({ chainKey: `team/${name}` }));
  for (const stream of held) await stream[Symbol.asyncIterator]().next();
  await expect(client.describeChain('team/c')).rejects.toSatisfy(
    (error) => reasonOf(error) === 'TOO_MANY_CHAINS' && error.details.includes('2 chains'),
  );
  held[0]?.cancel();
  // The server hears of the cancellation a moment later.
  await expect.poll(() => client.describeChain('team/c').then(() => 'open', reasonOf)).toBe('open');
  held[1]?.cancel();
});

test('streams are limited, and one that ends makes room', async () => {
  await using server = await TestServer.start({ limits: { streamsMax: 2 } });
  using client = server.client();
  await makeChain(client, chainKey);
  const held = [client.subscribe({ chainKey }), client.subscribe({ chainKey })];
  for (const stream of held) await stream[Symbol.asyncIterator]().next();
  const refused = async () => {
    const extra = client.subscribe({ chainKey });
    try {
      await extra[Symbol.asyncIterator]().next();
      return 'open';
    } catch (error) {
      return reasonOf(error);
    } finally {
      extra.cancel();
    }
  };
  expect(await refused()).toBe('TOO_MANY_STREAMS');
  held[0]?.cancel();
  await expect.poll(refused).toBe('open');
  held[1]?.cancel();
});

test('pages of the list of chains follow each other', async () => {
  await using server = await TestServer.start();
  using client = server.client();
  const keys = ['a.example/x/one', 'a.example/x/two', 'b.example/y/one', 'team/z'];
  for (const key of keys) await makeChain(client, key);
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = await client.listChains({ pageSize: 3, pageToken });
    seen.push(...page.chains.map((chain) => chain.chainKey));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(seen).toEqual(keys);
  const some = await client.listChains({ prefix: 'a.example/' });
  expect(some.chains.map((chain) => chain.chainKey)).toEqual(keys.slice(0, 2));
  await expect(client.listChains({ pageSize: 1001 })).rejects.toSatisfy(
    (error) => reasonOf(error) === 'REQUEST_INVALID',
  );
});
