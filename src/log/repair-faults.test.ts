import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openLog, readAll, sameBatches, testOwner } from '../../test/support/log-fixture.ts';
import { crashEndings } from '../../test/support/power-cuts.ts';
import {
  expectNothingGone,
  expectSound,
  filesOf,
  folder,
  type SmallChain,
  smallChain,
  survey,
} from '../../test/support/repair-fixture.ts';
import { rounds } from '../../test/support/scale.ts';
import { applyRepair } from './apply-repair.ts';
import { type Fault, FaultyStorage } from './faulty-storage.ts';
import { encodeManifest, parseManifest } from './manifest.ts';
import type { MemoryStorage } from './memory-storage.ts';
import { planRepair } from './plan-repair.ts';

// Every call to the file system that a repair makes goes wrong in turn, in each way, and the power is cut after it or it
// isn't. Whatever is left: nothing of the chain is gone, no server takes it for another chain than it was or is to be,
// and another repair does what is left to do.

let chain: SmallChain;
beforeAll(async () => {
  chain = await smallChain(512, 9);
});

const segmentOf = (number: number): string => join(folder, `segment-0000000${number}.log`);

/** Change a byte, counted from the start or, where it is negative, from the end. */
function flip(storage: MemoryStorage, path: string, at: number): void {
  const bytes = Buffer.from(storage.peek(path) as Buffer);
  const offset = at < 0 ? bytes.length + at : at;
  bytes[offset] = (bytes[offset] as number) ^ 0x10;
  storage.poke(path, bytes);
}

/** What is done to the chain. */
const damages: Record<string, (storage: MemoryStorage, last: number) => Promise<void> | void> = {
  'a batch of a closed segment': (storage) => flip(storage, segmentOf(1), -150),
  'a batch of the last segment': (storage, last) => flip(storage, segmentOf(last), -150),
  'the header of a closed segment': (storage) => flip(storage, segmentOf(1), 20),
  'the footer of a closed segment': (storage) => flip(storage, segmentOf(1), -1),
  'a segment that is gone': (storage) => storage.remove(segmentOf(1)),
  'the manifest': (storage) => flip(storage, join(folder, 'manifest'), 7),
  'a manifest that is older than the log': (storage) => {
    const path = join(folder, 'manifest');
    const { closed, ...rest } = parseManifest(storage.peek(path) as Buffer);
    const [first, active] = closed as [(typeof closed)[0], (typeof closed)[0]];
    const older = { ...rest, closed: [first], active };
    storage.poke(path, encodeManifest(older));
  },
  'a manifest and a batch': (storage) => {
    flip(storage, join(folder, 'manifest'), 7);
    flip(storage, segmentOf(1), -150);
  },
  'hashes of the tree and an index': (storage) => {
    flip(storage, join(folder, 'tiles', '0'), 5);
    flip(storage, join(folder, 'index-00000000'), 9);
  },
};

/** What a server makes of the chain as it is: it can only be read, or is as it was, or as it is to be. */
async function expectServedAs(
  storage: MemoryStorage,
  of: { before: Map<string, Buffer>; kept: number; what: string },
): Promise<void> {
  const files = await filesOf(storage);
  const isAsBefore = [...of.before].every(([path, bytes]) => files.get(path)?.equals(bytes));
  const log = await openLog(testOwner('/logs', { storage })).catch((error: unknown) => {
    // Between two steps less of it may be readable than before.
    expect(error, of.what).toMatchObject({ reason: 'CHAIN_DAMAGED' });
    return undefined;
  });
  if (log === undefined) return;
  if (log === null) throw new Error(`${of.what}: the chain is gone`);
  const read = await readAll(log).catch(() => []);
  expect(sameBatches(read, chain.batches.slice(0, read.length)), of.what).toBe(true);
  if (log.trouble === undefined && !isAsBefore) {
    expect(log.durable.head.size, of.what).toBe(of.kept);
  }
  await log.close();
}

describe.each(Object.entries(damages))('%s', (_, damage) => {
  test('a repair that is interrupted anywhere can be repeated, and loses nothing', async () => {
    const damaged = chain.closed.clone();
    const { sound } = await survey(damaged);
    expect(sound.length).toBeGreaterThan(3);
    await damage(damaged, sound.length - 1);
    const before = await filesOf(damaged);
    const { place } = await survey(damaged);
    const steps = planRepair(await survey(damaged));
    const counting = new FaultyStorage(damaged.clone(), () => undefined);
    await applyRepair(counting, folder, steps);
    const { length: callCount } = counting.calls;
    expect(callCount).toBeGreaterThan(6);
    const every = rounds({ quick: 83, short: 29, long: 1 });
    let round = 0;
    for (const fault of ['refused', 'persisted', 'torn'] as Fault[]) {
      for (let at = 0; at < callCount; at += 1) {
        for (const [survival, survives] of crashEndings()) {
          round += 1;
          if (round % every !== 0) continue;
          const disk = damaged.clone();
          const faulty = new FaultyStorage(disk, ({ index }) => (index === at ? fault : undefined));
          const applied = applyRepair(faulty, folder, steps);
          await expect(applied).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
          if (survives !== undefined) disk.powerCut(survives);
          const { name, path } = faulty.calls.at(-1) ?? { name: '', path: '' };
          const what = `${fault} ${name} ${path} (call ${at}), ${survival}`;
          await expectNothingGone(before, disk);
          await expectServedAs(disk.clone(), { before, kept: place.commit, what });
          const again = await survey(disk);
          expect(again.place.commit, what).toBe(place.commit);
          await applyRepair(disk, folder, planRepair(again));
          await expectNothingGone(before, disk);
          await expectSound(disk, chain.batches, place.commit);
        }
      }
    }
  }, 600_000);
});
