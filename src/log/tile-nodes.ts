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

/** What all chains together keep of full tiles: 512 of them. */
const cachedBytesMax = 8 * 1024 * 1024;

/** Full tiles that were checked, of all chains; those that were used longest ago make room for others. */
export class TilesCache {
  readonly #bytesMax: number;
  /** By key, in the order of their last use. */
  readonly #tiles = new Map<string, TileNodes>();
  #bytes = 0;

  constructor(bytesMax: number = cachedBytesMax) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): TileNodes | undefined {
    const tile = this.#tiles.get(key);
    if (tile === undefined) return undefined;
    this.#tiles.delete(key);
    this.#tiles.set(key, tile);
    return tile;
  }

  put(key: string, tile: TileNodes): void {
    if (this.#tiles.has(key)) return;
    this.#tiles.set(key, tile);
    this.#bytes += tile.bytes;
    for (const [oldest, { bytes }] of this.#tiles) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#tiles.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
