import { cpSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createLog,
  makeBatch,
  readAll,
  reopenLog,
  sameBatches,
  type TestBatch,
  temporaryFolder,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { manyRoundsMs, rounds } from '../../test/support/scale.ts';
import { Frontier, leafHash, merkleRoot, verifyConsistency } from '../crypto/index.ts';
import { splitSlice } from '../event/index.ts';
import type { ChainLog } from './chain-log.ts';
import { frameBatch, isFrame } from './framing.ts';
import { parseSegmentName } from './layout.ts';
import { parseSegmentHeader } from './segment-header.ts';

// The log against the simplest thing that behaves like it: a list of batches.

type Step =
  | { kind: 'append'; eventBytes: number[]; later: number }
  | { kind: 'settle' }
  | { kind: 'reopen' }
  | { kind: 'crash'; cut: number }
  | { kind: 'read'; at: number; bytesMax: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      eventBytes: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 }),
      later: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), cut: fc.nat(3000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      at: fc.nat(),
      bytesMax: fc.integer({ min: 1, max: 60_000 }),
    }),
  },
);

/** A log, and the list that it should be. */
class Model {
  readonly batches: TestBatch[] = [];
  #log: ChainLog;
  #logsPath: string;
  readonly #segmentBytesMax: number;
  #time = 1000;
  #pending: Promise<unknown>[] = [];

  constructor(log: ChainLog, logsPath: string, segmentBytesMax: number) {
    this.#log = log;
    this.#logsPath = logsPath;
    this.#segmentBytesMax = segmentBytesMax;
  }

  static async create(segmentBytesMax: number): Promise<Model> {
    const logsPath = temporaryFolder();
    const log = await createLog(testOwner(logsPath, { segmentBytesMax, tailBytesMax: 20_000 }));
    const model = new Model(log, logsPath, segmentBytesMax);
    model.append([1], 0);
    await model.settle();
    return model;
  }

  async run(next: Step): Promise<void> {
    if (next.kind === 'append') this.append(next.eventBytes, next.later);
    else if (next.kind === 'settle') await this.settle();
    else if (next.kind === 'reopen') await this.reopen();
    else if (next.kind === 'crash') await this.crash(next.cut);
    else await this.read(next.at, next.bytesMax);
  }

