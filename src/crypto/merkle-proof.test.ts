import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { naiveRoot, sourceOf } from '../../test/support/naive-tree.ts';
import {
  consistencyProof,
  emptyRoot,
  Frontier,
  frontierAt,
  inclusionProof,
  leafHash,
  type NodeSource,
  nodeHash,
  rootAt,
  verifyConsistency,
  verifyInclusion,
} from './index.ts';

const sizeMax = 70;
const leaves = Array.from({ length: sizeMax }, (_, index) => Buffer.from(`leaf ${index}`));
const roots = Array.from({ length: sizeMax + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)));
const rootOfSize = (size: number) => roots[size] as Buffer;
const source = sourceOf(leaves);
const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));

/** A proof that isn't the right one: a bit flipped, a hash left out, doubled, added, cut short, or two exchanged. */
const spoilt = fc.record({
  kind: fc.constantFrom('flip', 'drop', 'double', 'append', 'prepend', 'cut', 'swap'),
  at: fc.nat(),
  bit: fc.nat(255),
});

function spoil(
  proof: readonly Buffer[],
  { kind, at, bit }: { kind: string; at: number; bit: number },
) {
  const hashes = proof.map((hash) => Buffer.from(hash));
  const index = hashes.length === 0 ? 0 : at % hashes.length;
  const hash = hashes[index] ?? Buffer.alloc(32);
  if (kind === 'flip') hash[bit >> 3] = (hash[bit >> 3] as number) ^ (1 << (bit & 7));
  else if (kind === 'drop') hashes.splice(index, 1);
  else if (kind === 'double') hashes.splice(index, 0, hash);
  else if (kind === 'append') hashes.push(Buffer.alloc(32, bit));
  else if (kind === 'prepend') hashes.unshift(Buffer.alloc(32, bit));
  else if (kind === 'cut') hashes[index] = hash.subarray(1);
  else hashes.splice(index, 2, ...hashes.slice(index, index + 2).reverse());
  return hashes;
}

const sameProof = (one: readonly Buffer[], other: readonly Buffer[]) =>
  hex(one).join() === hex(other).join();

