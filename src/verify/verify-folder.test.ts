import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  type StateSnapshot,
  StateSnapshotSchema,
  type WriterSnapshot,
} from '../../gen/atedb/v1/log_pb.js';
import { rounds } from '../../test/support/scale.ts';
import {
  filesIn,
  folder,
  snapshotFile,
  type VerifiableChain,
  verifiableChain,
  verify,
  wrongIndexFile,
} from '../../test/support/verify-world.ts';
import type { FolderFindings } from './index.ts';

/** A sample of places in the short run, each one in the long run. */
const step = rounds({ short: 701, long: 1 });

const shapes = [
  { what: 'one segment after a crash', state: 'open', segmentBytesMax: undefined },
  { what: 'one segment that was closed', state: 'closed', segmentBytesMax: undefined },
  { what: 'several segments after a crash', state: 'open', segmentBytesMax: 5_000 },
  { what: 'several segments that were closed', state: 'closed', segmentBytesMax: 5_000 },
] as const;

const made = new Map<number | undefined, Promise<VerifiableChain>>();
function chainOf(segmentBytesMax: number | undefined): Promise<VerifiableChain> {
  const chain = made.get(segmentBytesMax) ?? verifiableChain(segmentBytesMax);
  made.set(segmentBytesMax, chain);
  return chain;
}

/** What is said of a file: that something is wrong there, or that it isn't looked at. */
function saidOf(found: FolderFindings, path: string): 'violation' | 'named' | undefined {
  if (found.violations.list.length > 0) return 'violation';
  const name = path.startsWith('tiles/') ? 'tiles/' : path;
  const isNamed =
    found.derived.some(({ file }) => file?.startsWith(name)) ||
    found.notes.some((note) => note.includes(name)) ||
    found.others.includes(path) ||
    (found.tornBytes > 0 && path.startsWith('segment-'));
  return isNamed ? 'named' : undefined;
}

test.each(shapes)('$what verifies, and is left as it is', async ({ state, segmentBytesMax }) => {
  const chain = await chainOf(segmentBytesMax);
  const before = await filesIn(chain[state]);
  for (const allSignatures of [false, true]) {
    const found = await verify(chain[state], {
      allSignatures,
      chainId: chain.chainId,
      trustMode: 'centralized',
      heads: [chain.head],
    });
    expect(found).toMatchObject({ derived: [], others: [], notes: [], tornBytes: 0, moved: false });
    expect(found.violations.list).toEqual([]);
    expect(found.history?.head).toEqual(chain.head);
    expect(found.history?.nextSequence).toBe(chain.events);
    expect(found.segments).toBe(segmentBytesMax === undefined ? 1 : found.segments);
    // Of the writer that doesn't sign nothing is covered; the one that does has made the genesis.
    expect(found.history?.tally.vouched()).toEqual({
      signed: { batches: 3, events: 5 },
      coveredLater: { batches: 0, events: 0 },
      serverOnly: { batches: 5, events: 10 },
    });
    expect(found.history?.tally.keys()).toMatchObject([
      { writers: 2, batches: 8, events: 15, serverOnly: { batches: 5, events: 10 } },
    ]);
  }
  expect(await filesIn(chain[state])).toEqual(before);
  if (segmentBytesMax !== undefined) expect([...before.keys()]).toContain('keys-00000000');
});

test.each(shapes)(
  '$what: whichever byte of whichever file is flipped, it is a violation, or the file is named',
  async ({ state, segmentBytesMax }) => {
    const chain = await chainOf(segmentBytesMax);
    let at = 0;
    const said = { violation: 0, named: 0 };
    for (const [path, bytes] of await filesIn(chain[state])) {
      for (let offset = 0; offset < bytes.length; offset += 1, at += 1) {
        if (at % step !== 0) continue;
        const storage = chain[state].clone();
        const changed = Buffer.from(bytes);
        changed[offset] = (changed[offset] as number) ^ (1 << (offset % 8));
        storage.poke(join(folder, path), changed);
        const found = await verify(storage);
        const verdict = saidOf(found, path);
        expect(verdict, `${path} at ${offset} of ${bytes.length}`).toBeDefined();
        said[verdict ?? 'named'] += 1;
        if (path === 'manifest') expect(verdict).toBe('violation');
        const [first] = found.violations.list;
        expect(first?.offset ?? 0, `${path} at ${offset}`).toBeLessThanOrEqual(offset);
        for (const { file } of found.violations.list) expect(file).toBe(path);
      }
    }
    expect(said.violation).toBeGreaterThan(at / step / 3);
  },
  600_000,
);

test.each(shapes)(
  '$what: any file is cut, emptied, doubled and removed',
  async ({ state, segmentBytesMax }) => {
    const chain = await chainOf(segmentBytesMax);
    const files = [...(await filesIn(chain[state]))];
    const some = files.filter((_, at) => at % rounds({ short: 4, long: 1 }) === 0);
    for (const [path, bytes] of some) {
      const lengths = [0, 1, bytes.length >> 1, bytes.length - 1].map((end) =>
        bytes.subarray(0, end),
      );
      for (const changed of [...lengths, Buffer.concat([bytes, bytes])]) {
        const storage = chain[state].clone();
        storage.poke(join(folder, path), changed);
        const found = await verify(storage, { heads: [chain.head] });
        // Tiles may be longer or shorter than they need to be.
        if (path.startsWith('tiles/')) expect(found.violations.list).toEqual([]);
        else expect(saidOf(found, path), `${path} with ${changed.length}`).toBeDefined();
      }
      const storage = chain[state].clone();
      await storage.remove(join(folder, path));
      const found = await verify(storage);
      const isNeeded = path === 'manifest' || path.startsWith('segment-');
      expect(found.violations.list.length > 0, path).toBe(isNeeded);
    }
  },
  600_000,
);

