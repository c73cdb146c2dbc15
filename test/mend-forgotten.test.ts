import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  type BatchSource,
  FolderBatches,
  manifestName,
  type OtherBatch,
} from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { CompactWorld, chainFolder as folder } from './support/compact-world.ts';
import { filesOf, finish, flip, mend, segmentsOf, verify } from './support/mending.ts';
import { rounds } from './support/scale.ts';
import {
  appendSnapshot,
  dayMs,
  type SeenChain,
  slicesOf,
  verifySlices,
} from './support/snapshot-world.ts';

// A damaged chain from which whole commits went takes what it lacks from somebody who has let the same go, and from nobody else what it has let go.

let world: CompactWorld;
/** The chain with its snapshot, which was carried out on one disk and not on the other; and as it was before there was one. */
let disk: MemoryStorage;
let full: MemoryStorage;
let seen: SeenChain;

async function see(storage: MemoryStorage): Promise<SeenChain> {
  const again = world.clone(storage);
  await again.open(storage);
  const { log, genesis } = again.chain;
  expect(log.trouble).toBeUndefined();
  const found = await verifySlices(genesis, await slicesOf(log));
  await again.close();
  return found;
}

beforeAll(async () => {
  world = await CompactWorld.create();
  world.namesHeads = true;
  await world.open();
  for (let at = 0; at < 40; at += 1) {
    const object = at % 13 === 0 ? 4 : at % 3;
    await world.append(at % 2, [
      { kind: 'data', object, bytes: 100 },
      { kind: 'data', object: 3, bytes: 50 },
    ]);
    if (at % 9 === 0) await world.append(0, [{ kind: 'ruled', object: 1, bytes: 200 }]);
  }
  world.timeUnixMs += 8 * dayMs;
  for (let at = 0; at < 12; at += 1) {
    await world.append(at % 2, [{ kind: 'data', object: at % 3, bytes: 300 }]);
  }
  await appendSnapshot(world, 44);
  await world.close();
  full = (world.storage as MemoryStorage).clone();
  await world.open();
  const { forgotten } = await world.compact();
  expect(forgotten?.events).toBeGreaterThan(40);
  await world.close();
  disk = (world.storage as MemoryStorage).clone();
  seen = await see(disk);
});

const isMade = (storage: MemoryStorage) => storage.peek(join(folder, manifestName)) !== undefined;

async function expectMended(storage: MemoryStorage, what: string): Promise<void> {
  const { violation } = await verify(storage);
  expect(violation, what).toBeUndefined();
  expect(isMade(storage)).toBe(true);
  const now = await see(storage);
  expect(now.root, what).toBe(seen.root);
  expect(now.events, what).toEqual(seen.events);
}

test('whichever byte of whichever segment is flipped, who has let the same go makes it whole', async () => {
  let tried = 0;
  let taken = 0;
  for (const name of await segmentsOf(disk)) {
    const { length } = disk.peek(join(folder, name)) as Buffer;
    for (let at = 0; at < length; at += 1) {
      tried += 1;
      if (tried % rounds({ quick: 1_999, short: 311, long: 17 }) !== 0) continue;
      const storage = disk.clone();
      flip(storage, name, at);
      const found = await mend(storage, disk);
      expect(found.missing, `${name} at ${at}`).toBeUndefined();
      taken += found.taken.length;
      await finish(storage);
      await expectMended(storage, `${name} at ${at}`);
    }
  }
  expect(taken).toBeGreaterThan(5);
}, 600_000);

