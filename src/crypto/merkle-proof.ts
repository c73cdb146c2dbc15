import { isHash, nodeHash, rootOf } from './merkle.ts';
import { emptyRoot } from './merkle-row.ts';
import { half, isOdd, isPowerOfTwo, isSize, log2Floor } from './tree-numbers.ts';

// Proofs over the Merkle tree of RFC 9162, section 2.1: made from stored nodes, and verified from nothing.

/** Gives the hash of the perfect subtree of 2^level leaves that starts at leaf index · 2^level. */
export type NodeSource = (level: number, index: number) => Buffer;

/** Hashes of the perfect subtrees of a tree's first `size` leaves, largest first. */
export function frontierAt(source: NodeSource, size: number): Buffer[] {
  return perfectSubtrees(source, 0, size);
}

/** Root of the tree of the first `size` leaves. 32 bytes. */
export function rootAt(source: NodeSource, size: number): Buffer {
  return rootOf(frontierAt(source, size));
}

/**
 * The inclusion proof (RFC 9162, 2.1.3.1) of a leaf in the tree of the first `size` leaves, nearest sibling first.
 *
 * @throws RangeError where there is no such leaf.
 */
export function inclusionProof(source: NodeSource, index: number, size: number): Buffer[] {
  if (!isSize(index) || !isSize(size) || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const proof: Buffer[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      proof.push(rangeRoot(source, middle, end));
      end = middle;
    } else {
      proof.push(rangeRoot(source, start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/**
 * The consistency proof (RFC 9162, 2.1.4.1) that the tree of the first `second` leaves extends that of the first
 * `first`. Empty where `first` is 0 or equal to `second`.
 *
 * @throws RangeError where `first` is larger than `second`.
 */
export function consistencyProof(source: NodeSource, first: number, second: number): Buffer[] {
  if (!isSize(first) || !isSize(second) || first > second) {
    throw new RangeError(`a tree of ${second} leaves does not extend one of ${first}`);
  }
  if (first === 0 || first === second) return [];
  const proof: Buffer[] = [];
  let start = 0;
  let end = second;
  while (first < end) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      proof.push(rangeRoot(source, middle, end));
      end = middle;
    } else {
      proof.push(rangeRoot(source, start, middle));
      start = middle;
    }
  }
  // A subtree that starts the tree is the first tree itself, whose root the verifier has.
  if (start > 0) proof.push(rangeRoot(source, start, end));
  return proof.reverse();
}

/** What `verifyInclusion` checks. */
export interface InclusionClaim {
  /** Hash of the leaf. */
  readonly leaf: Buffer;
  readonly index: number;
  /** Number of leaves of the tree. */
  readonly size: number;
  readonly proof: readonly Buffer[];
  /** Root of the tree. */
  readonly root: Buffer;
}

/** Whether a proof shows that a leaf is in a tree (RFC 9162, 2.1.3.2). Takes any input; never throws. */
export function verifyInclusion({ leaf, index, size, proof, root }: InclusionClaim): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!isHash(leaf) || !proof.every(isHash)) return false;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      // A node without a right sibling goes up unchanged, to the level where it is a right child.
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && hash.equals(root);
}

/** What `verifyConsistency` checks. */
export interface ConsistencyClaim {
  /** Number of leaves of the older tree. */
  readonly first: number;
  /** Number of leaves of the newer tree. */
  readonly second: number;
  readonly firstRoot: Buffer;
  readonly secondRoot: Buffer;
  readonly proof: readonly Buffer[];
}

/**
 * Whether a proof shows that a tree extends an older one (RFC 9162, 2.1.4.2). Takes any input; never throws.
 *
 * Every tree extends the one without leaves, whose root must be `emptyRoot`. Trees of one size must have one root. Both
 * need an empty proof.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { first, second, firstRoot, secondRoot, proof } = claim;
  if (!isSize(first) || !isSize(second) || first > second) return false;
  if (!isHash(firstRoot) || !isHash(secondRoot) || !proof.every(isHash)) return false;
  if (first === 0 && !firstRoot.equals(emptyRoot)) return false;
  if (first === second) return proof.length === 0 && firstRoot.equals(secondRoot);
  if (first === 0) return proof.length === 0;
  let node = first - 1;
  let last = second - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // An older tree that is perfect starts the path, and its root is left out of the proof.
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  const [start, ...rest] = path;
  if (proof.length === 0 || start === undefined) return false;
  let firstHash = start;
  let secondHash = start;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      firstHash = nodeHash(sibling, firstHash);
      secondHash = nodeHash(sibling, secondHash);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      secondHash = nodeHash(secondHash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && firstHash.equals(firstRoot) && secondHash.equals(secondRoot);
}

/** Hashes of the perfect subtrees that make up the leaves from `start` to `end`, where `start` begins one. */
function perfectSubtrees(source: NodeSource, start: number, end: number): Buffer[] {
  const hashes: Buffer[] = [];
  for (let at = start; at < end; ) {
    const level = log2Floor(end - at);
    hashes.push(source(level, at / 2 ** level));
    at += 2 ** level;
  }
  return hashes;
}

function rangeRoot(source: NodeSource, start: number, end: number): Buffer {
  return rootOf(perfectSubtrees(source, start, end));
}

/** The largest power of two below a number of leaves, 2 or more: how many go to the left. */
function splitOf(leaves: number): number {
  return 2 ** log2Floor(leaves - 1);
}
