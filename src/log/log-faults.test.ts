import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  appendAll,
  createLog,
  emptyDisk,
  makeBatch,
  openLog,
  readAll,
  reopenLog,
  sameBatches,
  type TestBatch,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { crashEndings } from '../../test/support/power-cuts.ts';
import { manyRoundsMs, rounds } from '../../test/support/scale.ts';
import { type Fault, FaultyStorage } from './faulty-storage.ts';
import type { MemoryStorage } from './memory-storage.ts';

const logsPath = '/logs';
const segmentBytesMax = 700;

/** What a workload made durable, as far as it was told, and what it tried. */
interface Progress {
  readonly tried: TestBatch[];
  acknowledged: number;
}

/** Create a chain, append, roll, close, reopen, append, close: until something fails. */
async function workload(storage: FaultyStorage, progress: Progress): Promise<void> {
  const owner = testOwner(logsPath, { storage, segmentBytesMax });
  const append = async (log: Awaited<ReturnType<typeof createLog>>, count: number) => {
    const batches = Array.from({ length: count }, () =>
      makeBatch([20, 3], 1000 + progress.tried.length),
    );
    progress.tried.push(...batches);
    await appendAll(log, batches);
    progress.acknowledged = progress.tried.length;
  };
  let log = (await openLog(owner)) ?? (await createLog(owner));
  try {
    for (const count of [1, 2, 1, 3]) await append(log, count);
  } finally {
    await log.close();
  }
  log = await reopenLog(owner);
  try {
    for (const count of [1, 2, 2]) await append(log, count);
  } finally {
    await log.close();
  }
}

/** Number of calls that the workload makes when nothing fails. */
async function callsOfWorkload(): Promise<number> {
  const storage = new FaultyStorage(await emptyDisk(logsPath), () => undefined);
  await workload(storage, { tried: [], acknowledged: 0 });
  return storage.calls.length;
}

/** After a crash: whatever was acknowledged is there, whole, in order, once; and the chain goes on. */
async function checkAfter(storage: MemoryStorage, progress: Progress, what: string): Promise<void> {
  const owner = testOwner(logsPath, { storage, segmentBytesMax });
  const log = await openLog(owner);
  if (log === null) {
    expect(progress.acknowledged, what).toBe(0);
    const again = await createLog(owner);
    await appendAll(again, [makeBatch([1], 1)]);
    await again.close();
    return;
  }
  expect(log.trouble, what).toBeUndefined();
  const read = await readAll(log);
  expect(read.length, what).toBeGreaterThanOrEqual(progress.acknowledged);
  expect(sameBatches(read, progress.tried.slice(0, read.length)), what).toBe(true);
  expect(await log.tree.rootAt(read.length), what).toEqual(log.durable.head.root);
  const more = Array.from({ length: 6 }, () => makeBatch([30], 5000));
  for (const batch of more) await appendAll(log, [batch]);
  await log.close();
  const again = await reopenLog(testOwner(logsPath, { storage }));
  const all = [...progress.tried.slice(0, read.length), ...more];
  expect(sameBatches(await readAll(again), all), what).toBe(true);
  await again.close();
}

const faults: Fault[] = ['refused', 'persisted', 'torn'];

test.each(faults)(
  'a crash at any call that is %s loses nothing acknowledged',
  async (fault) => {
    const calls = await callsOfWorkload();
    expect(calls).toBeGreaterThan(100);
    for (
      let at = faults.indexOf(fault);
      at < calls;
      at += rounds({ quick: 9, short: 3, long: 1 })
    ) {
      for (const [ending, survives] of crashEndings()) {
        const disk = await emptyDisk(logsPath);
        const storage = new FaultyStorage(disk, ({ index }) =>
          index < at ? undefined : index === at ? fault : 'refused',
        );
        const progress: Progress = { tried: [], acknowledged: 0 };
        await workload(storage, progress).catch(() => undefined);
        const call = storage.calls[at];
        if (survives !== undefined) disk.powerCut(survives);
        await checkAfter(disk, progress, `${call?.name} ${call?.path} (call ${at}), ${ending}`);
      }
    }
  },
  manyRoundsMs,
);

test.each(faults)('one call that is %s stops one log, and nothing else', async (fault) => {
  const calls = await callsOfWorkload();
  for (let at = 0; at < calls; at += 1) {
    const disk = await emptyDisk(logsPath);
    const storage = new FaultyStorage(disk, ({ index }) => (index === at ? fault : undefined));
    const progress: Progress = { tried: [], acknowledged: 0 };
    await workload(storage, progress).catch(() => undefined);
    const call = storage.calls[at];
    await checkAfter(disk, progress, `${call?.name} ${call?.path} (call ${at})`);
  }
});

