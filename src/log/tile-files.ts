import { join } from 'node:path';
import {
  consistencyProof,
  Frontier,
  frontierAt,
  inclusionProof,
  type NodeSource,
  rootAt,
  rootOfHashes,
  subtreeLevels,
} from '../crypto/index.ts';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { tileName, tilesName } from './layout.ts';
import type { Storage } from './storage.ts';
import { hashBytes, TileTree, tileHashes } from './tile-tree.ts';

/** Full tiles that are kept at hand: 256 KiB. */
const cachedTilesMax = 32;

const tileBytes = tileHashes * hashBytes;

/** The tree of all commits, in the files of `tiles/` and in memory: what proofs are made of. */
export class TileFiles {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #tree: TileTree;
  /** Full tiles that have been checked, in the order of their last use. */
  readonly #cache = new Map<string, readonly Buffer[]>();

  constructor(options: { storage: Storage; folder: string; tree: TileTree }) {
    this.#storage = options.storage;
    this.#folder = options.folder;
    this.#tree = options.tree;
  }

  /**
   * Find the tree of the first leaves in the files.
   *
   * @param frontier of those leaves, which the files must agree with.
   * @returns undefined where the files don't hold it: they are missing, short, or hold something else.
   */
  static async load(options: {
    storage: Storage;
    folder: string;
    frontier: Frontier;
  }): Promise<TileFiles | undefined> {
    const { storage, folder, frontier } = options;
    const partial: Buffer[][] = [];
    for (const { level, base, count } of TileTree.partialTiles(frontier.size)) {
      const path = join(folder, tileName(level));
      const entry = await storage.stat(path);
      if (entry?.kind !== 'file' || entry.bytes < (base + count) * hashBytes) return undefined;
      partial.push(split(await readHashes(storage, path, base, count)));
    }
    const files = new TileFiles({ storage, folder, tree: TileTree.from(frontier.size, partial) });
    const found = Frontier.from(frontier.size, await files.frontierAt(frontier.size));
    return found.root().equals(frontier.root()) ? files : undefined;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#tree.size;
  }

  append(leaf: Buffer): void {
    this.#tree.append(leaf);
  }

  /** Write what the files don't have yet, durably. */
  async flush(): Promise<void> {
    const writes = this.#tree.unwritten();
    if (writes.length === 0) return;
    const folder = join(this.#folder, tilesName);
    if (await this.#storage.makeFolder(folder)) await this.#storage.syncFolder(this.#folder);
    let namesChanged = false;
    for (const { level, offset, bytes } of writes) {
      const path = join(this.#folder, tileName(level));
      const isNew = (await this.#storage.stat(path)) === undefined;
      namesChanged ||= isNew;
      await withFile(this.#storage, path, isNew ? 'replace' : 'update', (file) =>
        file.writeDurable(offset, bytes),
      );
    }
    if (namesChanged) await this.#storage.syncFolder(folder);
    this.#tree.markWritten(writes);
  }

  consistencyProof(first: number, second: number): Promise<Buffer[]> {
    return this.#withNodes((nodes) => consistencyProof(nodes, first, second));
  }

  inclusionProof(index: number, size: number): Promise<Buffer[]> {
    return this.#withNodes((nodes) => inclusionProof(nodes, index, size));
  }

  frontierAt(size: number): Promise<Buffer[]> {
    return this.#withNodes((nodes) => frontierAt(nodes, size));
  }

  /** Hashes of the perfect subtrees that make up the leaves from `first` up to `end`, in order and as large as can be. */
  subtrees(first: number, end: number): Promise<Buffer[]> {
    return this.#withNodes((nodes) => {
      let at = first;
      return subtreeLevels(first, end).map((level) => {
        const hash = nodes(level, at / 2 ** level);
        at += 2 ** level;
        return hash;
      });
    });
  }

  rootAt(size: number): Promise<Buffer> {
    return this.#withNodes((nodes) => rootAt(nodes, size));
  }

  /**
   * Run a computation over the tree's nodes, twice: which nodes it needs doesn't depend on their hashes, so the first
   * run finds out which tiles to load, and the second has them all.
   */
  async #withNodes<T>(compute: (nodes: NodeSource) => T): Promise<T> {
    const tiles = new Map<string, readonly Buffer[]>();
    const needed = new Map<string, { level: number; tile: number }>();
    const dummy = Buffer.alloc(hashBytes);
    compute((height, index) => {
      const { level, tile } = placeOf(height, index);
      needed.set(tileName(level) + tile, { level, tile });
      return dummy;
    });
    for (const [key, { level, tile }] of needed) tiles.set(key, await this.#tile(level, tile));
    return compute((height, index) => {
      const { level, tile, first, count } = placeOf(height, index);
      const hashes = tiles.get(tileName(level) + tile) ?? [];
      return rootOfHashes(Buffer.concat(hashes.slice(first, first + count)));
    });
  }

  /**
   * A tile's hashes. One from a file is full, and is checked against its parent, up to a tile in memory: so a file
   * that has changed can't make a wrong proof.
   */
  async #tile(level: number, tile: number): Promise<readonly Buffer[]> {
    const recent = this.#tree.tile(level, tile);
    if (recent !== undefined) return recent;
    const key = tileName(level) + tile;
    const cached = this.#cache.get(key);
    this.#cache.delete(key);
    const hashes = cached ?? (await this.#readTile(level, tile));
    this.#cache.set(key, hashes);
    if (this.#cache.size > cachedTilesMax) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    return hashes;
  }

  async #readTile(level: number, tile: number): Promise<readonly Buffer[]> {
    const path = join(this.#folder, tileName(level));
    const bytes = await readHashes(this.#storage, path, tile * tileHashes, tileHashes);
    const parents = await this.#tile(level + 1, Math.floor(tile / tileHashes));
    const parent = parents[tile % tileHashes];
    const hashes = split(bytes);
    if (bytes.length !== tileBytes || parent?.equals(rootOfHashes(bytes)) !== true) {
      throw damageError({
        file: tileName(level),
        offset: tile * tileBytes,
        what: 'its hashes are not those of the tree',
      });
    }
    return hashes;
  }
}

/** Which tile holds the hashes below a node, and which of them. `height` 0 is the leaves. */
function placeOf(height: number, index: number) {
  const level = Math.floor(height / 8);
  const count = 2 ** (height % 8);
  const first = index * count;
  return { level, tile: Math.floor(first / tileHashes), first: first % tileHashes, count };
}

function readHashes(storage: Storage, path: string, first: number, count: number): Promise<Buffer> {
  return withFile(storage, path, 'read', (file) => file.read(first * hashBytes, count * hashBytes));
}

function split(bytes: Buffer): Buffer[] {
  const hashes: Buffer[] = [];
  for (let at = 0; at + hashBytes <= bytes.length; at += hashBytes) {
    hashes.push(bytes.subarray(at, at + hashBytes));
  }
  return hashes;
}
