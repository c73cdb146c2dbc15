import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { LogSegmentSchema, ManifestSchema } from '../../gen/atedb/v1/log_pb.js';
import {
  appendAll,
  createLog,
  makeBatch,
  openLog,
  readAll,
  reopenLog,
  sameBatches,
  type TestBatch,
  temporaryFolder,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { batchBytesMax, commitBytesMax, frame } from '../bytes/index.ts';
import { merkleRoot, verifyConsistency } from '../crypto/index.ts';
import { bytesOnDisk } from './bytes-on-disk.ts';
import { readVarint } from './framing.ts';
import { RealStorage } from './real-storage.ts';
import type { OpenMode, StorageFile } from './storage.ts';

const never = new AbortController().signal;

function batchesOf(count: number, eventBytes: readonly number[] = [40, 10]): TestBatch[] {
  return Array.from({ length: count }, (_, place) => makeBatch(eventBytes, 1000 + place));
}

/** A closed log of `count` batches in segments of about 1 KiB. */
async function smallSegments(count: number) {
  const logsPath = temporaryFolder();
  const owner = testOwner(logsPath, { segmentBytesMax: 1024 });
  const log = await createLog(owner);
  const batches = batchesOf(count);
  for (const batch of batches) await appendAll(log, [batch]);
  await log.close();
  return { owner, batches, folder: owner.options.folder };
}

test('a new log takes batches, gives each its place, and reads them back', async () => {
  const owner = testOwner(temporaryFolder());
  expect(await openLog(owner)).toBeNull();
  const log = await createLog(owner);
  const batches = batchesOf(5);
  const appended = batches.map((batch) => log.append(batch.run, batch));
  expect(appended.map(({ commit }) => commit)).toEqual([0, 1, 2, 3, 4]);
  expect(appended.map(({ firstSequence }) => firstSequence)).toEqual([0, 2, 4, 6, 8]);
  expect(log.durable.head.size).toBe(0);
  const heads = await Promise.all(appended.map(({ durable }) => durable));
  const root = merkleRoot(appended.map(({ commitHeader }) => commitHeader));
  expect(heads.at(-1)).toEqual({ size: 5, root });
  expect(log.durable).toMatchObject({
    head: { size: 5, root },
    nextSequence: 10,
    timeUnixMs: 1004,
  });
  expect(sameBatches(await readAll(log), batches)).toBe(true);
  expect(log.tree.recentRoot(5)).toEqual(root);
  await log.close();

  const again = await reopenLog(owner);
  expect(owner.handed.map(({ commit }) => commit)).toEqual([0, 1, 2, 3, 4]);
  expect(owner.notices).toEqual([]);
  expect(sameBatches(await readAll(again), batches)).toBe(true);
  const more = batchesOf(1);
  await expect(
    again.append(more[0]?.run as Buffer, { ...(more[0] as TestBatch), timeUnixMs: 2000 }).durable,
  ).resolves.toMatchObject({ size: 6 });
  await again.close();
});

test('the chain appears with its first batch, not before', async () => {
  const owner = testOwner(temporaryFolder());
  const log = await createLog(owner);
  await log.close();
  expect(await openLog(owner)).toBeNull();
  const again = await createLog(owner);
  await appendAll(again, batchesOf(1));
  await again.close();
  await expect(createLog(owner)).rejects.toMatchObject({ reason: 'CHAIN_EXISTS' });
  expect(existsSync(`${owner.options.folder}.new`)).toBe(false);
});

test('a segment file is a LogSegment, byte for byte, for stubs and for buf convert', async () => {
  const { folder, batches } = await smallSegments(12);
  const names = readdirSync(folder).filter((name) => name.startsWith('segment-'));
  expect(names.length).toBeGreaterThan(2);
  let commit = 0n;
  let previous: Buffer | undefined;
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    const segment = fromBinary(LogSegmentSchema, bytes);
    expect(segment.header?.firstCommit).toBe(commit);
    expect(segment.seals.length).toBe(segment.commits.length);
    expect(segment.events.length).toBe(2 * segment.commits.length);
    commit += BigInt(segment.commits.length);
    expect(segment.footer?.nextCommit).toBe(commit);
    expect(Buffer.from(segment.header?.previousSha256 ?? [])).toEqual(previous ?? Buffer.alloc(0));
    previous = createHash('sha256').update(bytes).digest();
  }
  expect(commit).toBe(BigInt(batches.length));
  const manifest = fromBinary(ManifestSchema, readFileSync(join(folder, 'manifest')));
  expect(manifest.segments.length).toBe(names.length);
  for (const [place, { bytes, sha256 }] of manifest.segments.slice(0, -1).entries()) {
    const file = readFileSync(join(folder, names[place] as string));
    expect(Number(bytes)).toBe(file.length);
    expect(Buffer.from(sha256)).toEqual(createHash('sha256').update(file).digest());
  }

  const copy = join(temporaryFolder(), 'segment.binpb');
  cpSync(join(folder, names[1] as string), copy);
  const root = resolve(import.meta.dirname, '../..');
  const json = execFileSync(
    join(root, 'node_modules/.bin/buf'),
    ['convert', 'proto', '--type', 'atedb.v1.LogSegment', '--from', copy, '--to', '-#format=json'],
    { cwd: root, encoding: 'utf8' },
  );
  expect(JSON.parse(json)).toMatchObject({ header: { segment: '1' }, footer: {} });
});

