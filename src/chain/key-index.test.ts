import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folder, KeyWorld, key, type Plan, writersCount } from '../../test/support/key-world.ts';
import { rounds } from '../../test/support/scale.ts';
import { dumpLog } from '../log/index.ts';
import type { PreparedBatch } from './submission.ts';

// The index of primary keys below a chain with segments of a few batches, against a list of all events.

const plan = fc.record({
  writer: fc.nat(writersCount - 1),
  keys: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }),
  condition: fc.option(fc.record({ key: fc.nat(6), back: fc.nat(50) }), { nil: undefined }),
});

/** Several are prepared at once, by different writers, and then submitted one after the other. */
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .uniqueArray(plan, { selector: ({ writer }) => writer, minLength: 1, maxLength: 3 })
      .map((plans) => ({ kind: 'append' as const, plans })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'check' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: plan.map((lost) => ({ kind: 'lose' as const, lost })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'without files' as const }) },
);

test('conditions and newest events are what a list of all events says, whatever comes between', async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
      const world = await KeyWorld.create();
      for (const one of steps) {
        if (one.kind === 'append') {
          const sinces = one.plans.map((each) => world.since(each));
          const prepared = await Promise.all(
            one.plans.map((each, index) => world.prepare(each, sinces[index] as number)),
          );
          for (const [index, each] of one.plans.entries()) {
            const since = sinces[index] as number;
            if (!world.holds(each, since)) refused += 1;
            await world.submit(each, since, prepared[index] as PreparedBatch);
          }
        } else if (one.kind === 'check') await world.check();
        else if (one.kind === 'restart') await world.restart();
        else if (one.kind === 'lose') await world.loseWrite(one.lost);
        else {
          await world.restart(async () => {
            for (const name of await world.keysFiles())
              await world.disk.remove(`${folder}/${name}`);
          });
        }
      }
      await world.check();
      await world.close();
    }),
    { numRuns: rounds({ short: 12, long: 300 }) },
  );
  expect(refused).toBeGreaterThan(5);
});

const filler = (number: number): Plan => ({ writer: 0, keys: [number], condition: undefined });

