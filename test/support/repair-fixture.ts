import { join } from 'node:path';
import { expect } from 'vitest';
import { AtedbError } from '../../src/bytes/index.ts';
import { applyRepair } from '../../src/log/apply-repair.ts';
import type { MemoryStorage } from '../../src/log/memory-storage.ts';
import { planRepair } from '../../src/log/plan-repair.ts';
import type { Storage } from '../../src/log/storage.ts';
import type { LogSurvey } from '../../src/log/survey.ts';
import { surveyLog } from '../../src/log/survey-log.ts';
import {
  appendAll,
  createLog,
  emptyDisk,
  makeBatch,
  readAll,
  reopenLog,
  sameBatches,
  type TestBatch,
  testChainId,
  testOwner,
} from './log-fixture.ts';

// What the tests of repairs share: small chains in memory, and what must hold once one was repaired.

const logsPath = '/logs';
/** Of the chain in memory. */
export const folder: string = testOwner(logsPath).options.folder;

/** A chain to tamper with. */
export interface SmallChain {
  /** As a crash leaves it, and as it is after it was closed. */
  readonly open: MemoryStorage;
  readonly closed: MemoryStorage;
  readonly batches: readonly TestBatch[];
}

/** A small chain in memory, in groups of one, two and more batches. */
export async function smallChain(segmentBytesMax?: number, count = 7): Promise<SmallChain> {
  const storage = await emptyDisk(logsPath);
  const log = await createLog(testOwner(logsPath, { storage, segmentBytesMax }));
  const batches = Array.from({ length: count }, (_, at) => makeBatch([at, 30], 1000 + at));
  await appendAll(log, batches.slice(0, 1));
  await appendAll(log, batches.slice(1, 3));
  await appendAll(log, batches.slice(3));
  const open = storage.clone();
  await log.close();
  return { open, closed: storage.clone(), batches };
}

/** Look at the chain's files. */
export function survey(storage: Storage): Promise<LogSurvey> {
  return surveyLog({ storage, folder, identify: () => testChainId });
}

/** All files of a chain's folder, by their paths within it. */
export async function filesOf(storage: MemoryStorage): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const folders = [''];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const { name, isFolder } of await storage.list(join(folder, at))) {
      const path = join(at, name);
      if (isFolder) folders.push(path);
      else files.set(path, storage.peek(join(folder, path)) as Buffer);
    }
  }
  return files;
}

/** Each file of before is where it was, or was set aside, byte by byte. */
export async function expectNothingGone(
  before: Map<string, Buffer>,
  storage: MemoryStorage,
): Promise<void> {
  const after = await filesOf(storage);
  for (const [path, bytes] of before) {
    if (path.endsWith('.new')) continue;
    const places = [path, ...[...after.keys()].filter((name) => isAside(name, path))];
    expect(
      places.some((place) => after.get(place)?.equals(bytes)),
      `${path} is kept`,
    ).toBe(true);
  }
}

const isAside = (name: string, path: string): boolean =>
  /^set-aside-\d+\//.test(name) && name.replace(/^set-aside-\d+\//, '') === path;

/** The log opens for writing, holds so many of the batches, and takes more. */
export async function expectSound(
  storage: MemoryStorage,
  batches: readonly TestBatch[],
  commits: number,
): Promise<void> {
  const log = await reopenLog(testOwner(logsPath, { storage, segmentBytesMax: 512 }));
  expect(log.trouble).toBeUndefined();
  const kept = batches.slice(0, commits);
  expect(sameBatches(await readAll(log), kept)).toBe(true);
  const more = Array.from({ length: 4 }, () => makeBatch([5, 50], 9000));
  for (const one of more) await appendAll(log, [one]);
  expect(sameBatches(await readAll(log), [...kept, ...more])).toBe(true);
  const { size, root } = log.durable.head;
  expect(await log.tree.rootAt(size)).toEqual(root);
  await log.close();
  const again = await survey(storage);
  expect(again.damages).toEqual([]);
  expect(planRepair(again)).toEqual([]);
}

/** What repairing a chain that was tampered with came to. */
export interface Outcome {
  readonly kept: number;
  readonly survey: LogSurvey | undefined;
}

/**
 * Repair a chain, and check all that must hold whatever was done to it.
 *
 * @param options.isEndCut the last segment was cut short: exactly between two batches, no file tells.
 */
export async function repairTampered(
  storage: MemoryStorage,
  batches: readonly TestBatch[],
  options: { readonly isEndCut?: boolean } = {},
): Promise<Outcome> {
  const before = await filesOf(storage);
  let found: LogSurvey;
  try {
    found = await survey(storage);
  } catch (error) {
    expect(error).toBeInstanceOf(AtedbError);
    expect((error as AtedbError).reason).toBe('CHAIN_DAMAGED');
    expect((error as AtedbError).message).toMatch(/^segment-00000000\.log is damaged.*backup$/);
    return { kept: 0, survey: undefined };
  }
  // A look changes nothing.
  expect(await filesOf(storage)).toEqual(before);
  const steps = planRepair(found);
  const { commit } = found.place;
  expect(found.lost === undefined).toBe(!found.damages.some(({ losesEvents }) => losesEvents));
  const isAll = found.lost === undefined && found.tornBytes === 0 && options.isEndCut !== true;
  if (isAll) expect(commit).toBe(batches.length);
  else expect(commit).toBeLessThanOrEqual(batches.length);
  if (steps.length > 0) expect(found.damages).not.toEqual([]);
  await applyRepair(storage, folder, steps);
  await expectNothingGone(before, storage);
  const again = await survey(storage);
  expect(again.damages.filter(({ losesEvents }) => losesEvents)).toEqual([]);
  expect(again.place.commit).toBe(commit);
  await expectSound(storage, batches, commit);
  return { kept: commit, survey: found };
}