test('positions are found by sequence, commit and time, across segments', async () => {
  const { owner, batches } = await smallSegments(30);
  const log = await reopenLog(owner);
  for (let commit = 0; commit <= 30; commit += 1) {
    const position = await log.positionOfCommit(commit);
    expect(position).toMatchObject({ commit, sequence: 2 * commit });
    expect(await log.positionOfTime(1000 + commit)).toEqual(position);
    expect(await log.positionOfSequence(2 * commit)).toEqual(position);
    if (commit < 30) expect(await log.positionOfSequence(2 * commit + 1)).toEqual(position);
    const before = await log.readSliceBefore(position, { bytesMax: 1 });
    expect(before.start.commit).toBe(Math.max(0, commit - 1));
    if (commit < 30) {
      const { run } = await log.readCommit(commit);
      expect(run).toEqual(batches[commit]?.run);
    }
  }
  expect(await log.positionOfTime(0)).toEqual(await log.positionOfCommit(0));
  expect(await log.positionOfTime(9e12)).toEqual(log.endPosition());
  for (const wrong of [61, -1, 0.5]) {
    await expect(log.positionOfSequence(wrong)).rejects.toMatchObject({
      reason: 'SEQUENCE_OUT_OF_RANGE',
    });
  }
  await expect(log.readCommit(30)).rejects.toMatchObject({ reason: 'SEQUENCE_OUT_OF_RANGE' });
  await log.close();
});

test('heads of any size are proven consistent, from files and from memory', async () => {
  const { owner } = await smallSegments(40);
  const log = await reopenLog(owner);
  const headers = (await readAll(log)).map(({ commit }) => commit.headerBytes);
  for (let second = 0; second <= 40; second += 1) {
    const secondRoot = await log.tree.rootAt(second);
    expect(secondRoot).toEqual(merkleRoot(headers.slice(0, second)));
    for (let first = 0; first <= second; first += 7) {
      const proof = await log.tree.consistencyProof(first, second);
      const firstRoot = await log.tree.rootAt(first);
      expect(verifyConsistency({ first, second, firstRoot, secondRoot, proof })).toBe(true);
    }
  }
  await expect(log.tree.consistencyProof(3, 41)).rejects.toMatchObject({
    reason: 'SEQUENCE_OUT_OF_RANGE',
  });
  await expect(log.tree.rootAt(41)).rejects.toMatchObject({ reason: 'SEQUENCE_OUT_OF_RANGE' });
  await log.close();
});

test('those who wait are told when there is more, when they give up, and when there will be no more', async () => {
  const owner = testOwner(temporaryFolder());
  const log = await createLog(owner);
  const [first, second] = batchesOf(2) as [TestBatch, TestBatch];
  const waiting = log.waitBeyond(0, never);
  await appendAll(log, [first]);
  await waiting;
  await log.waitBeyond(0, never);
  const giveUp = new AbortController();
  const given = log.waitBeyond(1, giveUp.signal);
  giveUp.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await expect(log.waitBeyond(1, giveUp.signal)).rejects.toThrow('enough');
  const left = log.waitBeyond(1, never);
  const closing = log.close();
  await expect(left).rejects.toMatchObject({ reason: 'SERVER_DRAINING' });
  await closing;
  expect(() => log.append(second.run, second)).toThrow(
    expect.objectContaining({ reason: 'SERVER_DRAINING' }),
  );
  await expect(log.waitBeyond(1, never)).rejects.toMatchObject({ reason: 'SERVER_DRAINING' });
});

