import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Frontier, leafHash } from './merkle.ts';
import { SubtreeHashes, subtreeLevels } from './perfect-subtrees.ts';

const leaves = Array.from({ length: 200 }, (_, at) => leafHash(Buffer.from(String(at))));

test('a tree grows by the subtrees of any leaves as it does by the leaves', () => {
  const place = fc.integer({ min: 0, max: leaves.length });
  fc.assert(
    fc.property(place, place, (one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other)];
      const gathered = new SubtreeHashes(start);
      const whole = new Frontier();
      leaves.slice(0, start).forEach((leaf) => {
        whole.append(leaf);
      });
      const short = whole.clone();
      for (const leaf of leaves.slice(start, end)) {
        whole.append(leaf);
        gathered.append(leaf);
      }
      const levels = subtreeLevels(start, end);
      expect(gathered.count).toBe(end - start);
      expect(gathered.hashes).toHaveLength(levels.length);
      levels.forEach((level, at) => {
        short.append(gathered.hashes[at] as Buffer, level);
      });
      expect(short.size).toBe(end);
      expect(short.root()).toEqual(whole.root());
      // Gathered from subtrees they come to the same hashes.
      const again = new SubtreeHashes(start);
      levels.forEach((level, at) => {
        again.append(gathered.hashes[at] as Buffer, level);
      });
      expect(again.hashes).toEqual(gathered.hashes);
    }),
  );
});

test('a subtree has its place at a multiple of its leaves', () => {
  const frontier = new Frontier();
  frontier.append(leaves[0] as Buffer);
  expect(() => frontier.append(leaves[1] as Buffer, 1)).toThrow(RangeError);
  expect(subtreeLevels(5, 17)).toEqual([0, 1, 3, 0]);
  expect(subtreeLevels(2 ** 40, 2 ** 41 + 1)).toEqual([40, 0]);
});
