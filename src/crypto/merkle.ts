import { AtedbError } from '../bytes/index.ts';
import { hashBytes, sha256, sha256Of } from './hash.ts';
import { HashLanes, laneBytesMax, lanesCountMin } from './hash-lanes.ts';
import { bitsSet, isSize } from './tree-numbers.ts';

// The Merkle tree of RFC 9162, section 2.1, over SHA-256. Proofs are in merkle-proof.ts.

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** Root of the tree without leaves: the hash of nothing. */
export const emptyRoot: Buffer = sha256(Buffer.alloc(0));

/** Hash of a leaf, from its data. 32 bytes. */
export function leafHash(data: Buffer): Buffer {
  return sha256Of(leafPrefix, data);
}

/** Hash of a node, from those of its children. 32 bytes. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha256Of(nodePrefix, left, right);
}

/** Root of the tree over leaf data. 32 bytes. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length >= lanesCountMin) {
    const ends: number[] = [];
    let end = 0;
    for (const leaf of leaves) {
      end += leaf.length;
      ends.push(end);
    }
    return rootOfRanges(Buffer.concat(leaves, end), leaves.length, {
      start: (index) => ends[index - 1] ?? 0,
      end: (index) => ends[index] as number,
    });
  }
  return rootOfHashes(leaves.map(leafHash));
}

/** Where leaves lie in some bytes, by their indexes. */
export interface LeafRanges {
  start(index: number): number;
  end(index: number): number;
}

/** Root of the tree whose leaves are ranges of these bytes: four or more, for less pay `leafHash` and `nodeHash`. */
export function rootOfRanges(bytes: Buffer, count: number, ranges: LeafRanges): Buffer {
  return addLeaves(new HashLanes(bytes, count), bytes, count, ranges).root();
}

/** Hash ranges of the bytes that lanes were made for as leaves. */
export function addLeaves(
  lanes: HashLanes,
  bytes: Buffer,
  count: number,
  ranges: LeafRanges,
): HashLanes {
  lanes.clear();
  const large: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = ranges.start(index);
    const length = ranges.end(index) - start;
    if (length > laneBytesMax) large.push(index);
    lanes.add(start, length > laneBytesMax ? 0 : length);
  }
  lanes.hash(leafPrefix);
  for (const index of large) {
    lanes.replace(index, leafHash(bytes.subarray(ranges.start(index), ranges.end(index))));
  }
  return lanes;
}

/** Root of the tree over the hashes of leaves. */
function rootOfHashes(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return emptyRoot;
  let row = leaves;
  while (row.length > 1) {
    const next: Buffer[] = [];
    for (let index = 0; index < row.length; index += 2) {
      const left = row[index] as Buffer;
      const right = row[index + 1];
      next.push(right === undefined ? left : nodeHash(left, right));
    }
    row = next;
  }
  return row[0] as Buffer;
}

/** The right edge of a growing tree: all that is needed to append to it and to know its root. */
export class Frontier {
  /** One a bit that is set in the size: the perfect subtrees, largest first. */
  #hashes: Buffer[] = [];
  #size = 0;

  /**
   * Go on with a tree of `size` leaves.
   *
   * @param hashes of its perfect subtrees, largest first, as `hashes` and `frontierAt` give them.
   * @throws AtedbError NON_CANONICAL where their number does not fit the size, or one is not 32 bytes.
   */
  static from(size: number, hashes: readonly Buffer[]): Frontier {
    const fits = isSize(size) && hashes.length === bitsSet(size) && hashes.every(isHash);
    if (!fits) {
      throw new AtedbError(
        'NON_CANONICAL',
        `a tree of ${size} leaves has no frontier of ${hashes.length} hashes; it has one of ${hashBytes} bytes for each bit that is set in its size`,
        { metadata: { size: String(size), hashes: String(hashes.length) } },
      );
    }
    const frontier = new Frontier();
    frontier.#size = size;
    frontier.#hashes = [...hashes];
    return frontier;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Append a leaf by its hash, 32 bytes. The buffer is kept, and must not change. */
  append(leaf: Buffer): void {
    let hash = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      hash = nodeHash(this.#hashes.pop() as Buffer, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  /** Root of the tree. 32 bytes. */
  root(): Buffer {
    return rootOf(this.#hashes);
  }

  /** Hashes of the perfect subtrees, largest first. */
  hashes(): Buffer[] {
    return [...this.#hashes];
  }

  /** A frontier that grows by itself from here. */
  clone(): Frontier {
    return Frontier.from(this.#size, this.#hashes);
  }
}

/** Root of a tree from the hashes of its perfect subtrees, largest first. 32 bytes. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  let root = hashes.at(-1);
  if (root === undefined) return emptyRoot;
  for (let index = hashes.length - 2; index >= 0; index -= 1) {
    root = nodeHash(hashes[index] as Buffer, root);
  }
  return root;
}

/** Whether bytes have the length of a hash. */
export function isHash(value: Buffer): boolean {
  return value.length === hashBytes;
}
