import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CompactionHere, type CompactionRunner, type RegistryOptions } from '../src/chain/index.ts';
import { compactTriggersDefault } from '../src/compact/index.ts';
import { FaultyStorage } from '../src/log/faulty-storage.ts';
import { CompactWorld, logsPath } from './support/compact-world.ts';
import { eventually } from './support/eventually.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Who is compacted when, and what comes of what fails: a registry on a disk in memory.

/** Every change makes a compaction due, as soon as it may be. */
const eager = { ...compactTriggersDefault, mode: 'modified', horizonMs: 0, checkMs: 5 } as const;

const worldOf = async (changes: Partial<RegistryOptions>) => {
  const disk = await emptyDisk(logsPath);
  const world = await CompactWorld.create({ storage: disk });
  await world.open(disk, changes);
  return { disk, world };
};

const fill = async (world: CompactWorld, count: number) => {
  for (let more = 0; more < count; more += 1) {
    await world.append(0, [{ kind: 'data', object: more % 2, bytes: 1_000 }]);
  }
};

/** A runner that counts its jobs, and waits for `until` in each. */
function counting(inner: CompactionRunner, until: () => Promise<void> = async () => {}) {
  const counts = { begun: 0, now: 0, most: 0 };
  const runner: CompactionRunner = {
    run: async (...job) => {
      counts.begun += 1;
      counts.now += 1;
      counts.most = Math.max(counts.most, counts.now);
      try {
        await until();
        await inner.run(...job);
      } finally {
        counts.now -= 1;
      }
    },
  };
  return { runner, counts };
}

test('a chain that changes all the time is compacted no more often than it may', async () => {
  const disk = await emptyDisk(logsPath);
  const { runner, counts } = counting(new CompactionHere(disk));
  const world = await CompactWorld.create({ storage: disk });
  const compact = { ...eager, pauseMs: 3_600_000 };
  await world.open(disk, { compact, makeRunner: () => runner, segmentBytesMax: 200_000 });
  await fill(world, 150);
  await eventually(() => expect(counts.begun).toBe(1));
  for (let round = 0; round < 10; round += 1) {
    await fill(world, 5);
    await delay(10);
  }
  expect(counts.begun).toBe(1);
  await world.check();
  await world.close();
});

test('several chains are compacted at once, each in a thread, and opening one waits for none', async () => {
  await using server = await TestServer.start({
    segmentBytesMax: 20_000,
    compact: { mode: 'never', horizonMs: 0, runnersMax: 2 },
  });
  await using client = await testClient(server.address);
  const names = ['team/a', 'team/b', 'team/c'];
  for (const name of names) {
    await using chain = await client.open(name, { forAppend: true, key: testKey });
    for (let at = 0; at < 30; at += 1) await chain.append({ name: 'one', data: 'x'.repeat(1_000) });
  }
  const compactions = names.map((name) => client.admin.compact(name));
  await using other = await client.open('team/other', { forAppend: true, key: testKey });
  await other.append({ data: 'not waited' });
  for (const { bytesBefore, bytesAfter } of await Promise.all(compactions)) {
    expect(bytesAfter).toBeLessThan(bytesBefore);
  }
});

test('a compaction that fails is told, cleaned up, and tried again', async () => {
  const disk = await emptyDisk(logsPath);
  let failing = true;
  const storage = new FaultyStorage(disk, ({ name, path }) =>
    failing && name === 'rename' && /segment-\d+\.1\.log$/.test(path) ? 'refused' : undefined,
  );
  const world = await CompactWorld.create({ storage: disk });
  const makeRunner = () => new CompactionHere(storage);
  const compact = { ...eager, pauseMs: 10 };
  await world.open(storage, { compact, makeRunner, segmentBytesMax: 200_000 });
  await fill(world, 500);
  await eventually(() => expect(world.notices.length).toBeGreaterThan(1));
  expect(world.notices[0]).toMatch(/^compaction has failed, it is tried again in 1 s: .*EIO/);
  expect((await world.files(disk)).filter((name) => name.includes('.1'))).toEqual([]);
  failing = false;
  await eventually(async () => {
    const names = await world.files(disk);
    expect(names.some((name) => /^segment-\d+\.1\.log$/.test(name))).toBe(true);
  });
  await world.check();
  await world.close();
  expect(await world.survey(disk)).toEqual([]);
});

test('a chain that was closed after it had changed is compacted when its time comes', async () => {
  const timer = { ...eager, mode: 'timer', timerMs: 2_000, pauseMs: 10 } as const;
  const { disk, world } = await worldOf({ compact: timer, idleMs: 20, segmentBytesMax: 200_000 });
  await fill(world, 250);
  // Nobody uses it from here on, and it is closed long before the timer is due.
  world.release();
  await eventually(async () => {
    const names = await world.files(disk);
    // On a slow machine it may have been due before, too, and this is a later generation.
    expect(names.some((name) => /^segment-\d+\.[1-9]\d*\.log$/.test(name))).toBe(true);
  });
  await world.close();
  await world.open(disk);
  await world.check();
  await world.close();
});

test('closing a chain, and the server, ends a compaction that is under way', async () => {
  const disk = await emptyDisk(logsPath);
  const world = await CompactWorld.create({ storage: disk });
  const waits: CompactionRunner = {
    run: (_job, _listener, signal) => {
      const { promise, reject } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
      return promise;
    },
  };
  await world.open(disk, { makeRunner: () => waits });
  await fill(world, 30);
  const { chain } = world;
  const running = chain.compaction.run({
    ...{ runner: waits, what: 'compact', isAsked: true, horizonMs: 0 },
    signal: new AbortController().signal,
  });
  const ended = expect(running).rejects.toMatchObject({ reason: 'SERVER_DRAINING' });
  await expect(
    chain.compaction.run({
      ...{ runner: waits, what: 'count', isAsked: true, horizonMs: 0 },
      signal: new AbortController().signal,
    }),
  ).rejects.toMatchObject({ reason: 'COMPACTION_RUNNING' });
  await world.close();
  await ended;
  expect(await world.survey(disk)).toEqual([]);
});

test('when only the reserve is left, chains take what makes room, and nothing else', async () => {
  const disk = await emptyDisk(logsPath);
  disk.free = 10_000;
  const world = await CompactWorld.create({ storage: disk });
  await world.open(disk, { diskReserve: { bytes: 5_000, checkMs: 5 } });
  await fill(world, 3);
  disk.free = 4_999;
  const refused = { reason: 'DISK_FULL', metadata: { free_bytes: '4999', needed_bytes: '5000' } };
  await eventually(async () => {
    await expect(fill(world, 1)).rejects.toMatchObject(refused);
  });
  await world.append(0, [{ kind: 'tombstone', object: 1, bytes: 0 }]);
  await expect(
    world.append(0, [
      { kind: 'tombstone', object: 0, bytes: 0 },
      { kind: 'data', object: 0, bytes: 60 },
    ]),
  ).rejects.toMatchObject(refused);
  // A tenth more than has to be free: what is freed a little at a time doesn't change it all the time.
  disk.free = 5_499;
  await delay(30);
  await expect(fill(world, 1)).rejects.toMatchObject({ reason: 'DISK_FULL' });
  disk.free = 5_500;
  await eventually(() => fill(world, 1));
  expect(world.notices).toEqual([
    expect.stringMatching(/^the disk is full: 4999 bytes are left, and 5000 are kept/),
    'the disk has room again, and chains take everything',
  ]);
  await world.check();
  await world.close();
});
