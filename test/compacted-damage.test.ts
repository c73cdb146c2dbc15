import { beforeAll, expect, test } from 'vitest';
import { applyRepair, planRepair, surveyLog } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { CompactWorld, chainFolder, logsPath } from './support/compact-world.ts';
import { eventually } from './support/eventually.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { TestWriter, testEvent } from './support/test-writer.ts';

// Damage of files that were rewritten: it is found, told and mended as that of any other.

let world: CompactWorld;
let whole: MemoryStorage;
/** As it was before it was compacted. */
let fresh: MemoryStorage;
/** One of its files. */
let rewritten: string;

beforeAll(async () => {
  whole = await emptyDisk(logsPath);
  world = await CompactWorld.create({ storage: whole });
  await world.open();
  for (let at = 0; at < 60; at += 1) {
    await world.append(at % 2, [{ kind: 'data', object: at % 4, bytes: 200 }]);
  }
  fresh = whole.clone();
  await world.compact();
  await world.check();
  await world.close();
  const names = (await world.files()).filter((name) => /^segment-\d+\.1\.log$/.test(name));
  expect(names.length).toBeGreaterThan(1);
  rewritten = names[0] as string;
});

const pathOf = (name: string) => `${chainFolder}/${name}`;

async function survey(storage: MemoryStorage) {
  const chainId = world.writers[0]?.chainId ?? Buffer.alloc(32);
  return surveyLog({ storage, folder: chainFolder, identify: () => chainId });
}

/** A copy of the disk with something changed. */
async function damaged(name: string, change: (bytes: Buffer) => Buffer): Promise<MemoryStorage> {
  const disk = whole.clone();
  disk.poke(pathOf(name), change(Buffer.from(disk.peek(pathOf(name)) ?? [])));
  return disk;
}

const flip = (bytes: Buffer, at: number): Buffer => {
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
};

/** Repair it, and see that the chain is what it was, and goes on. */
async function repairs(disk: MemoryStorage): Promise<void> {
  await applyRepair(disk, chainFolder, planRepair(await survey(disk)));
  expect((await survey(disk)).damages).toEqual([]);
  const again = world.clone(disk);
  await again.open(disk);
  expect(again.chain.log.trouble).toBeUndefined();
  await again.check();
  await again.compact();
  await again.check();
  await again.close();
}

test('a header that is damaged is made again, with what it was rewritten from', async () => {
  const disk = await damaged(rewritten, (bytes) => flip(bytes, 30));
  const { damages } = await survey(disk);
  expect(damages).toMatchObject([{ file: rewritten, kind: 'corrupt', losesEvents: false }]);
  await repairs(disk);
});

test('a footer that is damaged is made again, where the file is then what the manifest says', async () => {
  const disk = await damaged(rewritten, (bytes) => flip(bytes, bytes.length - 8));
  const { damages } = await survey(disk);
  expect(damages).toMatchObject([{ file: rewritten, losesEvents: false }]);
  await repairs(disk);
});

test('without a manifest the files say which they are, for reading; and a repair writes one', async () => {
  const disk = await damaged('manifest', (bytes) => flip(bytes, 20));
  const reading = world.clone(disk);
  await reading.open(disk);
  expect(reading.chain.log.trouble).toMatch(/^manifest is damaged/);
  await reading.check();
  // What can only be read isn't rewritten.
  await expect(reading.compact()).rejects.toMatchObject({ reason: 'CHAIN_READ_ONLY' });
  await reading.close();
  await repairs(disk);
});

test('a batch that is damaged is told, also in what was rewritten', async () => {
  const disk = await damaged(rewritten, (bytes) => flip(bytes, bytes.length >>> 1));
  const { damages } = await survey(disk);
  expect(damages[0]).toMatchObject({ file: rewritten, losesEvents: true });
});

/** Repair it without anybody who has what is lost, and see that it goes on behind what is sound. */
async function cutsAndGoesOn(disk: MemoryStorage): Promise<void> {
  const before = await survey(disk);
  expect(before.place.commit).toBeLessThan(world.placed.length);
  await applyRepair(disk, chainFolder, planRepair(before));
  expect((await survey(disk)).damages).toEqual([]);
  const again = world.clone(disk);
  await again.open(disk);
  const { log } = again.chain;
  expect(log.trouble).toBeUndefined();
  expect(log.durable.head.size).toBe(before.place.commit);
  again.placed.length = before.place.commit;
  expect(await again.read()).toHaveLength(before.place.commit);
  // Another writer than those whose last batches are gone.
  const writer = new TestWriter(log.chainId, (world.writers[0] as TestWriter).key);
  const { run } = await writer.batch([testEvent('it goes on')]);
  await again.chain.submit(await again.chain.prepare(run, () => true)).durable;
  await again.compact();
  await again.close();
  await again.open(disk);
  expect(again.chain.log.trouble).toBeUndefined();
  expect(again.chain.log.durable.head.size).toBe(before.place.commit + 1);
  await again.close();
  expect(await again.survey(disk)).toEqual([]);
}

test('a repair goes on behind what is sound of a rewritten segment, to which nothing is appended', async () => {
  const names = (await world.files(whole)).filter((name) => /^segment-.*\.log$/.test(name));
  expect(names.indexOf(rewritten) + 2).toBeLessThan(names.length);
  await cutsAndGoesOn(await damaged(rewritten, (bytes) => flip(bytes, bytes.length >>> 1)));
  // All of it is sound, and nothing of the next one.
  const behind = names[names.indexOf(rewritten) + 1] as string;
  await cutsAndGoesOn(await damaged(behind, (bytes) => flip(bytes, 400)));
  const gone = whole.clone();
  for (const name of [names.at(-1) as string, 'manifest']) await gone.remove(pathOf(name));
  if (/\.\d+\.log$/.test(names.at(-2) as string)) await cutsAndGoesOn(gone);
});

test('what is damaged is never copied: the compaction that comes upon it fails, and the chain can only be read', async () => {
  const disk = fresh.clone();
  const name = rewritten.replace('.1.log', '.log');
  disk.poke(pathOf(name), flip(Buffer.from(disk.peek(pathOf(name)) ?? []), 2_000));
  const open = world.clone(disk);
  await open.open(disk);
  await expect(open.compact()).rejects.toMatchObject({
    reason: 'CHAIN_DAMAGED',
    metadata: { file: name },
  });
  await eventually(() => expect(open.chain.log.trouble).toMatch(`${name} is damaged`));
  const names = await open.files(disk);
  expect(names).toContain(name);
  expect(names.filter((one) => one.startsWith(name.replace('.log', '.1')))).toEqual([]);
  await open.close();
});

test('where the file of an older generation is put back, the chain is not taken for whole', async () => {
  const disk = whole.clone();
  const original = rewritten.replace('.1.log', '.log');
  await disk.rename(pathOf(rewritten), pathOf(original));
  const reading = world.clone(disk);
  await reading.open(disk);
  expect(reading.chain.log.trouble).toMatch(`${rewritten} is damaged at offset 0: it is gone`);
  await reading.close();
  // Nothing of it was removed: somebody has to look at it.
  expect(await reading.files(disk)).toContain(original);
});