test('closing makes durable what was queued', async () => {
  const owner = testOwner(temporaryFolder());
  const log = await createLog(owner);
  const batches = batchesOf(20);
  const appended = batches.map((batch) => log.append(batch.run, batch));
  await Promise.all([log.close(), log.close()]);
  for (const { durable } of appended) await durable;
  const again = await reopenLog(owner);
  expect(sameBatches(await readAll(again), batches)).toBe(true);
  await again.close();
});

test('a batch may be as large as the limit, and no larger', async () => {
  const owner = testOwner(temporaryFolder());
  const log = await createLog(owner);
  const runBytes = batchBytesMax - commitBytesMax;
  const seal = frame(2, Buffer.alloc(10));
  const event = frame(1, Buffer.alloc(runBytes - seal.length - 5));
  const run = Buffer.concat([event, seal]);
  expect(run.length).toBe(runBytes);
  const acceptance = { events: 1, sealHash: Buffer.alloc(32, 1), timeUnixMs: 1 };
  await log.append(run, acceptance).durable;
  expect(() => log.append(Buffer.concat([run, Buffer.alloc(1)]), acceptance)).toThrow(
    expect.objectContaining({ reason: 'DATA_TOO_LARGE' }),
  );
  await log.append(run, acceptance).durable;
  const { bytes, next } = await log.readSlice(log.startPosition(), { bytesMax: 1 });
  expect(next.commit).toBe(1);
  expect(bytes.length).toBeLessThanOrEqual(batchBytesMax);
  await log.close();
  const again = await reopenLog(owner);
  expect((await readAll(again)).map((batch) => batch.run.equals(run))).toEqual([true, true]);
  await again.close();
});

test('readers at the tail share memory; the others read the file', async () => {
  const owner = testOwner(temporaryFolder(), { tailBytesMax: 64 * 1024 });
  const log = await createLog(owner);
  const batches = batchesOf(40, [8000]);
  for (const batch of batches) await appendAll(log, [batch]);
  expect(log.isAtTail(log.startPosition())).toBe(false);
  expect(log.isAtTail(log.endPosition())).toBe(true);
  const late = await log.positionOfCommit(38);
  expect(log.isAtTail(late)).toBe(true);
  const [one, two] = await Promise.all([
    log.readSlice(late, { bytesMax: 1 }),
    log.readSlice(late, { bytesMax: 1 }),
  ]);
  expect(one.bytes.buffer).toBe(two.bytes.buffer);
  expect(sameBatches(await readAll(log), batches)).toBe(true);
  await log.close();
});

test.each(['manifest', 'snapshot-00000004', 'segment-00000004.log'])(
  'a newer %s is refused, naming file and version',
  async (name) => {
    const { owner, folder } = await smallSegments(16);
    const path = join(folder, name);
    const bytes = readFileSync(path);
    // A segment's header is a field of it; the others are whole files.
    const length = name.startsWith('segment') ? readVarint(bytes, 1, bytes.length) : undefined;
    const start = length?.next ?? 0;
    const end = start + (length?.value ?? bytes.length);
    bytes[start + 4] = 2;
    bytes.writeUInt32LE(crc32(bytes.subarray(0, end - 5)), end - 4);
    writeFileSync(path, bytes);
    await expect(openLog(owner)).rejects.toMatchObject({
      reason: 'FORMAT_TOO_NEW',
      metadata: { file: name, version: '2' },
    });
  },
);

test.each([
  ['index-00000001', /made again/],
  ['tiles/0', /made again/],
  ['tiles', /made again/],
  ['snapshot-00000004', /state was read from the segments/],
])('%s is derived: a chain without it opens, and makes it again', async (name, notice) => {
  const { owner, folder, batches } = await smallSegments(16);
  rmSync(join(folder, name), { recursive: true });
  const log = await reopenLog(owner);
  expect(log.trouble).toBeUndefined();
  expect(sameBatches(await readAll(log), batches)).toBe(true);
  expect(await log.tree.rootAt(16)).toEqual(log.durable.head.root);
  await log.close();
  expect(owner.notices.join('\n')).toMatch(notice);
  expect(existsSync(join(folder, name))).toBe(true);
  const again = testOwner(owner.options.logsPath);
  const reopened = await reopenLog(again);
  await readAll(reopened);
  expect(again.notices).toEqual([]);
  await reopened.close();
});

