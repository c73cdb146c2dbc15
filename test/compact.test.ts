import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultWords } from '../src/cli/compact.ts';
import type { AtedbClient, Chain, ChainEvent } from '../src/client/index.ts';
import { eventually } from './support/eventually.ts';
import { noticeLogger } from './support/notices.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Compaction in a running server: real files, real threads, real sockets.

const chainKey = 'team/compacted';
const segmentBytesMax = 60_000;
const objects = 4;

/** A few segments in which each object is written over and over. */
async function fill(client: AtedbClient, rounds = 40): Promise<Chain> {
  const chain = await client.open(chainKey, { forAppend: true, key: testKey });
  for (let round = 0; round < rounds; round += 1) {
    const events = Array.from({ length: objects }, (_, object) => ({
      name: `object-${object}`,
      data: `${round}`.padEnd(1_000, 'x'),
    }));
    await chain.append(events);
  }
  return chain;
}

async function collect(events: AsyncIterable<ChainEvent>): Promise<ChainEvent[]> {
  const all: ChainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

async function segmentFiles(server: TestServer): Promise<string[]> {
  const names = await readdir(join(server.logsPath, 'team', 'compacted.chain'));
  return names.filter((name) => name.startsWith('segment-')).sort();
}

/** How nice each thread of this process is, by its number, as Linux tells it. */
async function niceness(): Promise<Map<string, number>> {
  const threads = await readdir('/proc/self/task');
  const told = threads.map(async (thread): Promise<[string, number][]> => {
    // One may have ended meanwhile.
    const stat = await readFile(`/proc/self/task/${thread}/stat`, 'utf8').catch(() => '');
    // Behind the name in brackets.
    const nice = stat.replace(/^.*\) /, '').split(' ')[16];
    return nice === undefined ? [] : [[thread, Number(nice)]];
  });
  return new Map((await Promise.all(told)).flat());
}

test.runIf(process.platform === 'linux')(
  'the thread that compacts lets others go before, and no other thread does',
  async () => {
    await using server = await TestServer.start({ segmentBytesMax, compact: { horizonMs: 0 } });
    await using client = await testClient(server.address);
    await fill(client, 10);
    const before = await niceness();
    const due = Math.min((before.get(String(process.pid)) as number) + 10, 19);
    await client.admin.compact(chainKey);
    const after = await niceness();
    for (const [thread, nice] of before) expect(after.get(thread) ?? nice).toBe(nice);
    const nicer = [...after].filter(([thread, nice]) => !before.has(thread) && nice === due);
    expect(nicer).toHaveLength(1);
  },
);

test('superseded data goes on demand, and all that is left verifies as before', async () => {
  const notices: string[] = [];
  await using server = await TestServer.start({
    segmentBytesMax,
    compact: { horizonMs: 0 },
    logger: noticeLogger((notice) => notices.push(notice)),
  });
  await using client = await testClient(server.address);
  const chain = await fill(client);
  const before = await collect(chain.read());
  // Of any earlier size, too.
  const wanted = [10, 30, 41].map((size) => ({ sequence: 5, fromSize: 4, size }));
  const proofsBefore = await Promise.all(wanted.map((one) => chain.prove(one)));

  const plan = await client.admin.compact(chainKey, { dryRun: true });
  expect(plan.dryRun).toBe(true);
  const dropped = plan.decided.find(({ decision }) => decision === 'dropped');
  expect(dropped?.events).toBeGreaterThan(50);
  expect(plan.activeDeadBytes).toBeGreaterThan(1_000);
  expect((await segmentFiles(server)).every((name) => /^segment-\d{8}\.log$/.test(name))).toBe(
    true,
  );

  const told: number[] = [];
  const done = await client.admin.compact(chainKey, {
    onProgress: ({ doneBytes, allBytes }) => told.push(doneBytes / allBytes),
  });
  expect(told.length).toBeGreaterThan(0);
  expect(done.bytesAfter).toBeLessThan(done.bytesBefore * 0.6);
  expect(done.use.deadBytes).toBe(0);
  const names = await segmentFiles(server);
  expect(names.filter((name) => /^segment-\d{8}\.1\.log$/.test(name)).length).toBeGreaterThan(1);

  const after = await collect(chain.read());
  expect(after.map(({ sequence }) => sequence)).toEqual(before.map(({ sequence }) => sequence));
  // The newest of each object, what is in the writer's last batch, and the genesis.
  const there = after.filter(({ data }) => data !== undefined);
  expect(there.length).toBeLessThanOrEqual(objects + 1);
  for (const event of after) {
    const original = before[event.sequence];
    expect(event.headerBytes.equals(original?.headerBytes ?? Buffer.alloc(0))).toBe(true);
    if (event.data === undefined) expect(event.dataState).toBe('dropped');
    else expect(event.data).toEqual(original?.data);
  }
  expect(await Promise.all(wanted.map((one) => chain.prove(one)))).toEqual(proofsBefore);
  const statistics = await client.admin.statistics(chainKey);
  expect(statistics).toMatchObject({ chainKey, rewrittenSegments: names.length - 1 });
  const described = await client.describe(chainKey);
  expect(described.use?.deadBytes).toBe(0);

  // Whoever comes anew verifies all of it, also after a restart, and it goes on.
  await server.restart();
  await using other = await testClient(server.address);
  await using again = await other.open(chainKey, { forAppend: true, key: testKey });
  await again.append({ name: 'object-0', data: 'more' });
  expect((await collect(again.read())).length).toBe(before.length + 1);
  expect(notices).toEqual([]);
});