describe('refused is', () => {
  const sizes = fc.integer({ min: 1, max: sizeMax });

  test('an inclusion proof that was spoilt', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), spoilt, (size, at, how) => {
        const index = at % size;
        const good = inclusionProof(source, index, size);
        const proof = spoil(good, how);
        const claim = { leaf: source(0, index), index, size, proof, root: rootOfSize(size) };
        expect(verifyInclusion(claim)).toBe(sameProof(proof, good));
      }),
      { numRuns: 2000 },
    );
  });

  test('an inclusion proof of another leaf, index, size or root', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.nat(), fc.nat(), (size, otherSize, at, otherAt) => {
        const index = at % size;
        const other = otherAt % size;
        const proof = inclusionProof(source, index, size);
        const claim = { leaf: source(0, index), index, size, proof, root: rootOfSize(size) };
        const isSame = index === other;
        expect(verifyInclusion({ ...claim, leaf: source(0, other) })).toBe(isSame);
        expect(verifyInclusion({ ...claim, index: other })).toBe(isSame);
        const root = rootOfSize(otherSize);
        expect(verifyInclusion({ ...claim, root })).toBe(size === otherSize);
        if (otherSize !== size) {
          expect(verifyInclusion({ ...claim, size: otherSize, root })).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a consistency proof that was spoilt', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), spoilt, (second, at, how) => {
        const first = at % (second + 1);
        const good = consistencyProof(source, first, second);
        const proof = spoil(good, how);
        const [firstRoot, secondRoot] = [rootOfSize(first), rootOfSize(second)];
        const claim = { first, second, firstRoot, secondRoot, proof };
        expect(verifyConsistency(claim)).toBe(sameProof(proof, good));
      }),
      { numRuns: 2000 },
    );
  });

  test('a consistency proof between other roots or sizes', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(sizeMax), (second, at, other) => {
        const first = at % (second + 1);
        const proof = consistencyProof(source, first, second);
        const [firstRoot, secondRoot] = [rootOfSize(first), rootOfSize(second)];
        const claim = { first, second, firstRoot, secondRoot, proof };
        const otherRoot = rootOfSize(other);
        if (other !== first) {
          expect(verifyConsistency({ ...claim, firstRoot: otherRoot })).toBe(false);
          // What was claimed so may be true all the same.
          const isProof =
            other <= second && sameProof(proof, consistencyProof(source, other, second));
          const otherFirst = { ...claim, first: other, firstRoot: otherRoot };
          expect(verifyConsistency(otherFirst)).toBe(isProof);
        }
        // Every tree extends the empty one, which so proves nothing about the newer root.
        if (other !== second && first > 0) {
          expect(verifyConsistency({ ...claim, secondRoot: otherRoot })).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('the size %d', (size) => {
    const [leaf, root] = [source(0, 0), rootOfSize(1)];
    expect(verifyInclusion({ leaf, index: 0, size, proof: [], root })).toBe(false);
    expect(verifyInclusion({ leaf, index: size, size: 1, proof: [], root })).toBe(false);
    const roots = { firstRoot: root, secondRoot: root, proof: [] };
    expect(verifyConsistency({ first: size, second: 1, ...roots })).toBe(false);
    expect(verifyConsistency({ first: 1, second: size, ...roots })).toBe(false);
    expect(() => inclusionProof(source, 0, size)).toThrow(RangeError);
    expect(() => consistencyProof(source, 0, size)).toThrow(RangeError);
    expect(() => Frontier.from(size, [root])).toThrow(/no frontier/);
  });

  test('a leaf, or an older tree, beyond the tree', () => {
    expect(() => inclusionProof(source, 3, 3)).toThrow(RangeError);
    expect(() => consistencyProof(source, 4, 3)).toThrow(RangeError);
  });

  test('a root of the empty tree that is none', () => {
    const claim = { first: 0, second: 1, secondRoot: rootOfSize(1), proof: [] };
    expect(verifyConsistency({ ...claim, firstRoot: emptyRoot })).toBe(true);
    expect(verifyConsistency({ ...claim, firstRoot: rootOfSize(1) })).toBe(false);
  });

  test('a root that is not 32 bytes', () => {
    const cut = rootOfSize(1).subarray(1);
    const claim = { first: 1, second: 1, firstRoot: cut, secondRoot: cut, proof: [] };
    expect(verifyConsistency(claim)).toBe(false);
    const inclusion = { leaf: cut, index: 0, size: 1, proof: [], root: cut };
    expect(verifyInclusion(inclusion)).toBe(false);
  });
});

test('sizes beyond 2^32 are as good as small ones', () => {
  // A tree whose leaves are all the same has one node a level, whatever its size.
  const levels = [leafHash(Buffer.from('same'))];
  const same: NodeSource = (level) => {
    while (levels.length <= level) {
      const last = levels.at(-1) as Buffer;
      levels.push(nodeHash(last, last));
    }
    return levels[level] as Buffer;
  };
  const sizes = [2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 49 + 1, Number.MAX_SAFE_INTEGER];
  for (const size of sizes) {
    const root = rootAt(same, size);
    for (const index of [0, 1, size / 2 - ((size / 2) % 1), size - 1]) {
      const proof = inclusionProof(same, index, size);
      expect(verifyInclusion({ leaf: same(0, index), index, size, proof, root })).toBe(true);
    }
    for (const first of [1, 2 ** 31, 2 ** 32 - 1, size - 1, size]) {
      const proof = consistencyProof(same, first, size);
      const firstRoot = rootAt(same, first);
      expect(verifyConsistency({ first, second: size, firstRoot, secondRoot: root, proof })).toBe(
        true,
      );
    }
    const frontier = Frontier.from(size - 1, frontierAt(same, size - 1));
    frontier.append(same(0, 0));
    expect(frontier.root()).toEqual(root);
  }
});
