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
} from '../../../src/crypto/index.ts';
import { fixedBytes, flipped } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const sizeMax = 33;
const leaves = Array.from({ length: sizeMax }, (_, index) =>
  fixedBytes(`leaf ${index}`, 5 + index),
);

/** Hash of a perfect subtree of the leaves. */
function node(level: number, index: number): Buffer {
  if (level === 0) return leafHash(leaves[index] as Buffer);
  return nodeHash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
}

const rootOfSize = (size: number) => (size === 0 ? emptyRoot : rootAt(node, size));
const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 17, 32, 33];
const shortSizes = [1, 2, 3, 4, 6, 7, 8, 16, 33];
const stranger = fixedBytes('a stranger', 32);

/** Trees of RFC 9162, section 2.1, and proofs in them. */
export function merkleVectors(): VectorFile {
  return {
    name: 'merkle',
    about:
      'Trees over the bytes of `leaves`, of which the first `size` count: their roots, the frontier of each (hashes of its perfect subtrees, largest first), and proofs, nearest sibling first. `leaf` in a proof is a leaf hash. Proofs of the lists with `bad` show nothing, and are refused without an error; `why` is for people.',
    madeFrom: 'src/crypto/merkle.ts and src/crypto/merkle-proof.ts',
    lists: {
      leaves: leaves.map((bytes) => ({ bytes })),
      roots: Array.from({ length: sizeMax + 1 }, (_, size) => {
        const root = merkleRoot(leaves.slice(0, size));
        return { size, root, frontier: size === 0 ? [] : frontierAt(node, size) };
      }),
      appended: [0, 1, 5, 31].map((size) => {
        const frontier = Frontier.from(size, size === 0 ? [] : frontierAt(node, size));
        const leaf = leafHash(leaves[size] as Buffer);
        frontier.append(leaf);
        return { size, leaf, root: frontier.root(), frontier: frontier.hashes() };
      }),
      inclusion: sizes.flatMap((size) => indexesOf(size).map((index) => inclusion(size, index))),
      badInclusion: sizes.flatMap((size) =>
        indexesOf(size).flatMap((index) => badInclusion(size, index)),
      ),
      consistency: pairs().map(([first, second]) => consistency(first, second)),
      badConsistency: pairs().flatMap(([first, second]) => badConsistency(first, second)),
    },
  };
}

/** The first, the last and one in between. */
function indexesOf(size: number): number[] {
  return [...new Set([0, Math.floor(size / 2), size - 1])];
}

function inclusion(size: number, index: number) {
  const claim = {
    leaf: node(0, index),
    index,
    size,
    proof: inclusionProof(node, index, size),
    root: rootOfSize(size),
  };
  if (!verifyInclusion(claim)) throw new Error('a proof that is made is good');
  return claim;
}

function badInclusion(size: number, index: number): VectorCase[] {
  const good = inclusion(size, index);
  const { proof } = good;
  const changes: (readonly [string, Partial<typeof good>])[] = [
    ['another leaf', { leaf: stranger }],
    ['another root', { root: stranger }],
    ['an index beyond the tree', { index: size }],
    ['one hash more', { proof: [...proof, stranger] }],
  ];
  if (proof.length > 0) {
    changes.push(['one hash less', { proof: proof.slice(0, -1) }]);
    changes.push([
      'a hash that was changed',
      { proof: [flipped(proof[0] as Buffer, 0), ...proof.slice(1)] },
    ]);
    changes.push([
      'a hash of 31 bytes',
      { proof: [(proof[0] as Buffer).subarray(1), ...proof.slice(1)] },
    ]);
  }
  if (proof.length > 1) changes.push(['the other order', { proof: [...proof].reverse() }]);
  return changes.map(([why, change]) => {
    const claim = { ...good, ...change };
    if (verifyInclusion(claim)) throw new Error(`${why} is not refused`);
    return { ...claim, why };
  });
}

function pairs(): [number, number][] {
  return [0, ...shortSizes].flatMap((first) =>
    shortSizes
      .filter((second) => second >= first)
      .map((second): [number, number] => [first, second]),
  );
}

function consistency(first: number, second: number) {
  const claim = {
    ...{ first, second },
    firstRoot: rootOfSize(first),
    secondRoot: rootOfSize(second),
    proof: consistencyProof(node, first, second),
  };
  if (!verifyConsistency(claim)) throw new Error('a proof that is made is good');
  return claim;
}

function badConsistency(first: number, second: number): VectorCase[] {
  const good = consistency(first, second);
  const { proof } = good;
  const changes: (readonly [string, Partial<typeof good>])[] = [
    ['another first root', { firstRoot: stranger }],
    ['one hash more', { proof: [...proof, stranger] }],
  ];
  if (first > 0) changes.push(['another second root', { secondRoot: stranger }]);
  if (first < second && first > 0) {
    changes.push(['a first tree that is larger', { first: second + 1 }]);
    changes.push(['one hash less', { proof: proof.slice(0, -1) }]);
    changes.push([
      'a hash that was changed',
      { proof: [...proof.slice(0, -1), flipped(proof.at(-1) as Buffer, 31)] },
    ]);
  }
  return changes.map(([why, change]) => {
    const claim = { ...good, ...change };
    if (verifyConsistency(claim)) throw new Error(`${why} is not refused`);
    return { ...claim, why };
  });
}