test('who follows a chain in the middle of its history has all of it, once, while it is compacted', async () => {
  await using server = await TestServer.start({ segmentBytesMax, compact: { horizonMs: 0 } });
  await using client = await testClient(server.address);
  const chain = await fill(client, 60);
  const sequences: number[] = [];
  let compacted: Promise<unknown> | undefined;
  const last = 60 * objects + 3;
  for await (const event of chain.subscribe({ from: 'start' })) {
    sequences.push(event.sequence);
    // In the middle of a slice: the rest comes from files that are others by then.
    if (event.sequence === 50) {
      compacted = client.admin.compact(chainKey);
      await compacted;
      for (let more = 0; more < 3; more += 1)
        await chain.append({ name: 'object-1', data: 'late' });
    }
    if (event.sequence === last) break;
  }
  expect(sequences).toEqual(Array.from({ length: last + 1 }, (_, sequence) => sequence));
  const backwards = await collect(chain.read({ reverse: true }));
  expect(backwards.map(({ sequence }) => sequence)).toEqual(sequences.toReversed());
});

test('a server compacts by itself, when a chain has grown', async () => {
  await using server = await TestServer.start({
    // So that enough of one is dead.
    segmentBytesMax: 200_000,
    compact: { mode: 'size', sizeBytes: 100_000, horizonMs: 0, checkMs: 20, pauseMs: 1 },
  });
  await using client = await testClient(server.address);
  await using chain = await fill(client, 60);
  await eventually(async () => {
    expect((await segmentFiles(server)).some((name) => name.includes('.1.log'))).toBe(true);
  });
  expect((await collect(chain.read())).length).toBe(60 * objects + 1);
});

test('what is young keeps its data', async () => {
  await using server = await TestServer.start({ segmentBytesMax });
  await using client = await testClient(server.address);
  await using chain = await fill(client);
  const { decided, bytesAfter, bytesBefore } = await client.admin.compact(chainKey);
  expect(decided.map(({ decision }) => decision)).not.toContain('dropped');
  expect(decided.map(({ decision }) => decision)).toContain('young');
  expect(bytesAfter).toBe(bytesBefore);
  expect((await collect(chain.read())).every(({ data }) => data !== undefined)).toBe(true);
});

test('what a rewriting would not make smaller is left, and nothing of it is said to be dropped', async () => {
  await using server = await TestServer.start({ segmentBytesMax, compact: { horizonMs: 0 } });
  await using client = await testClient(server.address);
  await using chain = await client.open(chainKey, { forAppend: true, key: testKey });
  for (const data of ['a', 'b']) await chain.append({ name: 'small', data });
  const result = await client.admin.compact(chainKey);
  const { decided, bytesAfter, bytesBefore, segments, use } = result;
  expect([bytesAfter, segments.length]).toEqual([bytesBefore, 1]);
  expect(use.deadBytes).toBeGreaterThan(0);
  expect(decided.map(({ decision }) => decision)).not.toContain('dropped');
  expect(resultWords(result)).toMatch(/^rewrote 0 segments: .*\nleft 1 segment as before: /);
});
