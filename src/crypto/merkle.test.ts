import { describe, expect, test } from 'vitest';
import { naivePath, naiveRoot, naiveSubproof, sourceOf } from '../../test/support/naive-tree.ts';
import { readVectors } from '../../test/support/vectors.ts';
import {
  consistencyProof,
  emptyRoot,
  Frontier,
  frontierAt,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  rootAt,
  verifyConsistency,
  verifyInclusion,
} from './index.ts';

interface Vectors {
  emptyRoot: string;
  leaves: string[];
  roots: string[];
  inclusion: { index: number; size: number; proof: string[] }[];
  consistency: { first: number; second: number; proof: string[] }[];
}

const vectors = readVectors<Vectors>('merkle-certificate-transparency', {
  ...{ leaves: 8, roots: 8, inclusion: 5, consistency: 6 },
});

const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));
const unhex = (hashes: readonly string[]) => hashes.map((hash) => Buffer.from(hash, 'hex'));

const sizeMax = 70;
const leaves = Array.from({ length: sizeMax }, (_, index) => Buffer.from(`leaf ${index}`));
const roots = Array.from({ length: sizeMax + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)));
const rootOfSize = (size: number) => roots[size] as Buffer;
const source = sourceOf(leaves);

describe('the reference tree of Certificate Transparency', () => {
  const data = unhex(vectors.leaves);
  const source = sourceOf(data);
  const rootOfSize = (size: number) => Buffer.from(vectors.roots[size - 1] as string, 'hex');

  test('has the published roots', () => {
    expect(emptyRoot.toString('hex')).toBe(vectors.emptyRoot);
    vectors.roots.forEach((root, index) => {
      expect(merkleRoot(data.slice(0, index + 1)).toString('hex')).toBe(root);
      expect(rootAt(source, index + 1).toString('hex')).toBe(root);
    });
  });

  test('has the published inclusion proofs', () => {
    for (const { index, size, proof } of vectors.inclusion) {
      expect(hex(inclusionProof(source, index, size))).toEqual(proof);
      const leaf = leafHash(data[index] as Buffer);
      const claim = { leaf, index, size, root: rootOfSize(size), proof: unhex(proof) };
      expect(verifyInclusion(claim)).toBe(true);
    }
  });

  test('has the published consistency proofs', () => {
    for (const { first, second, proof } of vectors.consistency) {
      expect(hex(consistencyProof(source, first, second))).toEqual(proof);
      const claim = {
        ...{ first, second, proof: unhex(proof) },
        ...{ firstRoot: rootOfSize(first), secondRoot: rootOfSize(second) },
      };
      expect(verifyConsistency(claim)).toBe(true);
    }
  });
});

describe('the example of RFC 9162, 2.1.5: a tree of seven leaves', () => {
  const [a, b, c, d, e, f, j] = leaves.slice(0, 7).map(leafHash) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const [g, h, i] = [nodeHash(a, b), nodeHash(c, d), nodeHash(e, f)];
  const [k, l] = [nodeHash(g, h), nodeHash(i, j)];

  test('has the structure that is drawn there', () => {
    expect(rootAt(source, 7)).toEqual(nodeHash(k, l));
    expect(merkleRoot(leaves.slice(0, 7))).toEqual(nodeHash(k, l));
  });

  test.each([
    [0, [b, h, l]],
    [3, [c, g, l]],
    [4, [f, j, k]],
    [6, [i, k]],
  ])('has the audit path of leaf %i', (index, path) => {
    expect(inclusionProof(source, index, 7)).toEqual(path);
  });

  test.each([
    [3, [c, d, g, l]],
    [4, [l]],
    [6, [i, j, k]],
  ])('has the consistency proof from %i leaves', (first, proof) => {
    expect(consistencyProof(source, first, 7)).toEqual(proof);
  });
});

describe('every size up to 70', () => {
  test('has the root of the definition, by all ways', () => {
    const frontier = new Frontier();
    for (let size = 0; size <= sizeMax; size += 1) {
      const root = rootOfSize(size);
      expect(frontier.size).toBe(size);
      expect(frontier.root()).toEqual(root);
      expect(rootAt(source, size)).toEqual(root);
      expect(merkleRoot(leaves.slice(0, size))).toEqual(root);
      expect(frontierAt(source, size)).toEqual(frontier.hashes());
      expect(Frontier.from(size, frontier.hashes()).root()).toEqual(root);
      if (size < sizeMax) frontier.append(leafHash(leaves[size] as Buffer));
    }
  });

  test('has the inclusion proofs of the definition, and they verify', () => {
    for (let size = 1; size <= sizeMax; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(source, index, size);
        expect(proof).toEqual(naivePath(index, leaves.slice(0, size)));
        const leaf = source(0, index);
        expect(verifyInclusion({ leaf, index, size, proof, root: rootOfSize(size) })).toBe(true);
      }
    }
  });

  test('has the consistency proofs of the definition, and they verify', () => {
    for (let second = 0; second <= sizeMax; second += 1) {
      for (let first = 0; first <= second; first += 1) {
        const proof = consistencyProof(source, first, second);
        const expected = first === 0 ? [] : naiveSubproof(first, leaves.slice(0, second), true);
        expect(proof).toEqual(expected);
        const [firstRoot, secondRoot] = [rootOfSize(first), rootOfSize(second)];
        expect(verifyConsistency({ first, second, firstRoot, secondRoot, proof })).toBe(true);
      }
    }
  });
});

describe('a frontier', () => {
  test('is refused where its hashes do not fit its size', () => {
    const [first, second] = frontierAt(source, 3) as [Buffer, Buffer];
    for (const [size, hashes] of [
      [3, [first]],
      [2, [first, second]],
      [0, [first]],
      [3, [first, second.subarray(1)]],
    ] as const) {
      expect(() => Frontier.from(size, hashes)).toThrow(
        expect.objectContaining({ reason: 'NON_CANONICAL' }),
      );
    }
    expect(Frontier.from(0, []).root()).toEqual(emptyRoot);
  });

  test('that was cloned grows by itself', () => {
    const one = Frontier.from(3, frontierAt(source, 3));
    const other = one.clone();
    other.append(source(0, 3));
    expect([one.size, other.size]).toEqual([3, 4]);
    expect(one.root()).toEqual(rootOfSize(3));
    expect(other.root()).toEqual(rootOfSize(4));
  });

  test('hands out its hashes, not itself', () => {
    const frontier = Frontier.from(3, frontierAt(source, 3));
    frontier.hashes().pop();
    expect(frontier.root()).toEqual(rootOfSize(3));
  });
});
