import {
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  appendAll,
  createLog,
  makeBatch,
  temporaryFolder,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { encodeCommit, encodeGap } from '../event/index.ts';
import { type DumpPart, dumpLog } from './dump-log.ts';
import { RealStorage } from './real-storage.ts';

type PartOf<Kind extends DumpPart['kind']> = Extract<DumpPart, { kind: Kind }>;

/** The folder of a closed log of `count` batches of two events, in segments of about `segmentBytesMax`. */
async function closedLog(count: number, segmentBytesMax = 1024): Promise<string> {
  const owner = testOwner(temporaryFolder(), { segmentBytesMax });
  const log = await createLog(owner);
  for (let place = 0; place < count; place += 1) {
    await appendAll(log, [makeBatch([40, 10], 1000 + place)]);
  }
  await log.close();
  return owner.options.folder;
}

async function dump(path: string): Promise<DumpPart[]> {
  return Array.fromAsync(dumpLog(new RealStorage(), path));
}

function only<Kind extends DumpPart['kind']>(parts: DumpPart[], kind: Kind): PartOf<Kind>[] {
  return parts.filter((part): part is PartOf<Kind> => part.kind === kind);
}

const commits = (parts: DumpPart[]) => only(parts, 'batch').map(({ commit }) => commit.commit);

test('a folder is shown file by file, and nothing in it changes', async () => {
  const folder = await closedLog(12);
  const before = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
  const parts = await dump(folder);
  expect(only(parts, 'fault')).toEqual([]);
  expect(commits(parts)).toEqual(Array.from({ length: 12 }, (_, commit) => commit));
  const [manifest] = only(parts, 'manifest');
  const segments = (manifest?.manifest.closed.length ?? 0) + 1;
  expect(segments).toBeGreaterThan(2);
  expect(parts[0]).toBe(manifest);
  expect(only(parts, 'header').map(({ header }) => header.segment)).toEqual(
    Array.from({ length: segments }, (_, segment) => segment),
  );
  expect(only(parts, 'footer').length).toBe(segments);
  expect(only(parts, 'snapshot').at(-1)?.snapshot.nextCommit).toBe(
    BigInt(manifest?.manifest.active.firstCommit ?? -1),
  );
  expect(only(parts, 'index').every(({ entries }) => entries > 0)).toBe(true);
  expect(only(parts, 'tiles')).toMatchObject([{ file: 'tiles/0', hashes: 12 }]);
  // Each part begins where the one before it ended, and the last one ends with its file.
  for (const { file } of only(parts, 'header')) {
    let end = 0;
    for (const part of parts) {
      if (part.file !== file || !('offset' in part)) continue;
      expect(part.offset).toBe(end);
      end += part.bytes;
    }
    expect(end).toBe(statSync(join(folder, file)).size);
  }
  const after = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
  expect(after).toEqual(before);
});

test('a renamed file is known by what is in it', async () => {
  const folder = await closedLog(12);
  for (const name of ['segment-00000001.log', 'manifest']) {
    const copy = join(temporaryFolder(), 'some.file');
    copyFileSync(join(folder, name), copy);
    const parts = await dump(copy);
    expect(only(parts, 'fault')).toEqual([]);
    expect(parts[0]?.kind).toBe(name === 'manifest' ? 'manifest' : 'header');
  }
});

test('an end that is cut off is torn, not damaged', async () => {
  const folder = await closedLog(3, 1_000_000);
  const path = join(folder, 'segment-00000000.log');
  const [footer] = only(await dump(path), 'footer');
  truncateSync(path, (footer?.offset ?? 0) - 1);
  const parts = await dump(path);
  expect(commits(parts)).toEqual([0, 1]);
  expect(parts.at(-1)).toMatchObject({ kind: 'fault', torn: true });
});

test('a changed byte is damage, and what is behind it is shown', async () => {
  const folder = await closedLog(5, 1_000_000);
  const path = join(folder, 'segment-00000000.log');
  const bytes = readFileSync(path);
  const second = only(await dump(path), 'batch')[1];
  const at = (second?.offset ?? 0) + 10;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const parts = await dump(path);
  expect(commits(parts)).toEqual([0, 2, 3, 4]);
  expect(only(parts, 'fault')).toMatchObject([
    { offset: second?.offset, bytes: second?.bytes, what: 'a checksum does not fit', torn: false },
  ]);
  expect(parts.at(-1)?.kind).toBe('footer');
});

test('where the framing is lost, the rest is passed over, up to the footer', async () => {
  const folder = await closedLog(5, 1_000_000);
  const path = join(folder, 'segment-00000000.log');
  const bytes = readFileSync(path);
  const second = only(await dump(path), 'batch')[1];
  bytes[second?.offset ?? 0] = 0xff;
  writeFileSync(path, bytes);
  const parts = await dump(path);
  expect(commits(parts)).toEqual([0]);
  const [fault] = only(parts, 'fault');
  expect(fault).toMatchObject({ offset: second?.offset, torn: false });
  expect(parts.at(-1)).toMatchObject({
    kind: 'footer',
    offset: (fault?.offset ?? 0) + (fault?.bytes ?? 0),
  });
});

test('a damaged header, manifest or snapshot is said, and the batches are shown all the same', async () => {
  const folder = await closedLog(12);
  const snapshot = readdirSync(folder).find((name) => name.startsWith('snapshot-')) ?? '';
  for (const name of ['manifest', 'segment-00000000.log', snapshot]) {
    const bytes = readFileSync(join(folder, name));
    bytes[20] = (bytes[20] ?? 0) ^ 0x80;
    writeFileSync(join(folder, name), bytes);
  }
  const parts = await dump(folder);
  expect(only(parts, 'fault').map(({ file, torn }) => [file, torn])).toEqual([
    ['manifest', false],
    ['segment-00000000.log', false],
    [snapshot, false],
  ]);
  expect(commits(parts).length).toBe(12);
});

test('a tail that was set aside, and a file that ends at once', async () => {
  const folder = await closedLog(2, 1_000_000);
  const path = join(folder, 'segment-00000000.log');
  const second = only(await dump(path), 'batch')[1];
  const tail = join(temporaryFolder(), 'segment-00000000.tail-1');
  const start = second?.offset ?? 0;
  writeFileSync(tail, readFileSync(path).subarray(start, start + (second?.bytes ?? 0) + 3));
  const parts = await dump(tail);
  expect(commits(parts)).toEqual([1]);
  expect(parts.at(-1)).toMatchObject({ kind: 'fault', bytes: 3, torn: true });

  truncateSync(path, 0);
  expect(await dump(path)).toMatchObject([{ kind: 'fault', offset: 0, torn: false }]);
});

test('a gap is shown', async () => {
  const folder = await closedLog(2, 1_000_000);
  const path = join(folder, 'segment-00000000.log');
  const [first, second] = only(await dump(path), 'batch');
  const bytes = readFileSync(path);
  const start = first?.offset ?? 0;
  const run = second?.run ?? Buffer.alloc(0);
  const before = { last: undefined, from: undefined };
  const gone = { commits: 1, events: 2, hashes: [Buffer.alloc(32, 7)] };
  const gap = encodeGap({ ...gone, snapshot: 9, size: 5, before });
  const { headerBytes: header } = second?.commit ?? { headerBytes: Buffer.alloc(0) };
  const stored = Buffer.concat([gap, run]);
  const commit = encodeCommit({ run: stored, header, treeRoot: undefined, durableOffset: 0 });
  writeFileSync(path, Buffer.concat([bytes.subarray(0, start), stored, commit]));
  const parts = await dump(path);
  expect(only(parts, 'fault')).toEqual([]);
  expect(only(parts, 'gap')).toMatchObject([
    { gap: { firstCommit: 0, lastCommit: 0, firstSequence: 0, lastSequence: 1, snapshot: 9 } },
  ]);
  expect(only(parts, 'batch')).toMatchObject([{ commit: { commit: 1 } }]);
});

test('what is no log is refused', async () => {
  const folder = temporaryFolder();
  await expect(dump(join(folder, 'nothing'))).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  await expect(dump(folder)).rejects.toThrow(/neither a manifest nor segments/);
  const other = join(folder, 'notes.txt');
  writeFileSync(other, 'hello');
  expect(await dump(other)).toEqual([{ file: 'notes.txt', kind: 'other', bytes: 5 }]);
});