test('whole segments are gone, one is cut, and the manifest with one', async () => {
  const names = await segmentsOf(disk);
  const [first = '', second = ''] = names;
  const damages: ((storage: MemoryStorage) => Promise<void> | void)[] = [
    ...names
      .slice(0, -1)
      .map((name) => (storage: MemoryStorage) => storage.remove(join(folder, name))),
    (storage) => {
      const bytes = storage.peek(join(folder, second)) as Buffer;
      storage.poke(join(folder, second), bytes.subarray(0, bytes.length >>> 1));
    },
    async (storage) => {
      flip(storage, first, 600);
      await storage.remove(join(folder, manifestName));
    },
    async (storage) => {
      flip(storage, first, 600);
      await storage.remove(join(folder, 'tiles', '0'));
    },
  ];
  for (const [at, damage] of damages.entries()) {
    const storage = disk.clone();
    await damage(storage);
    const done = await mend(storage, disk);
    expect(done, `damage ${at}`).toMatchObject({ missing: undefined, isDone: true });
    await finish(storage);
    await expectMended(storage, `damage ${at}`);
  }
}, 120_000);

/** Whether anything of a chain counts for something else than before. */
async function expectUnchanged(storage: MemoryStorage, before: Map<string, Buffer>) {
  expect(await filesOf(storage)).toEqual(before);
}

test('who has not let it go, or has where it is here, gives nothing of that, and is told why', async () => {
  const [, second = ''] = await segmentsOf(disk);
  const damaged = disk.clone();
  await damaged.remove(join(folder, second));
  const before = await filesOf(damaged);
  await expect(mend(damaged, full)).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
    message: expect.stringContaining('atedb compact does it there'),
  });
  await expectUnchanged(damaged, before);

  const other = full.clone();
  const [, whole = ''] = await segmentsOf(full);
  await other.remove(join(folder, whole));
  const otherBefore = await filesOf(other);
  const found = await mend(other, disk);
  expect(found).toMatchObject({
    isDone: false,
    missing: {
      what: expect.stringMatching(/let it go under the snapshot .* not carried out here/),
    },
  });
  await expectUnchanged(other, otherBefore);

  // What came later both have alike.
  const names = await segmentsOf(disk);
  const young = names.at(-2) as string;
  const later = disk.clone();
  const { length } = later.peek(join(folder, young)) as Buffer;
  flip(later, young, length - 400);
  expect(await mend(later, full)).toMatchObject({ isDone: true });
  await finish(later);
  await expectMended(later, young);
});

test('who says something else of what is gone gives nothing', async () => {
  const storage = disk.clone();
  for (const name of (await segmentsOf(disk)).slice(0, 3)) await storage.remove(join(folder, name));
  const before = await filesOf(storage);
  const lying = (lie: (batch: OtherBatch) => OtherBatch): BatchSource => ({
    async *batchesFrom(place) {
      for await (const batch of new FolderBatches(disk, folder).batchesFrom(place)) {
        yield lie(batch);
      }
    },
  });
  const changed = (change: (gap: NonNullable<OtherBatch['gap']>) => object) =>
    lying((batch) =>
      batch.gap === undefined ? batch : { ...batch, gap: { ...batch.gap, ...change(batch.gap) } },
    );
  const lies = [
    changed(({ hashes }) => ({ hashes: hashes.map(() => Buffer.alloc(32, 7)) })),
    changed(({ hashes }) => ({ hashes: hashes.slice(1) })),
    changed(({ commits, events }) => ({ commits: commits + 1, events: events + 1 })),
    changed(({ events }) => ({ events: events + 1 })),
    changed(({ before: { last } }) => ({ before: { last, from: 2 } })),
    changed(() => ({ before: { last: undefined, from: undefined } })),
    changed(({ size }) => ({ size: size - 1 })),
    lying((batch) => ({ ...batch, gap: undefined })),
  ];
  for (const [at, source] of lies.entries()) {
    const failure = await mend(storage, source).then(
      ({ isDone, missing }) => ({ isDone, isMissing: missing !== undefined }),
      ({ reason }) => reason,
    );
    expect([{ isDone: false, isMissing: true }, 'VERIFICATION_FAILED'], `lie ${at}`).toContainEqual(
      failure,
    );
    await expectUnchanged(storage, before);
  }
}, 120_000);
