import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diagnoseChain } from '../src/chain/repair-chain.ts';
import type { TrustMode } from '../src/event/index.ts';
import { type Fault, FaultyStorage } from '../src/log/faulty-storage.ts';
import { type BatchSource, FolderBatches, type OtherBatch } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import {
  CompactWorld,
  chainFolder as folder,
  keyOf,
  type PlannedEvent,
} from './support/compact-world.ts';
import { saying } from './support/malicious/events.ts';
import { expectWhole, filesOf, finish, flip, mend, segmentsOf, verify } from './support/mending.ts';
import { crashEndings } from './support/power-cuts.ts';
import { rounds } from './support/scale.ts';
import { testEvent } from './support/test-writer.ts';

// A damaged chain takes what it lacks from somebody who has the same commits, and is believed in nothing.

const some = (...objects: number[]): PlannedEvent[] =>
  objects.map((object) => ({ kind: 'data', object, bytes: 300 }));

const modes: TrustMode[] = ['centralized', 'distributed'];

describe.each(modes)('a %s chain', (trustMode) => {
  let world: CompactWorld;
  let disk: MemoryStorage;
  beforeAll(async () => {
    world = await CompactWorld.create({ trustMode });
    await world.open();
    for (let round = 0; round < 14; round += 1) {
      await world.append(round % 2, some(round % 5, (round + 1) % 5, 7));
    }
    await world.close();
    disk = (world.storage as MemoryStorage).clone();
  });

  test('whichever byte of whichever segment is flipped, what others have makes it whole', async () => {
    let tried = 0;
    let taken = 0;
    for (const name of await segmentsOf(disk)) {
      const { length } = disk.peek(join(folder, name)) as Buffer;
      for (let at = 0; at < length; at += 1) {
        tried += 1;
        if (tried % rounds({ quick: 1_499, short: 499, long: 23 }) !== 0) continue;
        const storage = disk.clone();
        flip(storage, name, at);
        const found = await mend(storage, disk);
        expect(found.missing, `${name} at ${at}`).toBeUndefined();
        taken += found.taken.length;
        expect(found.isDone).toBe(found.taken.length > 0);
        await finish(storage);
        expect(await expectWhole(world, storage), `${name} at ${at}`).toEqual([]);
      }
    }
    expect(taken).toBeGreaterThan(5);
  }, 600_000);

  test('any file is gone, or several are cut and spoilt at once', async () => {
    const names = await segmentsOf(disk);
    expect(names.length).toBeGreaterThan(3);
    const [first = '', second = '', third = ''] = names;
    const last = names.at(-1) as string;
    const cut = (storage: MemoryStorage, name: string, part: number) => {
      const bytes = storage.peek(join(folder, name)) as Buffer;
      storage.poke(join(folder, name), bytes.subarray(0, Math.floor(bytes.length * part)));
    };
    const damages: ((storage: MemoryStorage) => Promise<void> | void)[] = [
      ...names
        .slice(0, -1)
        .map((name) => (storage: MemoryStorage) => storage.remove(join(folder, name))),
      (storage) => cut(storage, first, 0.5),
      (storage) => cut(storage, second, 0.01),
      async (storage) => {
        await storage.remove(join(folder, second));
        await storage.remove(join(folder, third));
        flip(storage, first, 900);
        flip(storage, last, 700);
      },
      async (storage) => {
        flip(storage, second, 900);
        await storage.remove(join(folder, 'manifest'));
      },
    ];
    for (const [at, damage] of damages.entries()) {
      const storage = disk.clone();
      await damage(storage);
      const before = await filesOf(storage);
      const looked = await mend(storage, disk, { apply: false });
      expect(looked.taken.length, `damage ${at}`).toBeGreaterThan(0);
      // A look changes nothing.
      expect(await filesOf(storage)).toEqual(before);
      const done = await mend(storage, disk);
      expect(done, `damage ${at}`).toMatchObject({ missing: undefined, isDone: true });
      expect(done.taken).toEqual(looked.taken);
      await finish(storage);
      expect(await expectWhole(world, storage), `damage ${at}`).toEqual([]);
      // What was damaged is kept.
      const kept = [...(await filesOf(storage)).values()];
      for (const [name, bytes] of before) {
        if (!name.startsWith('segment-')) continue;
        expect(
          kept.some((one) => one.equals(bytes)),
          `damage ${at}: ${name}`,
        ).toBe(true);
      }
    }
  }, 600_000);

  test('of the end of a chain only what is proven is taken, by a head where nothing is left', async () => {
    const names = await segmentsOf(disk);
    const last = names.at(-1) as string;
    const storage = disk.clone();
    await storage.remove(join(folder, last));
    const { place } = await diagnoseChain(disk, folder).then(({ survey }) => survey);
    const unproven = await mend(storage, disk);
    expect(unproven).toMatchObject({ taken: [], isDone: false });
    const head = { size: place.commit, root: place.frontier.root() };
    const other = { size: place.commit, root: randomBytes(32) };
    await expect(mend(storage, disk, { heads: [other] })).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
    expect(await mend(storage, disk, { heads: [head] })).toMatchObject({ isDone: true });
    await finish(storage);
    expect(await expectWhole(world, storage)).toEqual([]);
  });

  test('a repair that is interrupted anywhere can be repeated, and loses nothing', async () => {
    const damaged = disk.clone();
    const names = await segmentsOf(disk);
    flip(damaged, names[1] as string, 900);
    flip(damaged, names.at(-1) as string, 900);
    const before = await filesOf(damaged);
    const counting = new FaultyStorage(damaged.clone(), () => undefined);
    await mend(counting, disk);
    const writing = new Set([
      'open',
      'write',
      'writeDurable',
      'datasync',
      'rename',
      'remove',
      'removeFolder',
      'syncFolder',
      'makeFolder',
    ]);
    const calls = counting.calls.filter(({ name }) => writing.has(name));
    let round = 0;
    for (const fault of ['refused', 'persisted', 'torn'] as Fault[]) {
      for (const { index: at } of calls) {
        for (const [survival, survives] of crashEndings()) {
          round += 1;
          if (round % rounds({ quick: 97, short: 37, long: 3 }) !== 0) continue;
          const storage = damaged.clone();
          const faulty = new FaultyStorage(storage, ({ index }) =>
            index === at ? fault : undefined,
          );
          const what = `${fault} at call ${at}, ${survival}`;
          await mend(faulty, disk).catch(() => undefined);
          if (survives !== undefined) storage.powerCut(survives);
          const kept = [...(await filesOf(storage)).values()];
          for (const [name, bytes] of before) {
            if (!name.startsWith('segment-')) continue;
            expect(
              kept.some((one) => one.equals(bytes)),
              `${what}: ${name}`,
            ).toBe(true);
          }
          await mend(storage, disk);
          await finish(storage);
          expect(await expectWhole(world, storage), what).toEqual([]);
        }
      }
    }
  }, 600_000);

  test('what a repair that was cut off was making is removed when the chain is opened', async () => {
    const storage = disk.clone();
    await storage.makeFolder(join(folder, 'mending'));
    const file = await storage.open(join(folder, 'mending', 'segment-00000001.1.log'), 'replace');
    await file.writeDurable(0, Buffer.of(1));
    await file.close();
    expect(await expectWhole(world, storage)).toEqual([]);
    expect(await storage.stat(join(folder, 'mending'))).toBeUndefined();
  });

  test('whoever gives something else is refused, and nothing is changed', async () => {
    const names = await segmentsOf(disk);
    const damaged = disk.clone();
    flip(damaged, names[1] as string, 900);
    const before = await filesOf(damaged);
    const honest = new FolderBatches(disk, folder);
    const changed = (change: (batch: OtherBatch) => OtherBatch): BatchSource => ({
      async *batchesFrom(place) {
        for await (const one of honest.batchesFrom(place)) {
          yield change({ ...one, run: Buffer.from(one.run) });
        }
      },
    });
    const set = (batch: OtherBatch, at: number): OtherBatch => {
      batch.run[at] = (batch.run[at] as number) ^ 1;
      return batch;
    };
    const liars: Record<string, BatchSource> = {
      'data that is changed': changed((batch) => set(batch, 200)),
      'a signature, or what the seal says, that is changed': changed((batch) =>
        set(batch, batch.run.length - 20),
      ),
      'another time': changed((batch) => ({
        ...batch,
        commit: {
          ...batch.commit,
          timeUnixMs: batch.commit.timeUnixMs + 1,
          headerBytes: Buffer.concat([batch.commit.headerBytes, Buffer.of(0)]),
        },
      })),
      'another place': changed((batch) => ({
        ...batch,
        commit: { ...batch.commit, commit: batch.commit.commit + 1 },
      })),
      'nothing that is in the batch': changed((batch) => ({
        ...batch,
        run: batch.run.subarray(0, 0),
      })),
    };
    for (const [what, source] of Object.entries(liars)) {
      await expect(mend(damaged, source), what).rejects.toThrow();
      expect(await filesOf(damaged), what).toEqual(before);
    }
    // Something else than was looked at: it isn't written down without an end.
    let asked = 0;
    const swelling: BatchSource = {
      async *batchesFrom(place) {
        asked += 1;
        for await (const one of honest.batchesFrom(place)) {
          const more = asked > 1 ? 1_000_000 : 0;
          yield { ...one, storedBytes: one.storedBytes + more };
        }
      },
    };
    await expect(mend(damaged, swelling)).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
    expect(await filesOf(damaged)).toEqual(before);
    const none = { batchesFrom: async function* () {} } as unknown as BatchSource;
    expect(await mend(damaged, none)).toMatchObject({
      taken: [],
      missing: { what: expect.stringContaining("the others don't have it") },
    });
    expect(await filesOf(damaged)).toEqual(before);
  });
});

