import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataStates, type TrustMode } from '../src/event/index.ts';
import { type BatchSource, dataFates, FolderBatches, rewriteRun } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { CompactWorld, chainFolder as folder, keyOf } from './support/compact-world.ts';
import { saying } from './support/malicious/events.ts';
import { expectWhole, filesOf, finish, flip, mend, segmentsOf } from './support/mending.ts';
import { testEvent } from './support/test-writer.ts';

// Somebody who is asked for what a damaged chain lacks, and changes what they say from one question to the next.

const modes: TrustMode[] = ['centralized', 'distributed'];

describe.each(modes)('a %s chain whose server was killed', (trustMode) => {
  let world: CompactWorld;
  /** As it was when it was killed: nothing ends its last segment. */
  let disk: MemoryStorage;
  /** The same but for its last batch, which is another one of the same writer. */
  let fork: MemoryStorage;
  const append = (of: CompactWorld) =>
    of.appendBuilt(
      1,
      [testEvent(randomBytes(200), { primaryKey: keyOf(3) }), testEvent(randomBytes(200))],
      { isSigned: false },
    );

  beforeAll(async () => {
    world = await CompactWorld.create({ trustMode });
    await world.open();
    const storage = world.storage as MemoryStorage;
    for (let more = 0; more < 6 || (await batchesInLast(storage)) !== 1; more += 1) {
      await append(world);
    }
    const before = storage.clone();
    const writer = { ...world.writers[1] };
    const other = world.clone(before);
    await append(world);
    disk = storage.clone();
    await world.close();
    Object.assign(world.writers[1] as object, writer);
    await other.open(before);
    await append(other);
    fork = before.clone();
    await other.close();
    Object.assign(world.writers[1] as object, { counter: (writer.counter as number) + 1 });
  });

  const lastFile = async (of: MemoryStorage) => join(folder, (await segmentsOf(of)).at(-1) ?? '');
  const dataOf = (batch: number) => world.placed.at(batch)?.batch.eventAt(0).data as Buffer;

  async function batchesInLast(storage: MemoryStorage): Promise<number> {
    const bytes = storage.peek(await lastFile(storage)) as Buffer;
    const own = world.placed.slice(1).map(({ batch }) => batch.eventAt(0).data);
    return own.filter((data) => bytes.includes(data)).length;
  }

  /** Spoil data of one of the last batches; then what says where it belongs is whole. */
  async function spoilt(batch: number, behind: Buffer = Buffer.alloc(0)): Promise<MemoryStorage> {
    const storage = disk.clone();
    const path = await lastFile(storage);
    const bytes = Buffer.concat([storage.peek(path) as Buffer, behind]);
    const at = bytes.indexOf(dataOf(batch));
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] as number) ^ 1;
    storage.poke(path, bytes);
    return storage;
  }

  /** Says one thing when it is asked for the first time, and another from then on. */
  function fickle(first: MemoryStorage, then: MemoryStorage | undefined): BatchSource {
    let asked = 0;
    return {
      async *batchesFrom(place) {
        asked += 1;
        const from = asked === 1 ? first : then;
        if (from !== undefined) yield* new FolderBatches(from, folder).batchesFrom(place);
      },
    };
  }

  test('who gives the true batch when it is looked for, and another one when it is taken, gives nothing', async () => {
    const damaged = await spoilt(-1);
    const before = await filesOf(damaged);
    await expect(mend(damaged, fickle(disk, fork))).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
    expect(await filesOf(damaged)).toEqual(before);
    // The other one alone is not the one that was there, and what is left says so.
    expect(await mend(damaged, fork)).toMatchObject({ taken: [], isDone: false });
    expect(await mend(damaged, disk)).toMatchObject({ isDone: true });
    await finish(damaged);
    expect(await expectWhole(world, damaged)).toEqual([]);
  });

  test('who has nothing any more when it is taken makes no batch be cut off that is whole', async () => {
    // What lies behind is torn, so that nothing at the end says how much there was.
    const damaged = await spoilt(-2, Buffer.of(0x0a, 0x80, 0x10, 1, 2, 3));
    const before = await filesOf(damaged);
    await expect(mend(damaged, fickle(disk, undefined))).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
    expect(await filesOf(damaged)).toEqual(before);
    expect(await mend(damaged, disk)).toMatchObject({ isDone: true });
    await finish(damaged);
    expect(await expectWhole(world, damaged)).toEqual([]);
  });

  test('what is said to be taken is what is proven, and ends where that ends', async () => {
    const damaged = await spoilt(-2);
    const path = await lastFile(damaged);
    const bytes = damaged.peek(path) as Buffer;
    // Of the last batch nothing is left that proves it, and there are said to have been more.
    damaged.poke(path, bytes.subarray(0, bytes.indexOf(dataOf(-1)) + 10));
    const heads = [{ size: world.placed.length + 1, root: randomBytes(32) }];
    const { firstSequence: end } = world.placed.at(-1) as { firstSequence: number };
    const commits = world.placed.length - 1;
    expect(await mend(damaged, disk, { heads, apply: false })).toMatchObject({
      taken: [{ firstCommit: commits - 1, nextCommit: commits, nextSequence: end }],
      missing: { commit: commits + 1 },
      unprovenCommits: 1,
    });
  });

  test('who leaves out data that nothing has let go gives nothing', async () => {
    const damaged = await spoilt(-2);
    const before = await filesOf(damaged);
    const honest = new FolderBatches(disk, folder);
    for (const fate of ['redacted', 'dropped', 'expired', 'omitted'] as const) {
      const liar: BatchSource = {
        async *batchesFrom(place) {
          for await (const one of honest.batchesFrom(place)) {
            yield { ...one, run: rewriteRun(one.run, Uint8Array.of(0, dataFates[fate]), () => 3) };
          }
        },
      };
      await expect(mend(damaged, liar), fate).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
      });
      expect(await filesOf(damaged), fate).toEqual(before);
    }
  });
});

