import { beforeAll, expect, test } from 'vitest';
import { type Fault, FaultyStorage } from '../src/log/faulty-storage.ts';
import { backupLog, removeFolder, type Storage } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { verifyFolder } from '../src/verify/index.ts';
import { CompactWorld, chainFolder as from, logsPath } from './support/compact-world.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { crashEndings } from './support/power-cuts.ts';
import { rounds } from './support/scale.ts';
import { appendSnapshot, dayMs } from './support/snapshot-world.ts';
import { TestWriter, testEvent } from './support/test-writer.ts';

// Every call to the file system fails in turn while a chain is backed up once more that has been compacted under a snapshot since: the copy has all
// that there was, or what is left with the hashes of what is gone, and the next backup goes on from there.

const top = '/backup';
const to = `${top}/copy.chain`;

let world: CompactWorld;
let disk: MemoryStorage;
let left: number;

beforeAll(async () => {
  disk = await emptyDisk(logsPath);
  world = await CompactWorld.create({ storage: disk });
  world.namesHeads = true;
  await world.open();
  for (let at = 0; at < 30; at += 1) {
    await world.append(at % 2, [{ kind: 'data', object: at % 3, bytes: 90 }]);
  }
  await backupLog({ storage: disk, from, to, top });
  world.timeUnixMs += 8 * dayMs;
  await world.append(0, [{ kind: 'data', object: 0, bytes: 90 }]);
  await appendSnapshot(world, 31);
  const { forgotten } = await world.compact();
  left = 33 - (forgotten?.events ?? 0);
  await world.close();
});

/** How many events are in the copy, which is whole. */
async function eventsOfCopy(storage: Storage, what: string): Promise<number> {
  const found = await verifyFolder({
    ...{ storage, folder: to, chainId: undefined, trustMode: undefined },
    ...{ headsOf: async () => [], allSignatures: false },
  });
  expect(found.violations.list, what).toEqual([]);
  expect(found.notes.join(), what).not.toContain('lacks the hashes');
  const { nextSequence = 0, tally } = found.history ?? {};
  return nextSequence - (tally?.gone.forgotten ?? 0);
}

const faults: Fault[] = ['refused', 'persisted', 'torn'];

test.each(faults)(
  'a backup over a snapshot that ends at any call that is %s',
  async (fault) => {
    const whole = new FaultyStorage(disk.clone(), () => undefined);
    await backupLog({ storage: whole, from, to, top });
    const calls = whole.calls.length;
    expect(calls).toBeGreaterThan(60);
    const found = new Set<number>();
    const step = rounds({ quick: 41, short: 17, long: 1 });
    for (let at = faults.indexOf(fault); at < calls; at += step) {
      for (const [ending, survives] of crashEndings()) {
        const copy = disk.clone();
        const storage = new FaultyStorage(copy, ({ index }) =>
          index < at ? undefined : index === at ? fault : 'refused',
        );
        await backupLog({ storage, from, to, top }).catch(() => undefined);
        if (survives !== undefined) copy.powerCut(survives);
        const call = storage.calls[at];
        const what = `${call?.name} ${call?.path} (call ${at}), ${ending}`;
        found.add(await eventsOfCopy(copy, what));
        await backupLog({ storage: copy, from, to, top });
        expect(await eventsOfCopy(copy, what), what).toBe(left);
      }
    }
    expect(Math.max(...found)).toBeGreaterThan(left);
  },
  120_000,
);

test('what an interrupted backup has left goes when a server opens the copy, and the chain goes on', async () => {
  const whole = new FaultyStorage(disk.clone(), () => undefined);
  await backupLog({ storage: whole, from, to, top });
  const active = /^\/backup\/copy\.chain\/segment-\d+\.log$/;
  const at = whole.calls.findLastIndex(({ name, path }) => name === 'rename' && active.test(path));
  expect(at).toBeGreaterThan(0);
  const copy = disk.clone();
  // Of the new files all are there but the manifest.
  const storage = new FaultyStorage(copy, ({ index }) => (index > at ? 'refused' : undefined));
  await expect(backupLog({ storage, from, to, top })).rejects.toThrow();
  await removeFolder(copy, from);
  await copy.rename(to, from);
  const again = world.clone(copy);
  for (let count = 0; count < 3; count += 1) {
    await again.open(copy);
    const { log } = again.chain;
    expect(log.trouble).toBeUndefined();
    const writer = new TestWriter(log.chainId, (world.writers[0] as TestWriter).key);
    const { run } = await writer.batch([testEvent('it goes on')]);
    await again.chain.submit(await again.chain.prepare(run, () => true)).durable;
    expect(log.durable.head.size).toBe(32 + count);
    await again.close();
    expect(await again.survey(copy)).toEqual([]);
  }
});
