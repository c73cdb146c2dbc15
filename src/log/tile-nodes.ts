import { nodesOfHashes } from '../crypto/index.ts';
import { hashBytes, tileHashes } from './tile-tree.ts';

/** A full tile: its hashes, and all nodes of the tree above them, so that proofs need no hashing. 16 KiB. */
export class TileNodes {
  readonly #nodes: Buffer;

  /** @param hashes 256 of them, one behind the other. */
  constructor(hashes: Buffer) {
    this.#nodes = nodesOfHashes(hashes);
  }

  get bytes(): number {
    return this.#nodes.length;
  }

  get root(): Buffer {
    return this.node(8, 0);
  }

  /** The node over 2^height hashes that begins at hash index · 2^height. */
  node(height: number, index: number): Buffer {
    // Rows are one behind the other, each half as long as the one below.
    const row = 2 * tileHashes - 2 * (tileHashes >>> height);
    const at = (row + index) * hashBytes;
    return this.#nodes.subarray(at, at + hashBytes);
  }
}