test('a chain that was never compacted has all data back, also in segments that were written anew to erase some', async () => {
  const world = await CompactWorld.create();
  await world.open();
  for (let round = 0; round < 12; round += 1) {
    await world.append(round % 2, [
      { kind: 'data', object: 7, bytes: 300 },
      { kind: 'data', object: 20 + round, bytes: 300 },
    ]);
  }
  const copy = (world.storage as MemoryStorage).clone();
  const what = { redaction: { beforeSequence: world.chain.log.durable.nextSequence } };
  const named = Array.from({ length: 12 }, (_, round) => 20 + round);
  await world.appendBuilt(
    0,
    named.map((object) => saying(what, { kind: 'redaction', primaryKey: keyOf(object) })),
  );
  await world.chain.eraser.idle();
  await world.close();
  const storage = world.storage as MemoryStorage;
  const [rewritten] = (await segmentsOf(storage)).filter((name) => /\.\d+\.log$/.test(name));
  flip(storage, rewritten as string, 900);
  const { taken } = await mend(storage, copy);
  expect(taken.length).toBeGreaterThan(0);
  await finish(storage);
  await world.open();
  const states = (await world.read()).flatMap((batch) => batch.events.map((one) => one.dataState));
  const { redacted } = dataStates;
  // Behind the genesis two of each batch: one of an object that is written again and again, and one that was erased.
  expect(states.slice(1, 25)).toEqual(Array.from({ length: 24 }, (_, at) => [0, redacted][at % 2]));
  await world.close();
});

test('what can be read here stays as it is, also where compaction would let it go by now', async () => {
  const world = await CompactWorld.create();
  await world.open();
  const append = async (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      await world.append(
        round % 2,
        [round % 5, 7].map((object) => ({ kind: 'data', object, bytes: 300 })),
      );
    }
  };
  await append(14);
  const full = (world.storage as MemoryStorage).clone();
  await world.compact();
  // Supersedes what is left in the segments that were rewritten.
  await append(6);
  const statesOf = async () =>
    (await world.read()).flatMap((batch) => batch.events.map((event) => event.dataState));
  const before = await statesOf();
  await world.close();
  const storage = world.storage as MemoryStorage;
  const rewritten = (await segmentsOf(storage)).filter((name) => /\.\d+\.log$/.test(name));
  flip(storage, rewritten.at(-1) as string, 900);
  const { taken } = await mend(storage, full);
  await finish(storage);
  await world.open();
  const after = await statesOf();
  const isTaken = (sequence: number) =>
    taken.some((span) => sequence >= span.firstSequence && sequence < span.nextSequence);
  const there = (states: readonly number[]) => states.filter((_, sequence) => !isTaken(sequence));
  expect(taken.length).toBeGreaterThan(0);
  expect(there(after)).toEqual(there(before));
  expect(there(before)).toContain(dataStates.dropped);
  await world.close();
});

test('a redaction that nothing here proves erases nothing of what is taken', async () => {
  const world = await CompactWorld.create();
  await world.open(world.storage, { segmentBytesMax: 100_000 });
  for (const object of [20, 21, 22]) await world.append(0, [{ kind: 'data', object, bytes: 300 }]);
  const what = { redaction: { beforeSequence: world.chain.log.durable.nextSequence } };
  await world.appendBuilt(0, [saying(what, { kind: 'redaction', primaryKey: keyOf(20) })]);
  // As a server leaves it that is killed now.
  const disk = (world.storage as MemoryStorage).clone();
  await world.close();
  const damaged = disk.clone();
  const [name = ''] = await segmentsOf(damaged);
  const bytes = damaged.peek(join(folder, name)) as Buffer;
  flip(damaged, name, bytes.indexOf(world.placed[1]?.batch.eventAt(0).data as Buffer));
  // What the commit of the last batch says, before its root and what storage adds.
  flip(damaged, name, bytes.length - 60);
  expect(await mend(damaged, disk)).toMatchObject({
    ...{ isDone: true, unprovenCommits: 1 },
    taken: [{ firstCommit: 1, nextCommit: 2 }],
  });
  await finish(damaged);
  const again = world.clone(damaged);
  await again.open(damaged);
  expect((await again.read()).map((batch) => batch.dataStateOf(0))).toEqual([0, 0, 0, 0]);
  await again.close();
});