test('any two files are swapped, and any segment takes the place of another', async () => {
  const chain = await chainOf(5_000);
  const files = [...(await filesIn(chain.closed))];
  let pairs = 0;
  for (const [one, oneBytes] of files) {
    for (const [two, twoBytes] of files) {
      pairs += 1;
      if (one === two || pairs % rounds({ short: 13, long: 1 }) !== 0) continue;
      const replaced = chain.closed.clone();
      replaced.poke(join(folder, one), twoBytes);
      const found = await verify(replaced);
      const isNeeded = one === 'manifest' || one.startsWith('segment-');
      if (isNeeded) expect(found.violations.list, `${two} as ${one}`).not.toEqual([]);
      else if (!one.startsWith('tiles/'))
        expect(saidOf(found, one), `${two} as ${one}`).toBeDefined();
      if (one > two) continue;
      replaced.poke(join(folder, two), oneBytes);
      const swapped = await verify(replaced);
      if (isNeeded) expect(swapped.violations.list, `${one} and ${two}`).not.toEqual([]);
    }
  }
}, 600_000);

test('what is found behind damage is told, and verified by itself', async () => {
  const chain = await chainOf(5_000);
  const whole = await filesIn(chain.closed);
  const segments = [...whole.keys()].filter((name) => name.startsWith('segment-'));
  expect(segments.length).toBeGreaterThan(2);
  const storage = chain.closed.clone();
  // In the data of the first batch behind the genesis, and somewhere in the last segment.
  const spoil = (name: string, where: (bytes: Buffer) => number) => {
    const bytes = Buffer.from(whole.get(name) as Buffer);
    const at = where(bytes);
    bytes[at] = (bytes[at] as number) ^ 1;
    storage.poke(join(folder, name), bytes);
    return at;
  };
  const [, second = '', third = ''] = segments;
  const last = segments.at(-1) as string;
  spoil(second, (bytes) => bytes.length - 100);
  spoil(last, (bytes) => bytes.length - 150);
  const found = await verify(storage, { heads: [chain.head] });
  const files = found.violations.list.map(({ file }) => file);
  expect(files[0]).toBe(second);
  expect(files).toContain(last);
  expect(files).not.toContain(third === last ? undefined : third);
  expect(found.violations.list[0]).toMatchObject({
    commit: expect.any(Number),
    sequence: expect.any(Number),
    what: expect.stringMatching(/^corrupt: /),
  });
  expect(found.behind.batches).toBeGreaterThan(0);
});

test('a snapshot and an index that are whole, and say something else than the batches, are named', async () => {
  const chain = await chainOf(5_000);
  const files = await filesIn(chain.closed);
  const name = [...files.keys()].find((file) => file.startsWith('snapshot-')) as string;
  const changes: ((snapshot: StateSnapshot) => unknown)[] = [
    ({ writers }) => ((writers[0] as WriterSnapshot).nextCounter += 1n),
    ({ writers }) => ((writers[0] as WriterSnapshot).lastCommit += 1n),
    ({ writers }) => ((writers[0] as WriterSnapshot).endSequence += 1n),
    ({ writers }) => ((writers[0] as WriterSnapshot).asOfSize += 1n),
    ({ writers }) => ((writers[0] as WriterSnapshot).writerId = Buffer.alloc(32)),
    ({ writers }) => writers.pop(),
    (snapshot) => (snapshot.timeUnixMs += 1n),
    ({ authority }) => authority?.roots.pop(),
    ({ authority }) => authority?.roots.push(...authority.roots),
    (snapshot) => snapshot.genesis?.events.push(...snapshot.genesis.events),
  ];
  for (const change of changes) {
    const snapshot = fromBinary(StateSnapshotSchema, files.get(name) as Buffer);
    change(snapshot);
    const storage = chain.closed.clone();
    storage.poke(join(folder, name), await snapshotFile(snapshot));
    const found = await verify(storage);
    expect(found.violations.list).toEqual([]);
    expect(found.derived, String(change)).toMatchObject([{ file: name }]);
  }
  const storage = chain.closed.clone();
  storage.poke(join(folder, 'index-00000000'), wrongIndexFile(chain.chainId));
  const found = await verify(storage);
  expect(found.derived).toMatchObject([
    { file: 'index-00000000', what: expect.stringContaining('other places than its batches') },
  ]);
});

test('other files in the folder are named, and not looked into', async () => {
  const chain = await chainOf(5_000);
  const storage = chain.closed.clone();
  const names = ['segment-00000000.tail-99', 'notes.txt', 'manifest.new', 'snapshot-00000000'];
  for (const name of names) {
    const file = await storage.open(join(folder, name), 'replace');
    await file.write(0, Buffer.from('x'));
    await file.close();
  }
  const found = await verify(storage);
  expect(found.violations.list).toEqual([]);
  expect(found.others).toEqual([...names].sort());
});
