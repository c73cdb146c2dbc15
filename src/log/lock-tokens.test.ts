import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import { powerCuts } from '../../test/support/power-cuts.ts';
import { rounds } from '../../test/support/scale.ts';
import { type Fault, FaultyStorage } from './faulty-storage.ts';
import { LockTokens } from './lock-tokens.ts';
import type { MemoryStorage } from './memory-storage.ts';
import type { Storage } from './storage.ts';

const folder = '/logs/a.chain';
const chainId = Buffer.alloc(32, 7);
const startMs = 1_700_000_000_000;

async function newDisk(): Promise<MemoryStorage> {
  const disk = await emptyDisk('/logs');
  await disk.makeFolder(folder);
  await disk.syncFolder('/logs');
  return disk;
}

function tokensOn(storage: Storage, now: () => number = () => startMs): LockTokens {
  return new LockTokens({ storage, folder, chainId, now });
}

async function takeMany(tokens: LockTokens, count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => tokens.take()));
}

const faults: Fault[] = ['refused', 'persisted', 'torn'];

test('whatever the disk, the power and the clock do, each token is larger than all before', async () => {
  const step = fc.record({
    kind: fc.constantFrom('take', 'take', 'restart', 'power cut', 'fault', 'clock'),
    count: fc.integer({ min: 1, max: 1_100 }),
    how: fc.nat({ max: 3 }),
    at: fc.nat({ max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      let disk = await newDisk();
      let nowMs = startMs;
      let fault: { at: number; how: Fault } | undefined;
      const open = () => {
        let calls = 0;
        const storage = new FaultyStorage(disk, () => {
          calls += 1;
          return fault !== undefined && calls === fault.at + 1 ? fault.how : undefined;
        });
        return tokensOn(storage, () => nowMs);
      };
      let tokens = open();
      let last = 0;
      for (const { kind, count, how, at } of steps) {
        if (kind === 'clock') nowMs = startMs + (how - 2) * 1_000_000 + count;
        else if (kind === 'restart') tokens = open();
        else if (kind === 'fault') {
          fault = { at, how: faults[how % 3] as Fault };
          tokens = open();
          const taken = await tokens.take().catch(() => undefined);
          fault = undefined;
          if (taken === undefined) continue;
          expect(taken).toBeGreaterThan(last);
          last = taken;
        } else if (kind === 'power cut') {
          const [, survives] = powerCuts()[how] as ReturnType<typeof powerCuts>[0];
          disk = disk.clone({ keepsUnsynced: true });
          disk.powerCut(survives);
          tokens = open();
        } else {
          for (const token of await takeMany(tokens, count)) {
            expect(token).toBeGreaterThan(last);
            last = token;
          }
        }
      }
    }),
    { numRuns: rounds({ short: 12, long: 2_000 }) },
  );
});

test('a folder that was restored from a backup goes on above what was given out after it', async () => {
  let nowMs = startMs;
  const disk = await newDisk();
  const [before] = await takeMany(
    tokensOn(disk, () => nowMs),
    1,
  );
  const backup = disk.clone();
  nowMs += 60_000;
  const after = await takeMany(
    tokensOn(disk, () => nowMs),
    3_000,
  );
  nowMs += 10;
  const restored = await tokensOn(backup, () => nowMs).take();
  expect(before).toBeLessThan(after[0] as number);
  expect(restored).toBeGreaterThan(after.at(-1) as number);
});

test('a thousand tokens take one sync', async () => {
  const storage = new FaultyStorage(await newDisk(), () => undefined);
  const tokens = tokensOn(storage);
  const syncs = () => storage.calls.filter(({ name }) => name === 'writeDurable').length;
  await takeMany(tokens, 1_024);
  expect(syncs()).toBe(1);
  await tokens.take();
  expect(syncs()).toBe(2);
});

test('a clock that is mad leaves tokens to give', async () => {
  const tokens = tokensOn(await newDisk(), () => Number.MAX_SAFE_INTEGER);
  expect(await takeMany(tokens, 2)).toEqual([2 ** 52, 2 ** 52 + 1]);
  const early = tokensOn(await newDisk(), () => 0);
  expect(await early.take()).toBe(1);
});

test('a damaged file, or that of another chain, gives no tokens, and says which file it is', async () => {
  const disk = await newDisk();
  await tokensOn(disk).take();
  const path = `${folder}/lock-tokens`;
  const good = Buffer.from(disk.peek(path) as Buffer);
  const other = new LockTokens({
    storage: disk,
    folder,
    chainId: Buffer.alloc(32, 8),
    now: () => startMs,
  });
  await expect(other.take()).rejects.toMatchObject({
    reason: 'CHAIN_DAMAGED',
    metadata: { file: 'lock-tokens' },
  });
  for (const at of [0, 10, good.length - 1]) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] as number) ^ 1;
    disk.poke(path, bad);
    await expect(tokensOn(disk).take(), `byte ${at}`).rejects.toMatchObject({
      reason: 'CHAIN_DAMAGED',
    });
  }
});

test('a disk that fails says so, and gives tokens again when it is well', async () => {
  let isBroken = true;
  const storage = new FaultyStorage(await newDisk(), () => (isBroken ? 'refused' : undefined));
  const tokens = tokensOn(storage);
  await expect(tokens.take()).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
  isBroken = false;
  expect(await tokens.take()).toBe(startMs * 1_024);
});
