import { hole, isLost, nodesOfSlots, slotsOf } from './tile-holes.ts';
import { hashBytes, tileHashes } from './tile-tree.ts';

/** A full tile: its hashes, and all nodes of the tree above them, so that proofs need no hashing. 16 KiB. */
export class TileNodes {
  readonly #nodes: Buffer;
  readonly #hasHoles: boolean;

  /** @param hashes 256 of them, one behind the other; some may be lost. */
  constructor(hashes: Buffer) {
    const slots = slotsOf(hashes);
    this.#hasHoles = slots.includes(hole);
    this.#nodes = nodesOfSlots(slots);
  }

  get bytes(): number {
    return this.#nodes.length;
  }

  get root(): Buffer {
    return this.#at(8, 0);
  }

  /** The node over 2^height hashes that begins at hash index · 2^height; undefined where it is lost. */
  node(height: number, index: number): Buffer | undefined {
    const node = this.#at(height, index);
    const lost = this.#hasHoles && height < 8 && isLost(index, node, this.#at(height, index + 1));
    return lost ? undefined : node;
  }

  #at(height: number, index: number): Buffer {
    // Rows are one behind the other, each half as long as the one below.
    const row = 2 * tileHashes - 2 * (tileHashes >>> height);
    const at = (row + index) * hashBytes;
    return this.#nodes.subarray(at, at + hashBytes);
  }
}
