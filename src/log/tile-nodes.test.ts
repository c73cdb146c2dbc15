import { expect, test } from 'vitest';
import { nodeHash, rootOfHashes, sha256 } from '../crypto/index.ts';
import { SharedCache } from './shared-cache.ts';
import { TileNodes } from './tile-nodes.ts';

function tileOf(mark: string): Buffer {
  return Buffer.concat(
    Array.from({ length: 256 }, (_, index) => sha256(Buffer.from(`${mark} ${index}`))),
  );
}

test('a tile has every node of the tree over its hashes', () => {
  const hashes = tileOf('a');
  const tile = new TileNodes(hashes);
  expect(tile.root).toEqual(rootOfHashes(hashes));
  for (let row = 0; row <= 8; row += 1) {
    const bytes = 32 * 2 ** row;
    for (let index = 0; index < 256 >>> row; index += 1) {
      const below = hashes.subarray(index * bytes, (index + 1) * bytes);
      expect(tile.node(row, index), `${row} ${index}`).toEqual(rootOfHashes(below));
      if (row === 0) continue;
      const [left, right] = [tile.node(row - 1, 2 * index), tile.node(row - 1, 2 * index + 1)];
      expect(tile.node(row, index)).toEqual(nodeHash(left as Buffer, right as Buffer));
    }
  }
});

test('of more than there is memory for those that were used longest ago go', () => {
  const tile = new TileNodes(tileOf('b'));
  const cache = new SharedCache<TileNodes>(2 * tile.bytes);
  for (const key of ['1', '2']) cache.put(key, tile);
  expect(cache.get('1')).toBe(tile);
  cache.put('3', tile);
  expect(['1', '2', '3'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
  // The same again takes no more.
  cache.put('3', tile);
  expect(cache.get('1')).toBe(tile);
  cache.drop('3');
  cache.put('4', tile);
  expect(['1', '3', '4'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
});
