import { AtedbError } from '../bytes/index.ts';
import { hashBytes, sha256Of } from './hash.ts';
import { HashInputs } from './hash-inputs.ts';
import { emptyRoot, leafPrefix, nodePrefix } from './merkle-row.ts';
import { RangeHasher } from './range-hasher.ts';
import { bitsSet, isSize } from './tree-numbers.ts';

// The Merkle tree of RFC 9162, section 2.1, over SHA-256. Proofs are in merkle-proof.ts.

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
  const inputs = new HashInputs();
  let at = 0;
  for (const { length } of leaves) {
    inputs.add(at, length, 0, 0, 0);
    at += length;
  }
  return new RangeHasher(Buffer.concat(leaves, at)).merkleRoot(inputs);
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

  /**
   * Append a leaf by its hash, 32 bytes, or the perfect subtree of 2^level leaves. The buffer is kept, and must not change.
   *
   * @throws RangeError where a subtree doesn't begin at a multiple of its leaves.
   */
  append(leaf: Buffer, level = 0): void {
    const leaves = 2 ** level;
    if (this.#size % leaves !== 0) {
      throw new RangeError(`no subtree of ${leaves} leaves begins behind ${this.#size}`);
    }
    let hash = leaf;
    for (let rest = this.#size / leaves; rest % 2 === 1; rest = (rest - 1) / 2) {
      hash = nodeHash(this.#hashes.pop() as Buffer, hash);
    }
    this.#hashes.push(hash);
    this.#size += leaves;
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
