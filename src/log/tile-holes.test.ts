import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import { Frontier, leafHash, SubtreeHashes } from '../crypto/index.ts';
import type { Gap } from '../event/index.ts';
import { replaceFile } from './durable-files.ts';
import { appendGone } from './gone-leaves.ts';
import type { MemoryStorage } from './memory-storage.ts';
import { TileFiles } from './tile-files.ts';
import { TileTree } from './tile-tree.ts';

const folder = '/logs';
const leaves = Array.from({ length: 3_000 }, (_, at) => leafHash(Buffer.from(`leaf ${at}`)));

/** Tiles of the first so many leaves. */
async function whole(size: number): Promise<{ storage: MemoryStorage; tiles: TileFiles }> {
  const storage = await emptyDisk(folder);
  const tiles = new TileFiles({ storage, folder, tree: new TileTree() });
  for (const leaf of leaves.slice(0, size)) tiles.append(leaf);
  await tiles.flush();
  return { storage, tiles };
}

function gapOf(first: number, end: number): Gap {
  const subtrees = new SubtreeHashes(first);
  for (const leaf of leaves.slice(first, end)) subtrees.append(leaf);
  const commits = end - first;
  const common = { snapshot: end, size: end, before: { last: undefined, from: undefined } };
  return { commits, events: commits, hashes: subtrees.hashes, ...common };
}

function flip(storage: MemoryStorage, level: number, index: number): void {
  const path = `${folder}/tiles/${level}`;
  const bytes = Buffer.from(storage.peek(path) as Buffer);
  bytes[32 * index] = (bytes[32 * index] as number) ^ 1;
  storage.poke(path, bytes);
}

/** The tree made anew, with a gap of which the tiles are what they are, as who opens it has it. */
async function rebuilt(storage: MemoryStorage, size: number, [first, end]: [number, number]) {
  const tiles = new TileFiles({ storage, folder, tree: new TileTree() });
  for (const leaf of leaves.slice(0, first)) tiles.append(leaf);
  const append = (hash: Buffer, height: number) => tiles.append(hash, height);
  const at = { storage, folders: [folder] };
  const lost = await appendGone(at, gapOf(first, end), { firstCommit: first, append });
  for (const leaf of leaves.slice(end, size)) tiles.append(leaf);
  await tiles.flush();
  const frontier = new Frontier();
  for (const leaf of leaves.slice(0, size)) frontier.append(leaf);
  return { lost, tiles: (await TileFiles.load({ storage, folder, frontier })) as TileFiles };
}

const lostHash = { reason: 'CHAIN_DAMAGED', message: expect.stringContaining('backup') };

test('around what is lost all is proven as before, and nothing wrong of what is lost', async () => {
  const place = fc.integer({ min: 1, max: 1_400 });
  await fc.assert(
    fc.asyncProperty(place, place, place, place, async (a, b, c, head) => {
      const [first, end, size] = [a, b, c].sort((one, other) => one - other) as [
        number,
        number,
        number,
      ];
      const { storage, tiles: full } = await whole(size);
      await storage.remove(`${folder}/tiles/0`);
      const { lost, tiles } = await rebuilt(storage, size, [first, end]);
      expect(lost).toBeLessThanOrEqual(end - first);
      expect(tiles.size).toBe(size);
      expect(await tiles.rootAt(size)).toEqual(await full.rootAt(size));
      // A head on either side of it, and one anywhere.
      for (const from of [first, end, Math.min(head, size)]) {
        const isWithin = from > first && from < end;
        const proof = tiles.consistencyProof(from, size).catch((error: unknown) => error);
        const found = await proof;
        if (found instanceof Error && isWithin) expect(found).toMatchObject(lostHash);
        else expect(found).toEqual(await full.consistencyProof(from, size));
      }
      // It grows on, and is the same on the disk.
      for (const leaf of leaves.slice(size, size + 300)) {
        tiles.append(leaf);
        full.append(leaf);
      }
      expect(await tiles.rootAt(size + 300)).toEqual(await full.rootAt(size + 300));
      // Once more: what is lost is lost in the same places, and nothing else is.
      const again = await rebuilt(storage, size, [first, end]);
      expect(again.lost).toBe(lost);
    }),
    { numRuns: 60 },
  );
});

test('of a tile that is damaged the other tiles are kept, by whichever level is whole', async () => {
  const [first, end] = [1, 2_049];
  const damaged = [
    [[[0, 700]], 256],
    [[[1, 2]], 0],
    [[[0, 10]], 8],
    // Neither the leaves nor the level above say which of them is right.
    [
      [
        [0, 1_500],
        [1, 6],
      ],
      1_024,
    ],
  ] as const;
  for (const [flips, lost] of damaged) {
    const { storage, tiles: full } = await whole(2_100);
    for (const [level, index] of flips) flip(storage, level, index);
    const found = await rebuilt(storage, 2_100, [first, end]);
    expect(found.lost).toBe(lost);
    expect(await found.tiles.consistencyProof(300, 2_100)).toEqual(
      await full.consistencyProof(300, 2_100),
    );
    if (lost > 0) {
      const [[, index]] = flips;
      await expect(found.tiles.rootAt(index + 1)).rejects.toMatchObject(lostHash);
      await expect(found.tiles.inclusionProof(index, 2_100)).rejects.toMatchObject(lostHash);
    }
  }
});

test('a copy has what is lost here, and the better of two is taken', async () => {
  const { storage } = await whole(2_100);
  const copy = (await whole(2_100)).storage;
  for (const index of [700, 1_500]) flip(storage, 0, index);
  flip(copy, 0, 1_500);
  await storage.makeFolder('/copy');
  await storage.makeFolder('/copy/tiles');
  for (const level of [0, 1]) {
    const bytes = copy.peek(`${folder}/tiles/${level}`) as Buffer;
    await replaceFile(storage, `/copy/tiles/${level}`, bytes);
  }
  const lostFrom = (folders: readonly string[]) =>
    appendGone({ storage, folders }, gapOf(1, 2_049), { firstCommit: 1, append: () => undefined });
  expect(await lostFrom([folder])).toBe(512);
  expect(await lostFrom([folder, '/copy'])).toBe(256);
  expect(await lostFrom(['/copy'])).toBe(256);
  // One commit alone is a subtree by itself.
  expect(await lostFrom(['/nothing'])).toBe(2_046);
});