test.each(faults)(
  'after a write that is %s all who wait are told, what they wait for is taken back, and the log goes on',
  async (fault) => {
    const disk = await emptyDisk(logsPath);
    let broken = false;
    const storage = new FaultyStorage(disk, ({ name }) =>
      broken && name === 'writeDurable' ? fault : undefined,
    );
    const lost: number[] = [];
    const onLost = (commits: number) => void lost.push(commits);
    const log = await createLog(testOwner(logsPath, { storage, onLost }));
    const batches = Array.from({ length: 6 }, (_, place) => makeBatch([10], 1 + place));
    await appendAll(log, batches.slice(0, 3));
    broken = true;
    const inFlight = log.append((batches[3] as TestBatch).run, batches[3] as TestBatch);
    await undefined;
    await undefined;
    const queued = log.append((batches[4] as TestBatch).run, batches[4] as TestBatch);
    const waiting = log.waitDurable(3, new AbortController().signal);
    const growing = log.waitBeyond(3, new AbortController().signal);
    const settled = await Promise.allSettled([inFlight.durable, queued.durable, waiting]);
    for (const result of settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'STORAGE_FAILED' } });
    }
    expect(lost).toEqual([3]);
    expect(log.durable.head.size).toBe(3);
    expect(log.queuedBytes).toBe(0);
    expect(() => log.append((batches[5] as TestBatch).run, batches[5] as TestBatch)).toThrow(
      expect.objectContaining({ reason: 'STORAGE_FAILED' }),
    );
    broken = false;
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.trouble).toBeUndefined();
    expect(sameBatches(await readAll(log), batches.slice(0, 3))).toBe(true);
    await appendAll(log, batches.slice(3));
    await growing;
    expect(log.segments).toBe(2);
    expect(sameBatches(await readAll(log), batches)).toBe(true);
    await log.close();
    disk.powerCut(() => false);
    const again = await reopenLog(testOwner(logsPath, { storage: disk }));
    expect(sameBatches(await readAll(again), batches)).toBe(true);
    await again.close();
  },
);

test(
  'power cuts at random, of all that was not synced any part survives',
  async () => {
    const calls = await callsOfWorkload();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: calls }),
        fc.infiniteStream(fc.boolean()),
        async (at, coins) => {
          const disk = await emptyDisk(logsPath);
          const storage = new FaultyStorage(disk, ({ index }) => (index < at ? undefined : 'torn'));
          const progress: Progress = { tried: [], acknowledged: 0 };
          await workload(storage, progress).catch(() => undefined);
          disk.powerCut(() => coins.next().value);
          await checkAfter(disk, progress, `call ${at}`);
        },
      ),
      { numRuns: rounds({ quick: 20, short: 60, long: 2_000 }) },
    );
  },
  manyRoundsMs,
);

test(
  'a crash in the recovery from a crash, and in the recovery from that',
  async () => {
    const calls = await callsOfWorkload();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: calls }),
        fc.array(fc.nat(40), { maxLength: 3 }),
        fc.infiniteStream(fc.boolean()),
        async (at, recoveries, coins) => {
          const disk = await emptyDisk(logsPath);
          const progress: Progress = { tried: [], acknowledged: 0 };
          const first = new FaultyStorage(disk, ({ index }) => (index < at ? undefined : 'torn'));
          await workload(first, progress).catch(() => undefined);
          disk.powerCut(() => coins.next().value);
          for (const until of recoveries) {
            const storage = new FaultyStorage(disk, ({ index }) =>
              index < until ? undefined : 'torn',
            );
            const log = await openLog(testOwner(logsPath, { storage })).catch(() => null);
            // What is served once must not be gone after the next power cut.
            const served = log === null ? [] : await readAll(log).catch(() => []);
            progress.acknowledged = Math.max(progress.acknowledged, served.length);
            await log?.close();
            disk.powerCut(() => coins.next().value);
          }
          await checkAfter(disk, progress, `call ${at}, then ${recoveries.join()}`);
        },
      ),
      { numRuns: rounds({ quick: 20, short: 60, long: 2_000 }) },
    );
  },
  manyRoundsMs,
);

test('what recovery found in a page cache and served is durable before it is served', async () => {
  const disk = await emptyDisk(logsPath);
  let broken = false;
  const storage = new FaultyStorage(disk, ({ name }) =>
    broken && (name === 'writeDurable' || name === 'truncate') ? 'torn' : undefined,
  );
  const log = await createLog(testOwner(logsPath, { storage }));
  const batches = Array.from({ length: 9 }, (_, place) => makeBatch([20], 1 + place));
  await appendAll(log, batches.slice(0, 1));
  broken = true;
  // Half of the group gets into the file, and none of it to the disk.
  await appendAll(log, batches.slice(1)).catch(() => undefined);
  await log.close();
  const recovered = await reopenLog(testOwner(logsPath, { storage: disk }));
  const served = await readAll(recovered);
  expect(served.length).toBeGreaterThan(2);
  expect(sameBatches(served, batches.slice(0, served.length))).toBe(true);
  disk.powerCut(() => false);
  const again = await reopenLog(testOwner(logsPath, { storage: disk }));
  expect((await readAll(again)).length).toBe(served.length);
  await again.close();
});

test('an unfinished roll leaves files that the next one replaces', async () => {
  const disk = await emptyDisk(logsPath);
  let broken = false;
  const storage = new FaultyStorage(disk, ({ name, path }) =>
    broken && name === 'rename' && path.endsWith('manifest') ? 'refused' : undefined,
  );
  const owner = testOwner(logsPath, { storage, segmentBytesMax });
  const log = await createLog(owner);
  const batches = Array.from({ length: 9 }, (_, place) => makeBatch([30], 1 + place));
  await appendAll(log, batches.slice(0, 1));
  broken = true;
  const results = await Promise.allSettled(
    batches.slice(1).map((batch) => log.append(batch.run, batch).durable),
  );
  expect(results.some(({ status }) => status === 'rejected')).toBe(true);
  await log.close();
  expect(disk.peek(join(owner.options.folder, 'segment-00000001.log'))).toBeDefined();
  const kept = log.durable.head.size;
  await checkAfter(disk, { tried: batches, acknowledged: kept }, 'unfinished roll');
});
