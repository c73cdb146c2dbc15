import { expect, test } from 'vitest';
import { type Chain, CompactionHere, quotasNone } from '../src/chain/index.ts';
import { descriptionWords } from '../src/cli/describe.ts';
import type { AtedbClient } from '../src/client/index.ts';
import { type BuiltEvent, buildEvent } from '../src/event/index.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { clock, dayMs, letDaysPass } from './support/passing-days.ts';
import { logsPath, QuotaWorld } from './support/quota-world.ts';
import { contentFor, slicesOf } from './support/snapshot-world.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent } from './support/test-writer.ts';

// What a snapshot does to what is counted of a chain: quotas, statistics, descriptions, and retention. Only time passes faster.

const chainKey = 'team/state';

letDaysPass();

const options = {
  trustMode: 'centralized',
  segmentBytesMax: 20_000,
  compact: { horizonMs: 0, mode: 'never' },
} as const;

/** What a client is told, and what it reads, has to agree. */
async function checkCounted(client: AtedbClient, key: string): Promise<number> {
  const chain = await client.open(key, { key: testKey });
  const read = await all(chain.read());
  const described = await client.describe(key);
  expect(described.nextSequence).toBe((read.at(-1)?.sequence ?? 0) + 1);
  expect(described.head.size).toBe(chain.head?.size);
  const { use } = await client.admin.statistics(key);
  const bytesOf = (some: typeof read) =>
    some.reduce((sum, { data }) => sum + (data === undefined ? 0 : data.length), 0);
  // Keys of objects are what newest is counted by; salts count with the data.
  const newest = new Map(read.map((event) => [event.primaryKey.toString('hex'), event]));
  const live = [...newest.values()].filter(({ kind, data }) => kind === 'data' && data);
  expect(use.liveBytes - bytesOf(live)).toBe(16 * live.length);
  expect(use.deadBytes).toBe(0);
  expect(use.logBytes).toBe(described.logBytes);
  return described.logBytes;
}

test('a chain that is full has room again, and all that is counted of it agrees with what is left', async () => {
  await using server = await TestServer.start({
    ...options,
    quotas: { ...quotasNone, chainBytes: 60_000 },
  });
  await using client = await testClient(server.address);
  const chain = await client.open(chainKey, { forAppend: true, key: testKey });
  const full = { reason: 'QUOTA_EXCEEDED' };
  const fill = async () => {
    for (let at = 0; at < 1_000; at += 1) {
      await chain.append({ name: `object-${at % 7}`, data: `${at} ${'x'.repeat(100)}` });
    }
  };
  await expect(fill()).rejects.toMatchObject(full);
  clock.aheadMs = 8 * dayMs;
  // A root makes room beyond the quota, too.
  const made = await chain.snapshot();
  expect(made?.goneNow).toBeGreaterThan(50);
  await expect(chain.append({ data: 'x'.repeat(1_000) })).rejects.toMatchObject(full);
  await client.admin.compact(chainKey);
  const logBytes = await checkCounted(client, chainKey);
  expect(logBytes).toBeLessThan(30_000);
  const { quota } = await client.describe(chainKey);
  expect(quota).toEqual({ usedBytes: logBytes, limitBytes: 60_000 });
  expect(descriptionWords(await client.describe(chainKey))).toContain('of 60,000 bytes');
  await server.restart();
  await using again = await testClient(server.address);
  expect(await checkCounted(again, chainKey)).toBe(logBytes);
  const writing = await again.open(chainKey, { forAppend: true, key: testKey });
  await writing.append({ name: 'object-1', data: 'x'.repeat(1_000) });
});

test('what an owner has becomes less with what one of their chains lets go, also when that is closed', async () => {
  const disk = await emptyDisk(logsPath);
  const world = new QuotaWorld(disk, { ownerBytes: 10_000_000 });
  const { chain, lease, root } = await world.create('team/one');
  await world.create('team/two');
  const append = async (events: readonly BuiltEvent[], signed: boolean) => {
    const asOf = chain.log.durable.head;
    const { run, sealHash } = await root.make(events, { asOf }, signed ? [root.key] : []);
    await chain.submit(await chain.prepare(run, () => true)).durable;
    Object.assign(root, { counter: root.counter + 1, previous: sealHash });
  };
  const primaryKey = Buffer.alloc(16, 1);
  for (let at = 0; at < 80; at += 1)
    await append([testEvent('x'.repeat(400), { primaryKey })], false);
  world.nowUnixMs += 8 * dayMs;
  const usedOf = (of: Chain) => world.registry.quotas.of(of).owner?.usedBytes ?? 0;
  const { size } = chain.log.durable.head;
  const content = await contentFor(chain.genesis, await slicesOf(chain.log), size);
  const authority = { snapshot: content };
  const [data, salt] = [Buffer.alloc(0), Buffer.alloc(16, 1)];
  await append([buildEvent({ kind: 'snapshot', authority, data, salt })], true);
  const before = { used: usedOf(chain), log: chain.log.bytes };
  const { forgotten } = await chain.compaction.run({
    ...{ runner: new CompactionHere(disk), what: 'compact', isAsked: true, horizonMs: 0 },
    signal: new AbortController().signal,
  });
  expect(forgotten).toMatchObject({ events: 79 });
  expect(chain.log.bytes).toBeLessThan(before.log - 30_000);
  const left = usedOf(chain);
  expect(before.used - left).toBe(before.log - chain.log.bytes);
  // When it is closed, and counted anew from the disk.
  lease[Symbol.dispose]();
  await world.registry.close();
  const again = new QuotaWorld(disk, { ownerBytes: 10_000_000 });
  using two = await again.use('team/two');
  const counted = again.registry.quotas.of(two.chain).owner?.usedBytes ?? 0;
  // A chain that is closed ends with a footer.
  expect(counted - left).toBeGreaterThanOrEqual(0);
  expect(counted - left).toBeLessThan(100);
});

test('retention counts what has gone, and what it lets go later is allowed, whole events and data alike', async () => {
  await using server = await TestServer.start(options);
  await using client = await testClient(server.address);
  const chain = await client.open(chainKey, { forAppend: true, key: testKey });
  for (let at = 0; at < 30; at += 1) {
    await chain.append({ name: `object-${at % 3}`, data: `${at}` });
  }
  await chain.append({ name: 'old', data: 'old' });
  clock.aheadMs = 8 * dayMs;
  await chain.append({ name: 'young', data: 'young' });
  await chain.snapshot();
  await client.admin.compact(chainKey);
  const state = async () => {
    const read = await all(chain.read());
    return read
      .filter(({ kind }) => kind === 'data')
      .map(({ data, dataState }) => String(data ?? dataState));
  };
  expect(await state()).toEqual(['27', '28', '29', 'old', 'young']);
  // Of the last events: by sequences, of which those that are gone are none the less some.
  await chain.append({ kind: 'rules', retain: { count: 4 } });
  await client.admin.compact(chainKey);
  expect(await state()).toEqual(['expired', 'expired', 'expired', 'old', 'young']);
  // What retention has let go goes whole under the next one, and readers find that allowed.
  clock.aheadMs = 17 * dayMs;
  await chain.append({ name: 'young', data: 'younger' });
  expect((await chain.snapshot())?.goneNow).toBeGreaterThanOrEqual(3);
  await client.admin.compact(chainKey);
  expect(await state()).toEqual(['expired', 'dropped', 'younger']);
  await server.restart();
  await using again = await testClient(server.address);
  await all((await again.open(chainKey, { key: testKey })).read());
}, 120_000);
