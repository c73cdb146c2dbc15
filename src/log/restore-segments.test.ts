import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
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
import { manyRoundsMs, rounds } from '../../test/support/scale.ts';
import { applyRepair } from './apply-repair.ts';
import { replaceFile } from './durable-files.ts';
import { type Fault, FaultyStorage } from './faulty-storage.ts';
import { findRestorable } from './find-restorable.ts';
import type { MemoryStorage } from './memory-storage.ts';
import { planRepair } from './plan-repair.ts';

// Closed segments that are damaged are put back from a copy of the chain's folder, on the same disk in memory.

const backup = '/backup/copy.chain';
const nameOf = (number: number) => `segment-0000000${number}.log`;

let chain: SmallChain;
/** Number of closed segments. */
let closed: number;
beforeAll(async () => {
  chain = await smallChain(512, 9);
  closed = (await survey(chain.closed)).sound.length - 1;
  expect(closed).toBeGreaterThan(2);
});

/** The chain with a copy of it beside. */
async function withBackup(): Promise<MemoryStorage> {
  const disk = chain.closed.clone();
  await disk.makeFolder(dirname(backup));
  await disk.makeFolder(backup);
  for (const [path, bytes] of await filesOf(disk)) {
    if (!path.includes('/')) await replaceFile(disk, join(backup, path), bytes);
  }
  return disk;
}

function flip(storage: MemoryStorage, path: string, at: number): void {
  const bytes = Buffer.from(storage.peek(path) as Buffer);
  const offset = at < 0 ? bytes.length + at : at;
  bytes[offset] = (bytes[offset] as number) ^ 0x10;
  storage.poke(path, bytes);
}

const damages: Record<string, (storage: MemoryStorage, path: string) => Promise<void> | void> = {
  'a batch': (storage, path) => flip(storage, path, -150),
  'the first batch': (storage, path) => flip(storage, path, 140),
  'its header': (storage, path) => flip(storage, path, 20),
  'its footer': (storage, path) => flip(storage, path, -1),
  'its end is gone': (storage, path) =>
    storage.poke(path, (storage.peek(path) as Buffer).subarray(0, 200)),
  'it is empty': (storage, path) => storage.poke(path, Buffer.alloc(0)),
  'it is gone': (storage, path) => storage.remove(path),
};

test.each(Object.entries(damages))('%s, in any of the closed segments', async (_what, damage) => {
  const whole = await filesOf(chain.closed);
  for (let segment = 0; segment < closed; segment += 1) {
    const disk = await withBackup();
    await damage(disk, join(folder, nameOf(segment)));
    const before = await filesOf(disk);
    const steps = await findRestorable(disk, folder, backup);
    expect(steps).toMatchObject([{ file: nameOf(segment) }]);
    // A look changes nothing.
    expect(await filesOf(disk)).toEqual(before);
    const aside = await applyRepair(disk, folder, steps);
    expect(aside?.files ?? []).toEqual(before.has(nameOf(segment)) ? [nameOf(segment)] : []);
    await expectNothingGone(before, disk);
    const after = await filesOf(disk);
    for (const [path, bytes] of whole) expect(after.get(path)?.equals(bytes), path).toBe(true);
    expect(await findRestorable(disk, folder, backup)).toEqual([]);
    await expectSound(disk, chain.batches, chain.batches.length);
  }
});

test('several at once', async () => {
  const disk = await withBackup();
  flip(disk, join(folder, nameOf(0)), 140);
  await disk.remove(join(folder, nameOf(2)));
  await applyRepair(disk, folder, await findRestorable(disk, folder, backup));
  await expectSound(disk, chain.batches, chain.batches.length);
});

test('nothing is taken that is not what the manifest says, and then nothing is changed', async () => {
  const path = join(folder, nameOf(1));
  const copy = join(backup, nameOf(1));
  const others: ((disk: MemoryStorage) => Promise<void> | void)[] = [
    // As damaged, or elsewhere.
    (disk) => flip(disk, copy, -150),
    (disk) => disk.poke(copy, disk.peek(path) as Buffer),
    (disk) => flip(disk, copy, -1),
    // Another one of the chain, or a longer one.
    (disk) => disk.poke(copy, disk.peek(join(backup, nameOf(0))) as Buffer),
    (disk) => disk.poke(copy, Buffer.concat([disk.peek(copy) as Buffer, Buffer.alloc(1)])),
    (disk) => disk.remove(copy),
    // Whatever the copy's own manifest says.
    (disk) => disk.poke(join(backup, 'manifest'), Buffer.from('nothing')) ?? flip(disk, copy, -9),
    // Without a manifest nothing says what it has to be.
    (disk) => flip(disk, join(folder, 'manifest'), 7),
  ];
  for (const spoil of others) {
    const disk = await withBackup();
    flip(disk, path, -150);
    await spoil(disk);
    expect(await findRestorable(disk, folder, backup)).toEqual([]);
  }
  const disk = await withBackup();
  expect(await findRestorable(disk, folder, backup)).toEqual([]);
  flip(disk, path, -150);
  expect(await findRestorable(disk, folder, '/backup/none.chain')).toEqual([]);
});

test('a copy that changes after it was looked at is not taken', async () => {
  const disk = await withBackup();
  flip(disk, join(folder, nameOf(1)), -150);
  const before = await filesOf(disk);
  const steps = await findRestorable(disk, folder, backup);
  flip(disk, join(backup, nameOf(1)), -150);
  const applied = applyRepair(disk, folder, steps);
  await expect(applied).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
  const after = await filesOf(disk);
  for (const [path, bytes] of before) expect(after.get(path)?.equals(bytes), path).toBe(true);
});

test(
  'wherever it is interrupted it can be repeated, and loses nothing',
  async () => {
    const damaged = await withBackup();
    flip(damaged, join(folder, nameOf(1)), -150);
    await damaged.remove(join(folder, nameOf(2)));
    const before = await filesOf(damaged);
    const steps = await findRestorable(damaged, folder, backup);
    const counting = new FaultyStorage(damaged.clone(), () => undefined);
    await applyRepair(counting, folder, steps);
    const every = rounds({ short: 5, long: 1 });
    let round = 0;
    for (const fault of ['refused', 'persisted', 'torn'] as Fault[]) {
      for (let at = 0; at < counting.calls.length; at += 1) {
        for (const [, survives] of crashEndings()) {
          round += 1;
          if (round % every !== 0) continue;
          const disk = damaged.clone();
          const faulty = new FaultyStorage(disk, ({ index }) => (index === at ? fault : undefined));
          await expect(applyRepair(faulty, folder, steps)).rejects.toMatchObject({
            reason: 'STORAGE_FAILED',
          });
          if (survives !== undefined) disk.powerCut(survives);
          await expectNothingGone(before, disk);
          await applyRepair(disk, folder, await findRestorable(disk, folder, backup));
          await expectNothingGone(before, disk);
          expect(planRepair(await survey(disk))).toEqual([]);
          await expectSound(disk, chain.batches, chain.batches.length);
        }
      }
    }
  },
  manyRoundsMs,
);
