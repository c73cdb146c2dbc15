import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  appendAll,
  makeBatch,
  readAll,
  reopenLog,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { folder, smallChain } from '../../test/support/repair-fixture.ts';
import { rounds } from '../../test/support/scale.ts';
import { splitSlice } from '../event/index.ts';
import { type ChainLog, closedSegments, scrubSegment } from './index.ts';
import { indexName, segmentName } from './layout.ts';
import type { MemoryStorage } from './memory-storage.ts';

const logsPath = '/logs';
const rest = async (_bytes: number) => {};

async function scrub(storage: MemoryStorage, number: number, pace = rest) {
  const { chainId, pairs } = await closedSegments(storage, folder);
  const [segment, next] = pairs[number] ?? [];
  if (segment === undefined || next === undefined) throw new Error('there is no such segment');
  return scrubSegment({ storage, folder, chainId, segment, next, rest: pace });
}

const pathOf = (segment: number) => join(folder, segmentName(segment));

/** All commits that can be read, going on behind what can't be. */
async function readForwards(log: ChainLog, bytesMax: number): Promise<number[]> {
  const commits: number[] = [];
  for (let next = 0; next < log.durable.head.size; ) {
    const batches = await readAt(next, async () => {
      const { bytes } = await log.readSlice(await log.positionOfCommit(next), { bytesMax });
      return bytes;
    });
    commits.push(...batches);
    next = (batches.at(-1) ?? next) + 1;
  }
  return commits;
}

/** As `readForwards`, from the end on. */
async function readBackwards(log: ChainLog, bytesMax: number): Promise<number[]> {
  const commits: number[] = [];
  for (let end = log.durable.head.size; end > 0; ) {
    const batches = await readAt(end, async () => {
      const last = await log.positionOfCommit(end - 1);
      const { next } = await log.readSlice(last, { bytesMax: 1 });
      return (await log.readSliceBefore(next, { bytesMax })).bytes;
    });
    commits.push(...batches.toReversed());
    end = batches[0] ?? end - 1;
  }
  return commits;
}

async function readAt(commit: number, read: () => Promise<Buffer>): Promise<number[]> {
  try {
    const batches = splitSlice(await read()).map((batch) => batch.commit.commit);
    expect(batches, `commit ${commit}`).not.toEqual([]);
    return batches;
  } catch (error) {
    expect(error).toMatchObject({
      reason: 'CHAIN_DAMAGED',
      metadata: { file: expect.stringMatching(/^segment-/) },
    });
    return [];
  }
}

test('a byte that is wrong anywhere in a closed segment is found, and all around it can be read', async () => {
  const { open, batches } = await smallChain(512, 12);
  const { pairs } = await closedSegments(open, folder);
  expect(pairs.length).toBeGreaterThan(2);
  const flip = fc.record({
    segment: fc.nat(pairs.length - 1),
    at: fc.noBias(fc.nat(100_000)),
    by: fc.integer({ min: 1, max: 255 }),
    bytesMax: fc.constantFrom(1, 300, 100_000),
    hasIndex: fc.boolean(),
  });
  let closelyFound = 0;
  const numRuns = rounds({ short: 60, long: 2_000 });
  await fc.assert(
    fc.asyncProperty(flip, async ({ segment, at, by, bytesMax, hasIndex }) => {
      const storage = open.clone();
      if (!hasIndex) await storage.remove(join(folder, indexName(segment)));
      const log = await reopenLog(testOwner(logsPath, { storage }));
      // What is read before the damage makes what is derived, where it isn't there.
      expect(await readAll(log)).toHaveLength(batches.length);
      const bytes = Buffer.from(storage.peek(pathOf(segment)) ?? []);
      const place = at % bytes.length;
      bytes[place] = ((bytes[place] ?? 0) + by) % 256;
      await overwrite(storage, pathOf(segment), bytes);
      const found = await scrub(storage, segment);
      if (found === undefined) throw new Error('nothing was found');
      await log.foundDamage(found);
      expect(log.trouble).toMatch(/^segment-\d+\.log is damaged at offset \d+: /);
      expect(log.damages).toEqual(found.damages);
      expect(log.lostEnd).toBeUndefined();
      expect(() => log.append(makeBatch([9], 5000).run, makeBatch([9], 5000))).toThrow(
        /can only be read: segment/,
      );
      const lost = found.spans.flatMap(({ start, end }) =>
        Array.from({ length: end.commit - start.commit }, (_, more) => start.commit + more),
      );
      const left = batches.map((_, commit) => commit).filter((commit) => !lost.includes(commit));
      expect(await readForwards(log, bytesMax)).toEqual(left);
      expect(await readBackwards(log, bytesMax)).toEqual(left.toReversed());
      // A batch's own checksum covers it alone; only lengths that are wrong hide what is behind.
      if (lost.length <= 1) closelyFound += 1;
      await log.close();
      // Opened again with what is known, it is what it was; without, nobody has looked.
      const again = await reopenLog(testOwner(logsPath, { storage }), [segment]);
      expect(again.damages).toEqual(found.damages);
      expect(await readForwards(again, bytesMax)).toEqual(left);
      await again.close();
    }),
    { numRuns },
  );
  expect(closelyFound).toBeGreaterThan(numRuns / 2);
});

