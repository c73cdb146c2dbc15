import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import {
  Frontier,
  leafHash,
  merkleRoot,
  nodeHash,
  sha256,
  verifyConsistency,
} from '../crypto/index.ts';
import { TileFiles } from './tile-files.ts';
import { TileTree } from './tile-tree.ts';

const folder = '/logs';
const leafData = (index: number): Buffer => Buffer.from(`leaf ${index}`);

/** Append leaves to a tree in files, writing it now and then and loading it again. */
async function grow(counts: readonly number[]) {
  const storage = await emptyDisk(folder);
  const frontier = new Frontier();
  let tiles = new TileFiles({ storage, folder, tree: new TileTree() });
  for (const [turn, count] of counts.entries()) {
    for (let more = 0; more < count; more += 1) {
      const leaf = leafHash(leafData(frontier.size));
      frontier.append(leaf);
      tiles.append(leaf);
    }
    if (turn % 2 === 1) continue;
    await tiles.flush();
    if (turn % 4 === 0) {
      const loaded = await TileFiles.load({ storage, folder, frontier });
      expect(loaded?.size).toBe(frontier.size);
      tiles = loaded as TileFiles;
    }
  }
  return { storage, frontier, tiles };
}

test('the tree is RFC 9162, and any two sizes are proven consistent', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 3, maxLength: 3 }),
      async (counts, pairs) => {
        const { frontier, tiles } = await grow(counts);
        const { size } = frontier;
        const leaves = Array.from({ length: size }, (_, index) => leafData(index));
        expect(await tiles.rootAt(size)).toEqual(frontier.root());
        for (const [a, b] of pairs) {
          const second = a % (size + 1);
          const first = b % (second + 1);
          const firstRoot = await tiles.rootAt(first);
          const secondRoot = await tiles.rootAt(second);
          expect(secondRoot).toEqual(merkleRoot(leaves.slice(0, second)));
          const proof = await tiles.consistencyProof(first, second);
          expect(verifyConsistency({ first, second, firstRoot, secondRoot, proof })).toBe(true);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('the files are levels of tlog-tiles, three of them from 65,536 leaves on', async () => {
  const size = 65_536 + 300;
  const { storage, frontier, tiles } = await grow([60_000, 1, size - 60_001]);
  expect((await storage.list('/logs/tiles')).map(({ name }) => name)).toEqual(['0', '1', '2']);
  const levels = ['0', '1', '2'].map((name) => storage.peek(`/logs/tiles/${name}`) as Buffer);
  expect(levels.map(({ length }) => length / 32)).toEqual([size, 257, 1]);
  expect(levels[0]?.subarray(32 * 70, 32 * 71)).toEqual(leafHash(leafData(70)));
  for (const level of [0, 1]) {
    let row = Array.from({ length: 256 }, (_, place) =>
      (levels[level] as Buffer).subarray(32 * place, 32 * (place + 1)),
    );
    while (row.length > 1) {
      row = Array.from({ length: row.length / 2 }, (_, place) =>
        nodeHash(row[2 * place] as Buffer, row[2 * place + 1] as Buffer),
      );
    }
    expect((levels[level + 1] as Buffer).subarray(0, 32)).toEqual(row[0]);
  }
  expect(await tiles.rootAt(size)).toEqual(frontier.root());
  expect(await tiles.frontierAt(size)).toEqual(frontier.hashes());
  for (const first of [1, 255, 256, 257, 65_535, 65_536]) {
    const proof = await tiles.consistencyProof(first, size);
    const firstRoot = await tiles.rootAt(first);
    const claim = { first, second: size, firstRoot, secondRoot: frontier.root(), proof };
    expect(verifyConsistency(claim)).toBe(true);
  }
});

test('files that are short, gone, or of another tree are not taken', async () => {
  const { storage, frontier } = await grow([1000]);
  const load = (from = frontier) => TileFiles.load({ storage, folder, frontier: from });
  const other = Frontier.from(
    1000,
    frontier.hashes().map((hash) => sha256(hash)),
  );
  expect(await load(other)).toBeUndefined();
  const bytes = storage.peek('/logs/tiles/0') as Buffer;
  storage.poke('/logs/tiles/0', Buffer.concat([bytes, Buffer.alloc(50)]));
  expect(await load()).toBeDefined();
  storage.poke('/logs/tiles/0', bytes.subarray(0, bytes.length - 1));
  expect(await load()).toBeUndefined();
  storage.poke('/logs/tiles/0', bytes);
  await storage.remove('/logs/tiles/1');
  expect(await load()).toBeUndefined();
});