test('a batch that was prepared before two rolls is refreshed, and then decided rightly', async () => {
  const world = await KeyWorld.create();
  const changed: Plan = { writer: 2, keys: [5], condition: { key: 1, back: 0 } };
  const unchanged: Plan = { writer: 1, keys: [6], condition: { key: 2, back: 0 } };
  for (const since of [0, 1]) {
    const early = await world.prepare(changed, since);
    const other = await world.prepare(unchanged, since);
    // Another writer changes the one object; then segments are closed until memory has forgotten that.
    await world.append(filler(1));
    while (!world.chain.isStale(early)) {
      await world.append(filler(0));
      await world.settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(() => world.chain.submit(early)).toThrow('stale');
    await world.submit(changed, since, early);
    await world.submit(unchanged, since, other);
  }
  expect(world.refreshed).toBeGreaterThanOrEqual(4);
  await world.check();
  await world.close();
});

/** A chain with many closed segments, each key in some of them. */
async function longWorld(): Promise<KeyWorld> {
  const world = await KeyWorld.create();
  for (let round = 0; round < 40; round += 1) {
    await world.append({ writer: round % 2, keys: [round % 7], condition: undefined });
    await world.settle();
  }
  await world.restart();
  expect((await world.keysFiles()).length).toBeGreaterThan(3);
  return world;
}

/** Conditions on all keys, since all places, by a writer of its own and by the others. */
async function checkConditions(world: KeyWorld): Promise<void> {
  for (let writer = 0; writer < writersCount; writer += 1) {
    for (let number = 0; number < 8; number += 1) {
      for (const since of [0, 1, 20, 38, world.events.length]) {
        const asked: Plan = { writer, keys: [0], condition: { key: number, back: 0 } };
        const prepared = await world.prepare(asked, since);
        const refusal = await world.whenReady(prepared, (ready) => refusalOf(world, ready));
        expect(refusal === undefined, `writer ${writer}, key ${number}, since ${since}`).toBe(
          world.holds(asked, since),
        );
      }
    }
  }
}

/** What the rules say of a batch, which gets no place: the log is told to fail. */
function refusalOf(world: KeyWorld, ready: PreparedBatch): string | undefined {
  const failing = new Error('no place');
  const { log } = world.chain;
  const append = log.append.bind(log);
  log.append = () => {
    throw failing;
  };
  try {
    world.chain.submit(ready);
  } catch (error) {
    if (error === failing) return undefined;
    return (error as { reason: string }).reason;
  } finally {
    log.append = append;
  }
  throw new Error('it got a place');
}

test('files of keys that are swapped, cut, damaged or gone are made again, and nothing wrong is said', async () => {
  const world = await longWorld();
  // Files that weren't written yet are made here, and not counted below.
  await world.restart();
  await world.check();
  const names = await world.keysFiles();
  const original = names.map((name) => Buffer.from(world.disk.peek(`${folder}/${name}`) ?? []));
  const changes: ((bytes: Buffer, index: number) => Buffer | undefined)[] = [
    (_bytes, index) => original[(index + 1) % original.length],
    (bytes) => bytes.subarray(0, bytes.length >>> 1),
    (bytes) => Buffer.concat([bytes, bytes]),
    (bytes) => bytes.map((byte) => byte ^ 1) as Buffer,
    () => Buffer.alloc(0),
    () => undefined,
  ];
  for (const change of changes) {
    await world.restart(async () => {
      for (const [index, name] of names.entries()) {
        const changed = change(original[index] as Buffer, index);
        if (changed === undefined) await world.disk.remove(`${folder}/${name}`);
        else world.disk.poke(`${folder}/${name}`, changed);
      }
    });
    world.notices.length = 0;
    await world.check();
    expect(world.notices.filter((notice) => notice.includes('was made again')).length).toBe(
      names.length,
    );
  }
  await checkConditions(world);
  await world.close();
});

test.each([
  ['be written', 'write'],
  ['be read', 'read'],
] as const)(
  'a folder where files of keys cannot %s has right answers all the same',
  async (_, what) => {
    const world = await longWorld();
    const names = await world.keysFiles();
    await world.restart(async () => {
      if (what === 'read') return;
      for (const name of names) await world.disk.remove(`${folder}/${name}`);
    });
    world.fault = ({ path }) => (path.includes('/keys-') ? 'refused' : undefined);
    // Many at once: each segment is read once.
    const newest = Array.from({ length: 8 }, (_unused, number) =>
      world.chain.newestOf(key(number)),
    );
    await Promise.all(newest);
    await world.check();
    await checkConditions(world);
    // Rolls go on, and are not stopped.
    for (let round = 0; round < 20; round += 1) await world.append(filler(round % 7));
    await world.settle();
    await world.check();
    await world.close();
  },
);

test('files of keys are made again at most once at a time', async () => {
  const world = await longWorld();
  // Files that weren't written yet are made here, and not counted below.
  await world.restart();
  await world.check();
  const names = await world.keysFiles();
  await world.restart(async () => {
    for (const name of names) await world.disk.remove(`${folder}/${name}`);
  });
  world.notices.length = 0;
  await Promise.all(Array.from({ length: 20 }, () => world.chain.newestOf(key(7))));
  expect(world.notices.filter((notice) => notice.includes('was made again'))).toHaveLength(
    names.length,
  );
  await world.close();
});

test('files of keys are shown by a dump, and where they are damaged', async () => {
  const world = await longWorld();
  const names = await world.keysFiles();
  const dump = () => Array.fromAsync(dumpLog(world.disk, folder));
  const parts = await dump();
  expect(parts.filter(({ kind }) => kind === 'fault')).toEqual([]);
  expect(parts.flatMap((part) => (part.kind === 'keys' ? [part.file] : []))).toEqual(names);
  const [name = ''] = names;
  const bytes = Buffer.from(world.disk.peek(`${folder}/${name}`) ?? []);
  bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
  world.disk.poke(`${folder}/${name}`, bytes);
  expect((await dump()).filter(({ kind }) => kind === 'fault')).toMatchObject([{ file: name }]);
  await world.close();
});