  append(eventBytes: number[], later: number): void {
    this.#time += later;
    const batch = makeBatch(eventBytes, this.#time);
    const appended = this.#log.append(batch.run, batch);
    expect(appended.commit).toBe(this.batches.length);
    expect(appended.firstSequence).toBe(this.sequences.at(-1));
    this.batches.push(batch);
    this.#pending.push(appended.durable);
  }

  /** First sequence of each batch, and the next one. */
  get sequences(): number[] {
    const sequences = [0];
    for (const { events } of this.batches) sequences.push((sequences.at(-1) as number) + events);
    return sequences;
  }

  async settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
    expect(this.#log.durable.head.size).toBe(this.batches.length);
  }

  async reopen(): Promise<void> {
    await this.#log.close();
    await Promise.all(this.#pending.splice(0));
    const owner = this.#owner();
    this.#log = await reopenLog(owner);
    expect(owner.notices).toEqual([]);
    await this.check(owner);
  }

  /** Go on with a copy of the files as they are at this moment, less some bytes at the end. */
  async crash(cut: number): Promise<void> {
    const acknowledged = this.#log.durable.head.size;
    const copy = temporaryFolder();
    cpSync(this.#logsPath, copy, { recursive: true });
    await this.#log.close();
    await Promise.all(this.#pending.splice(0));
    this.#logsPath = copy;
    const lost = cutEnd(this.#owner().options.folder, cut);
    const owner = this.#owner();
    this.#log = await reopenLog(owner);
    expect(this.#log.trouble).toBeUndefined();
    const { size } = this.#log.durable.head;
    if (!lost) expect(size).toBeGreaterThanOrEqual(acknowledged);
    this.batches.length = size;
    this.#time = Math.max(1000, ...this.batches.map(({ timeUnixMs }) => timeUnixMs));
    await this.check(owner);
  }

  async check(owner: ReturnType<typeof testOwner>): Promise<void> {
    const log = this.#log;
    expect(owner.snapshotCommits + owner.handed.length).toBe(this.batches.length);
    const read = await readAll(log, 2000);
    expect(sameBatches(read, this.batches)).toBe(true);
    const headers = read.map(({ commit }) => commit.headerBytes);
    expect(log.durable.head).toEqual({ size: headers.length, root: merkleRoot(headers) });
    const frontier = new Frontier();
    for (const header of headers) frontier.append(leafHash(header));
    expect(await log.tree.frontierAt(headers.length)).toEqual(frontier.hashes());
  }

  async read(at: number, bytesMax: number): Promise<void> {
    await this.settle();
    const log = this.#log;
    const { batches, sequences } = this;
    const commit = at % (batches.length + 1);
    const position = await log.positionOfCommit(commit);
    expect(position).toMatchObject({ commit, sequence: sequences[commit] });
    const time = batches[commit]?.timeUnixMs ?? this.#time + 1;
    const first = batches.findIndex(({ timeUnixMs }) => timeUnixMs >= time);
    const byTime = await log.positionOfTime(time);
    expect(byTime.commit).toBe(first < 0 ? batches.length : first);
    if (commit < batches.length) {
      const last = (sequences[commit + 1] as number) - 1;
      expect(await log.positionOfSequence(last)).toEqual(position);
      const single = await log.readCommit(commit);
      expect(single.run).toEqual(batches[commit]?.run);
    }

    const forward = await log.readSlice(position, { bytesMax });
    const ahead = splitSlice(forward.bytes);
    expect(ahead.map(({ run }) => run)).toEqual(
      batches.slice(commit, forward.next.commit).map(({ run }) => run),
    );
    expect(forward.next).toMatchObject({ sequence: sequences[forward.next.commit] });
    if (commit < batches.length) expect(ahead.length).toBeGreaterThan(0);
    if (ahead.length > 1) expect(forward.bytes.length).toBeLessThanOrEqual(bytesMax);

    const backward = await log.readSliceBefore(position, { bytesMax });
    const behind = splitSlice(backward.bytes);
    expect(behind.map(({ run }) => run)).toEqual(
      batches.slice(backward.start.commit, commit).map(({ run }) => run),
    );
    expect(backward.start).toMatchObject({ sequence: sequences[backward.start.commit] });
    if (commit > 0) expect(behind.length).toBeGreaterThan(0);
    if (behind.length > 1) expect(backward.bytes.length).toBeLessThanOrEqual(bytesMax);

    const second = log.durable.head.size;
    const proof = await log.tree.consistencyProof(commit, second);
    const firstRoot = await log.tree.rootAt(commit);
    const secondRoot = log.durable.head.root;
    expect(verifyConsistency({ first: commit, second, firstRoot, secondRoot, proof })).toBe(true);
  }

  async end(): Promise<void> {
    await this.reopen();
    await this.#log.close();
  }

  #owner() {
    return testOwner(this.#logsPath, {
      segmentBytesMax: this.#segmentBytesMax,
      tailBytesMax: 20_000,
    });
  }
}

/**
 * Cut some bytes off the last segment, but for its header and the chain's first batch, which can't be lost. Returns
 * whether any were cut: they may have been acknowledged.
 */
function cutEnd(folder: string, cut: number): boolean {
  const names = readdirSync(folder).filter((name) => parseSegmentName(name) !== undefined);
  const name = names.at(-1) as string;
  const segment = parseSegmentName(name) as number;
  const bytes = readFileSync(join(folder, name));
  if (bytes.length === 0) return false;
  const start = parseSegmentHeader(bytes, segment, 0).bytes;
  const first = segment === 0 ? frameBatch(bytes, start) : undefined;
  const keep = first !== undefined && isFrame(first) ? first.end : start;
  const size = Math.max(keep, bytes.length - cut);
  truncateSync(join(folder, name), size);
  return size < bytes.length;
}

test(
  'whatever is done with a log, it is the list of what was appended',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 400, max: 40_000 }),
        fc.array(step, { minLength: 1, maxLength: 60 }),
        async (segmentBytesMax, steps) => {
          const model = await Model.create(segmentBytesMax);
          for (const next of steps) await model.run(next);
          await model.end();
        },
      ),
      { numRuns: rounds({ short: 30, long: 600 }) },
    );
  },
  manyRoundsMs,
);

test('a log that is written to while it is copied opens whole from the copy', async () => {
  const logsPath = temporaryFolder();
  const owner = testOwner(logsPath, { segmentBytesMax: 20_000 });
  const log = await createLog(owner);
  const batches: TestBatch[] = [];
  const append = (count: number) =>
    Array.from({ length: count }, () => {
      const batch = makeBatch([100, 200], 1000 + batches.length);
      batches.push(batch);
      return log.append(batch.run, batch).durable;
    });
  await Promise.all(append(1));
  for (let round = 0; round < 40; round += 1) {
    const pending = append(7);
    await Promise.race(pending);
    const acknowledged = log.durable.head.size;
    const copy = temporaryFolder();
    cpSync(logsPath, copy, { recursive: true });
    const there = await reopenLog(testOwner(copy, { segmentBytesMax: 20_000 }));
    expect(there.trouble).toBeUndefined();
    const read = await readAll(there);
    expect(read.length).toBeGreaterThanOrEqual(acknowledged);
    expect(sameBatches(read, batches.slice(0, read.length))).toBe(true);
    await there.close();
    await Promise.all(pending);
  }
  await log.close();
});
