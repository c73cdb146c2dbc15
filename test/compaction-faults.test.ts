import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fault, type FaultPlan, FaultyStorage } from '../src/log/faulty-storage.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { CompactWorld, chainFolder, logsPath, type PlannedEvent } from './support/compact-world.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { crashEndings } from './support/power-cuts.ts';
import { manyRoundsMs, rounds } from './support/scale.ts';

// A compaction whose calls to the file system fail, each of them, in every way: the old files or the new ones are there, whole.

const faults: Fault[] = ['refused', 'persisted', 'torn'];

const batch = (at: number): PlannedEvent[] => [
  { kind: 'data', object: at % 3, bytes: 200 },
  { kind: 'data', object: (at * 7) % 5, bytes: 100 },
];

/** What a workload has been told, and where it began to compact. */
interface Progress {
  acknowledged: number;
  /** Index of the first call of a compaction. */
  compactsAt: number;
}

async function append(world: CompactWorld, count: number, progress: Progress): Promise<void> {
  for (let more = 0; more < count; more += 1) {
    await world.append(more % 2, batch(world.placed.length));
    progress.acknowledged = world.placed.length;
  }
}

/** Fill some segments, compact them twice, and once more after a restart: until something fails. */
async function workload(
  world: CompactWorld,
  storage: FaultyStorage,
  progress: Progress,
  compact: () => Promise<unknown> = () => world.compact({ storage }),
): Promise<void> {
  await world.open(storage);
  try {
    await append(world, 14, progress);
    progress.compactsAt = storage.calls.length;
    await compact();
    await append(world, 8, progress);
    await compact();
    await world.close();
    await world.open(storage);
    await append(world, 4, progress);
    await compact();
  } finally {
    await world.close();
  }
}

/** A workload on a disk of its own, whose calls fail as planned. */
async function run(
  plan: FaultPlan,
  compact?: (world: CompactWorld, storage: FaultyStorage) => Promise<void>,
) {
  const disk = await emptyDisk(logsPath);
  const storage = new FaultyStorage(disk, plan);
  const world = await CompactWorld.create({ storage: disk });
  const progress: Progress = { acknowledged: 0, compactsAt: 0 };
  let failure: unknown;
  await workload(world, storage, progress, compact && (() => compact(world, storage))).catch(
    (error: unknown) => {
      failure = error;
    },
  );
  return { disk, storage, world, progress, failure };
}

/** After a crash: all that was acknowledged is there, and may lack only what may go; and the chain is compacted as if nothing had been. */
async function checkAfter(
  { disk, world, progress }: { disk: MemoryStorage; world: CompactWorld; progress: Progress },
  what: string,
): Promise<void> {
  try {
    await world.open(disk);
    expect(world.chain.log.trouble).toBeUndefined();
    await world.check(progress.acknowledged);
    await world.checkNewest();
    await world.compact({ storage: disk });
    const gone = await world.check();
    expect(gone.length).toBeGreaterThan(0);
    await world.close();
    expect(await world.survey(disk)).toEqual([]);
    expect((await world.files(disk)).filter(isLeft)).toEqual([]);
    // Of each segment one file, and of what is derived from it.
    const segments = (await world.files(disk)).filter((name) => name.endsWith('.log'));
    const numbers = segments.map((name) => name.slice(0, 16));
    expect(new Set(numbers).size).toBe(numbers.length);
  } catch (error) {
    throw new Error(what, { cause: error });
  }
}

/** Whether a file's name is that of one that isn't finished, and that belongs to a rewritten segment. */
const isLeft = (name: string): boolean => /^(segment|index|keys)-\d+\.\d+(\.log)?\.new$/.test(name);

test.each(faults)(
  'a crash at any call of a compaction that is %s leaves the old files or the new ones',
  async (fault) => {
    const { storage: all, progress: whole } = await run(() => undefined);
    const calls = all.calls.length;
    expect(whole.acknowledged).toBe(27);
    expect(calls - whole.compactsAt).toBeGreaterThan(200);
    const step = rounds({ quick: 113, short: 41, long: 1 });
    for (let at = whole.compactsAt + faults.indexOf(fault) * 9; at < calls; at += step) {
      const done = await run(({ index }) =>
        index < at ? undefined : index === at ? fault : 'refused',
      );
      const call = done.storage.calls[at];
      for (const [ending, survives] of crashEndings()) {
        const disk = done.disk.clone({ keepsUnsynced: true });
        if (survives !== undefined) disk.powerCut(survives);
        const copy = { ...done, disk, world: done.world.clone(disk) };
        await checkAfter(copy, `${call?.name} ${call?.path} (call ${at}), ${ending}`);
      }
    }
  },
  manyRoundsMs,
);

