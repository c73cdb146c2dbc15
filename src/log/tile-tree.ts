import assert from 'node:assert/strict';
import { hole, rootOfSlots } from './tile-holes.ts';

/** Hashes in a full tile, and children of a tile's root: C2SP tlog-tiles, "tile height 8". */
export const tileHashes = 256;

/** Levels of the tree from the hashes of a tile to its root. */
const tileHeight = 8;

/** Bytes of a hash. */
export const hashBytes = 32;

/** The hashes of one level: level L has those of the perfect subtrees of 256^L leaves. */
interface Level {
  /** Index of the first hash that is in memory: the start of a tile. */
  base: number;
  /** From `base` on. */
  readonly recent: Buffer[];
  /** How many hashes, from 0 on, are in the level's file. */
  written: number;
}

/** What is to be written to a level's file. */
export interface TileWrite {
  readonly level: number;
  /** In bytes. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * The hashes of a growing tree that have to be kept, by level; those that the files have are dropped from memory, but
 * for each level's incomplete tile. Knows no files.
 */
export class TileTree {
  readonly #levels: Level[] = [];
  #size = 0;

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /**
   * Append the hash of a leaf; or that of a perfect subtree of 2^height leaves whose hashes are lost, which begins at a multiple of that.
   */
  append(node: Buffer, height = 0): void {
    this.#size += 2 ** height;
    const first = Math.floor(height / tileHeight);
    for (let number = 0; number < first; number += 1) {
      this.#appendHoles(number, 2 ** (height - number * tileHeight));
    }
    const places = 2 ** (height % tileHeight);
    let hash = node;
    for (let number = first; ; number += 1) {
      const level = this.#level(number);
      level.recent.push(hash);
      if (number === first) this.#appendHoles(number, places - 1);
      if ((level.base + level.recent.length) % tileHashes !== 0) return;
      hash = rootOfSlots(level.recent.slice(-tileHashes));
    }
  }

  #appendHoles(number: number, count: number): void {
    const { recent } = this.#level(number);
    for (let at = 0; at < count; at += 1) recent.push(hole);
  }

  /** Which hashes an incomplete tile of each level holds, for a tree of `size` leaves that is in files. */
  static partialTiles(size: number): { level: number; base: number; count: number }[] {
    const tiles = [];
    for (let level = 0, count = size; count > 0; level += 1) {
      const base = count - (count % tileHashes);
      tiles.push({ level, base, count: count - base });
      count = Math.floor(count / tileHashes);
    }
    return tiles;
  }

  /** A tree of `size` leaves that is in files, given the hashes of each level's incomplete tile. */
  static from(size: number, partial: readonly Buffer[][]): TileTree {
    const tree = new TileTree();
    tree.#size = size;
    for (const { level, base, count } of TileTree.partialTiles(size)) {
      const recent = [...(partial[level] ?? [])];
      assert.equal(recent.length, count, 'an incomplete tile has as many hashes as its tree says');
      tree.#levels.push({ base, recent, written: base + count });
    }
    return tree;
  }

  /** Hashes of a level, from one on, `hole` in the place of one that is lost; undefined where they are only in its file. */
  hashes(level: number, first: number, count: number): readonly Buffer[] | undefined {
    const kept = this.#levels[level];
    const at = first - (kept?.base ?? 0);
    return kept === undefined || at < 0 ? undefined : kept.recent.slice(at, at + count);
  }

  /** What the files don't have yet. */
  unwritten(): TileWrite[] {
    const writes: TileWrite[] = [];
    this.#levels.forEach(({ base, recent, written }, level) => {
      const hashes = recent.slice(written - base);
      if (hashes.length === 0) return;
      writes.push({ level, offset: written * hashBytes, bytes: Buffer.concat(hashes) });
    });
    return writes;
  }

  /** The files have these now. */
  markWritten(writes: readonly TileWrite[]): void {
    for (const { level: number, offset, bytes } of writes) {
      const level = this.#level(number);
      level.written = (offset + bytes.length) / hashBytes;
      const base = level.written - (level.written % tileHashes);
      level.recent.splice(0, base - level.base);
      level.base = base;
    }
  }

  #level(number: number): Level {
    for (;;) {
      const level = this.#levels[number];
      if (level !== undefined) return level;
      this.#levels.push({ base: 0, recent: [], written: 0 });
    }
  }
}