describe('what is gone', () => {
  const secret = 'lives in Elm Street';

  test('what was erased here does not come back, and nothing that holds it is left but what was set aside', async () => {
    const world = await CompactWorld.create();
    await world.open();
    // Each of an object of its own, which compaction would never drop.
    for (let count = 0; count < 8; count += 1) {
      const events = [
        testEvent(`${secret} ${count}`, { primaryKey: keyOf(20 + count) }),
        testEvent(randomBytes(200)),
      ];
      await world.appendBuilt(count % 2, events);
    }
    const { nextSequence } = world.chain.log.durable;
    const copy = (world.storage as MemoryStorage).clone();
    const what = { redaction: { beforeSequence: nextSequence } };
    const redactions = Array.from({ length: 8 }, (_, count) =>
      saying(what, { kind: 'redaction', primaryKey: keyOf(20 + count) }),
    );
    await world.appendBuilt(0, redactions);
    await world.chain.eraser.idle();
    await world.close();
    const storage = world.storage as MemoryStorage;
    const holders = async () =>
      [...(await filesOf(storage))].flatMap(([name, bytes]) =>
        bytes.includes(secret) ? [name] : [],
      );
    expect(await holders()).toEqual([]);
    const names = await segmentsOf(storage);
    for (const name of names.slice(0, 3)) flip(storage, name, 1_500);
    const before = await mend(storage, copy, { apply: false });
    expect(before.taken.length).toBeGreaterThan(2);
    const done = await mend(storage, copy);
    expect(done).toMatchObject({ isDone: true, missing: undefined });
    expect(await holders()).toEqual([]);
    await finish(storage);
    expect(await holders()).toEqual([]);
    expect((await verify(storage)).violation).toBeUndefined();
  });

  test('what compaction dropped here does not come back; what only the others dropped is lost nowhere else', async () => {
    const world = await CompactWorld.create();
    await world.open();
    for (let round = 0; round < 14; round += 1) {
      await world.append(round % 2, some(round % 5, (round + 1) % 5, 7));
    }
    await world.close();
    const full = (world.storage as MemoryStorage).clone();
    const compacted = full.clone();
    const other = world.clone(compacted);
    await other.open(compacted);
    await other.compact({ storage: compacted });
    const droppedThere = await other.check();
    expect(droppedThere.length).toBeGreaterThan(10);
    await other.close();

    // Here all of it was there: only of the batch that is damaged the data stays away that the others have dropped.
    const here = full.clone();
    flip(here, (await segmentsOf(here))[1] as string, 900);
    const taken = await mend(here, compacted);
    expect(taken).toMatchObject({ isDone: true });
    const [span] = taken.taken;
    if (span === undefined) throw new Error('something was taken');
    await finish(here);
    const gone = await expectWhole(world, here);
    expect(gone.every((one) => one >= span.firstSequence && one < span.nextSequence)).toBe(true);

    // There it was dropped, and comes from who has it all.
    const there = compacted.clone();
    const rewritten = (await segmentsOf(there)).filter((name) => /\.\d+\.log$/.test(name));
    flip(there, rewritten[0] as string, 900);
    expect(await mend(there, full)).toMatchObject({ isDone: true });
    await finish(there);
    expect(await expectWhole(other, there)).toEqual(droppedThere);
  });
});
