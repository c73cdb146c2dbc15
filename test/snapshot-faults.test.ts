import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Fault, type FaultPlan, FaultyStorage } from '../src/log/faulty-storage.ts';
import { manifestName, planRepair, surveyLog } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { CompactWorld, chainFolder, logsPath } from './support/compact-world.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { powerCuts } from './support/power-cuts.ts';
import { manyRoundsMs, rounds } from './support/scale.ts';
import { appendSnapshot, dayMs, slicesOf, verifySlices } from './support/snapshot-world.ts';
import type { TestWriter } from './support/test-writer.ts';

// What is forgotten under a snapshot on a disk whose calls fail, each of them: all of it is gone, or all is there.

const faults: Fault[] = ['refused', 'persisted', 'torn'];

const expected = { full: 33, left: 0 };

/** A chain with a snapshot to be carried out, on a disk that fails as planned from then on. */
async function run(plan: FaultPlan) {
  const disk = await emptyDisk(logsPath);
  let isArmed = false;
  let armedAt = 0;
  const storage = new FaultyStorage(disk, (call) => (isArmed ? plan(call) : undefined));
  const world = await CompactWorld.create({ storage: disk });
  world.namesHeads = true;
  await world.open(storage);
  for (let at = 0; at < 30; at += 1) {
    await world.append(at % 2, [{ kind: 'data', object: at % 3, bytes: 90 }]);
  }
  world.timeUnixMs += 8 * dayMs;
  await world.append(0, [{ kind: 'data', object: 0, bytes: 90 }]);
  await appendSnapshot(world, 31);
  armedAt = storage.calls.length;
  isArmed = true;
  let failure: unknown;
  try {
    await world.compact({ storage });
  } catch (error) {
    failure = error;
  } finally {
    await world.close().catch(() => undefined);
  }
  return { disk, storage, world, armedAt, failure };
}

async function eventsIn(world: CompactWorld): Promise<number> {
  const { genesis, log } = world.chain;
  expect(log.trouble).toBeUndefined();
  const seen = await verifySlices(genesis, await slicesOf(log));
  expect(seen.size).toBe(33);
  expect(seen.nextSequence).toBe(33);
  return seen.events.size;
}

/** After a crash: the chain verifies with all or with what is left, and then with what is left. */
async function checkAfter(of: CompactWorld, disk: MemoryStorage, what: string): Promise<number> {
  const world = of.clone(disk);
  world.namesHeads = true;
  try {
    await world.open(disk);
    const found = await eventsIn(world);
    expect([expected.full, expected.left]).toContain(found);
    await world.compact({ storage: disk });
    expect(await eventsIn(world)).toBe(expected.left);
    await world.close();
    expect(await world.survey(disk)).toEqual([]);
    const segments = (await world.files(disk)).filter((name) => name.endsWith('.log'));
    expect(new Set(segments.map((name) => name.slice(0, 16))).size).toBe(segments.length);
    return found;
  } catch (error) {
    throw new Error(what, { cause: error });
  }
}

test('a crash or a power cut at any call leaves all that was there, or all that is to stay', {
  timeout: 180_000,
}, async () => {
  const whole = await run(() => undefined);
  await whole.world.open(whole.disk);
  expected.left = await eventsIn(whole.world);
  await whole.world.close();
  // Genesis, three objects, a newer one, the snapshot.
  expect(expected.left).toBe(6);
  const calls = whole.storage.calls.length;
  expect(calls - whole.armedAt).toBeGreaterThan(100);
  const found = new Set<number>();
  for (const [place, fault] of faults.entries()) {
    const step = rounds({ short: 37, long: 1 });
    for (let at = whole.armedAt + place * 11; at < calls; at += step) {
      const done = await run(({ index }) =>
        index < at ? undefined : index === at ? fault : 'refused',
      );
      const call = done.storage.calls[at];
      for (const [ending, survives] of [['no power cut', undefined] as const, ...powerCuts()]) {
        const disk = done.disk.clone({ keepsUnsynced: true });
        if (survives !== undefined) disk.powerCut(survives);
        const what = `${call?.name} ${call?.path} (call ${at}), ${fault}, ${ending}`;
        found.add(await checkAfter(done.world, disk, what));
      }
    }
  }
  expect(found).toEqual(new Set([expected.full, expected.left]));
});

test('a call that fails alone fails the compaction, and the next one is as if nothing had been', {
  timeout: manyRoundsMs,
}, async () => {
  const whole = await run(() => undefined);
  await whole.world.open(whole.disk);
  expected.left = await eventsIn(whole.world);
  await whole.world.close();
  const calls = whole.storage.calls.length - whole.armedAt;
  let failures = 0;
  for (let at = 3; at < calls; at += rounds({ short: 29, long: 1 })) {
    const done = await run(({ index }) => (index === whole.armedAt + at ? 'refused' : undefined));
    failures += done.failure === undefined ? 0 : 1;
    const call = done.storage.calls[whole.armedAt + at];
    await checkAfter(done.world, done.disk, `${call?.name} ${call?.path} (call ${at})`);
  }
  expect(failures).toBeGreaterThan(2);
});

test('a repair that makes a lost manifest anew finds in the segments what is gone', async () => {
  const { disk, world } = await run(() => undefined);
  const { chainId } = world.writers[0] as TestWriter;
  const of = { storage: disk, folder: chainFolder, identify: () => chainId };
  const { manifest } = await surveyLog(of);
  expect(manifest?.forgotten).toEqual({ snapshot: 32, before: 31 });
  await disk.remove(join(chainFolder, manifestName));
  const steps = planRepair(await surveyLog(of));
  expect(steps).toEqual([
    { kind: 'write-manifest', manifest: { ...manifest, compacted: undefined } },
  ]);
});