test('a whole segment is found to be whole, at the pace that it is told', async () => {
  const { closed } = await smallChain(512, 12);
  let bytes = 0;
  const pace = async (done: number) => {
    bytes += done;
  };
  expect(await scrub(closed, 1, pace)).toBeUndefined();
  expect(bytes).toBe(closed.peek(pathOf(1))?.length);
  const stop = async () => {
    throw new Error('enough');
  };
  await expect(scrub(closed, 1, stop)).rejects.toThrow('enough');
});

test('a segment that is gone is damage, and those around it can be read', async () => {
  const { open, batches } = await smallChain(512, 12);
  const { pairs } = await closedSegments(open, folder);
  const [, [second, third] = []] = pairs;
  if (second === undefined || third === undefined) throw new Error('there are too few segments');
  const left = batches
    .map((_, commit) => commit)
    .filter((commit) => commit < second.firstCommit || commit >= third.firstCommit);
  const storage = open.clone();
  const log = await reopenLog(testOwner(logsPath, { storage }));
  await storage.remove(pathOf(1));
  const found = await scrub(storage, 1);
  expect(found?.damages).toEqual([
    {
      file: segmentName(1),
      offset: 0,
      what: 'it is gone',
      firstSequence: second.firstSequence,
      lastSequence: third.firstSequence - 1,
    },
  ]);
  if (found !== undefined) await log.foundDamage(found);
  expect(await readForwards(log, 300)).toEqual(left);
  await log.close();
  const again = await reopenLog(testOwner(logsPath, { storage }));
  expect(again.damages).toEqual(found?.damages);
  expect(again.lostEnd).toBeUndefined();
  expect(await readForwards(again, 300)).toEqual(left);
  expect(await readBackwards(again, 1)).toEqual(left.toReversed());
  await again.close();
});

test('what has its place when damage is found is made durable, and what comes then is refused', async () => {
  const { open } = await smallChain(512, 12);
  const owner = testOwner(logsPath, { storage: open });
  const log = await reopenLog(owner);
  const bytes = Buffer.from(open.peek(pathOf(0)) ?? []);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await overwrite(open, pathOf(0), bytes);
  const found = await scrub(open, 0);
  if (found === undefined) throw new Error('nothing was found');
  const batch = makeBatch([10], 5000);
  const { durable, commit } = log.append(batch.run, batch);
  const waiting = log.waitBeyond(commit + 1, new AbortController().signal);
  const noted = log.foundDamage(found);
  await expect(appendAll(log, [makeBatch([10], 5001)])).rejects.toMatchObject({
    reason: 'CHAIN_READ_ONLY',
  });
  expect((await durable).size).toBe(commit + 1);
  await expect(waiting).rejects.toMatchObject({ reason: 'CHAIN_READ_ONLY' });
  await noted;
  expect(owner.notices.filter((notice) => /can only be read/.test(notice))).toHaveLength(1);
  // Known damage is not told again.
  await log.foundDamage(found);
  expect(owner.notices.filter((notice) => /can only be read/.test(notice))).toHaveLength(1);
  await log.close();
});

async function overwrite(storage: MemoryStorage, path: string, bytes: Buffer): Promise<void> {
  const file = await storage.open(path, 'update');
  await file.writeDurable(0, bytes);
  await file.close();
}