/** A workload of which one call fails: the one with this number among those that are made while it compacts. */
async function runWithOne(at: number, fault: Fault) {
  let isCompacting = false;
  let seen = 0;
  let what = '';
  let failed = 0;
  const plan: FaultPlan = ({ name, path }) => {
    if (!isCompacting) return undefined;
    seen += 1;
    if (seen !== at + 1) return undefined;
    what = `${name} ${path}, ${fault}`;
    return fault;
  };
  const done = await run(plan, async (world, storage) => {
    isCompacting = true;
    try {
      await world.compact({ storage });
    } catch {
      failed += 1;
      isCompacting = false;
      // Whatever became of it, readers have what they had, and it can be done again.
      await world.check();
      await world.compact({ storage });
    }
    isCompacting = false;
    await world.check();
  });
  return { ...done, what, failed, seen };
}

test.each(faults)(
  'one call of a compaction that is %s fails that attempt, and the next one does it all',
  async (fault) => {
    const { seen: calls } = await runWithOne(-1, fault);
    const step = rounds({ quick: 41, short: 17, long: 1 });
    let failed = 0;
    for (let at = faults.indexOf(fault); at < calls; at += step) {
      const done = await runWithOne(at, fault);
      expect(done.failure, done.what).toBeUndefined();
      failed += done.failed;
      await checkAfter(done, done.what);
    }
    // Some fail only what is derived, and is made again.
    expect(failed).toBeGreaterThan(calls / step / 3);
  },
  manyRoundsMs,
);

test(
  'power cuts at random, of all that was not synced any part survives',
  async () => {
    const { storage: all, progress: whole } = await run(() => undefined);
    const at = fc.integer({ min: whole.compactsAt, max: all.calls.length });
    await fc.assert(
      fc.asyncProperty(at, fc.infiniteStream(fc.boolean()), async (until, coins) => {
        const done = await run(({ index }) => (index < until ? undefined : 'torn'));
        done.disk.powerCut(() => coins.next().value);
        await checkAfter(done, `call ${until}`);
      }),
      { numRuns: rounds({ quick: 8, short: 25, long: 500 }) },
    );
  },
  manyRoundsMs,
);

test('a disk that fills up refuses a compaction in words, and nothing is left of it', async () => {
  const { disk, world, progress } = await run(() => undefined);
  await world.open(disk);
  await append(world, 6, progress);
  disk.free = 1_000;
  await expect(world.compact({ storage: disk })).rejects.toMatchObject({
    reason: 'DISK_FULL',
    metadata: { free_bytes: '1000' },
  });
  expect((await world.files(disk)).filter(isLeft)).toEqual([]);
  disk.free = undefined;
  await world.compact({ storage: disk });
  await world.check();
  await world.close();
});

test('files that nothing names are removed when a chain is opened, and those that are named are not', async () => {
  const { disk, world } = await run(() => undefined);
  const before = await world.files(disk);
  const named = before.filter((name) => name.startsWith('segment-'));
  const [rewritten = ''] = named.filter((name) => /\.\d+\.log$/.test(name));
  const bytes = disk.peek(`${chainFolder}/${rewritten}`) ?? Buffer.alloc(0);
  const left = ['segment-00000000.9.log', 'index-00000000.9', 'keys-00000000.9.new'];
  for (const name of left) await writeFile(disk, name, bytes);
  // Not of this chain's closed segments: it is nobody's business here.
  await writeFile(disk, 'segment-00000099.7.log', bytes);
  await world.open(disk);
  expect(world.chain.log.trouble).toBeUndefined();
  await world.check();
  await world.close();
  const after = await world.files(disk);
  expect(after.filter((name) => left.includes(name))).toEqual([]);
  expect(after).toEqual(expect.arrayContaining([...named, 'segment-00000099.7.log']));
});

async function writeFile(disk: MemoryStorage, name: string, bytes: Buffer): Promise<void> {
  const file = await disk.open(`${chainFolder}/${name}`, 'replace');
  await file.writeDurable(0, bytes);
  await file.close();
  await disk.syncFolder(chainFolder);
}