test.each([
  ['manifest', 16],
  ['segment-00000001.log', 0],
  ['segment-00000004.log', 12],
])('a chain without its %s opens for reading, and says so', async (name, readable) => {
  const { owner, folder, batches } = await smallSegments(16);
  expect(readdirSync(folder).filter((file) => file.startsWith('segment')).length).toBe(5);
  rmSync(join(folder, name));
  const log = await reopenLog(owner);
  expect(log.trouble).toContain(name);
  expect(() => log.append((batches[0] as TestBatch).run, batches[0] as TestBatch)).toThrow(
    expect.objectContaining({ reason: 'CHAIN_READ_ONLY' }),
  );
  if (readable > 0) {
    const read = await readAll(log);
    expect(read.length).toBeGreaterThanOrEqual(readable - 4);
    expect(sameBatches(read, batches.slice(0, read.length))).toBe(true);
  } else {
    await expect(readAll(log)).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
    const last = await log.readSliceBefore(log.endPosition(), { bytesMax: 1 });
    expect(last.start.commit).toBe(15);
  }
  await expect(log.waitBeyond(16, never)).rejects.toMatchObject({ reason: 'CHAIN_READ_ONLY' });
  await log.close();
  expect(existsSync(join(folder, name))).toBe(false);
});

test('a folder that may not be written to opens for reading, and is left as it is', async () => {
  const { owner, folder, batches } = await smallSegments(16);
  const path = join(folder, 'segment-00000004.log');
  truncateSync(path, statSync(path).size - 3);
  const before = readFileSync(path);
  class ReadOnlyStorage extends RealStorage {
    override async open(name: string, mode: OpenMode): Promise<StorageFile> {
      if (mode === 'read') return super.open(name, mode);
      throw Object.assign(new Error(`EROFS: ${name}`), { code: 'EROFS' });
    }
  }
  const reader = testOwner(owner.options.logsPath, { storage: new ReadOnlyStorage() });
  const log = await reopenLog(reader);
  expect(log.trouble).toMatch(/may not be written to \(EROFS\)/);
  expect(sameBatches(await readAll(log), batches)).toBe(true);
  await log.close();
  expect(readFileSync(path)).toEqual(before);
});

test('a manifest that is older than the log is seen', async () => {
  const { owner, folder } = await smallSegments(4);
  const old = readFileSync(join(folder, 'manifest'));
  const log = await reopenLog(owner);
  for (const batch of batchesOf(16).map((one) => ({ ...one, timeUnixMs: 5000 })))
    await appendAll(log, [batch]);
  await log.close();
  writeFileSync(join(folder, 'manifest'), old);
  const again = await reopenLog(owner);
  expect(again.trouble).toMatch(/segment-0000000\d\.log, which holds batches/);
  await again.close();
});

test('a tile that changed makes no proof', async () => {
  const owner = testOwner(temporaryFolder(), { segmentBytesMax: 64 * 1024 });
  const log = await createLog(owner);
  await appendAll(log, batchesOf(1000));
  await log.close();
  const path = join(owner.options.folder, 'tiles', '0');
  const bytes = readFileSync(path);
  expect(bytes.length).toBe(32_000);
  bytes[40] = (bytes[40] as number) ^ 1;
  writeFileSync(path, bytes);
  const again = await reopenLog(owner);
  expect(await again.tree.rootAt(512)).toHaveLength(32);
  await expect(again.tree.rootAt(200)).rejects.toMatchObject({
    reason: 'CHAIN_DAMAGED',
    metadata: { file: 'tiles/0' },
  });
  await again.close();
});

test('the size on disk is that of the segments', async () => {
  const { owner, folder } = await smallSegments(16);
  const bytes = readdirSync(folder)
    .filter((name) => name.startsWith('segment'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(await bytesOnDisk(owner.options.storage, folder)).toBe(bytes);
  expect(await bytesOnDisk(owner.options.storage, `${folder}x`)).toBe(0);
});
