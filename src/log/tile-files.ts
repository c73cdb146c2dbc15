import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import {
  consistencyProof,
  Frontier,
  frontierAt,
  inclusionProof,
  type NodeSource,
  rootAt,
  subtreeLevels,
} from '../crypto/index.ts';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { tileName, tilesName } from './layout.ts';
import { LogCaches } from './log-caches.ts';
import type { SharedCache } from './shared-cache.ts';
import type { Storage } from './storage.ts';
import { hole, isLost, rootOfSlots, slotsOf } from './tile-holes.ts';
import { TileNodes } from './tile-nodes.ts';
import { hashBytes, TileTree, tileHashes } from './tile-tree.ts';

/** Nodes of tiles in memory that are kept at hand. */
const recentNodesMax = 256;

const tileBytes = tileHashes * hashBytes;
const dummy = Buffer.alloc(hashBytes);

/** The tree of all commits, in the files of `tiles/` and in memory: what proofs are made of. */
export class TileFiles {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #tree: TileTree;
  readonly #cache: SharedCache<TileNodes>;
  readonly #prefix = LogCaches.prefix();
  readonly #recentNodes = new Map<number, Buffer>();

  /** @param options.cache shared by trees. Absent: one of its own. */
  constructor(options: {
    storage: Storage;
    folder: string;
    tree: TileTree;
    cache?: SharedCache<TileNodes> | undefined;
  }) {
    this.#cache = options.cache ?? new LogCaches().tiles;
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
    cache?: SharedCache<TileNodes> | undefined;
  }): Promise<TileFiles | undefined> {
    const { storage, folder, frontier, cache } = options;
    const partial: Buffer[][] = [];
    for (const { level, base, count } of TileTree.partialTiles(frontier.size)) {
      const path = join(folder, tileName(level));
      const entry = await storage.stat(path);
      if (entry?.kind !== 'file' || entry.bytes < (base + count) * hashBytes) return undefined;
      partial.push(slotsOf(await readHashes(storage, path, base, count)));
    }
    const files = new TileFiles({
      ...{ storage, folder, cache },
      tree: TileTree.from(frontier.size, partial),
    });
    const found = Frontier.from(frontier.size, await files.frontierAt(frontier.size));
    return found.root().equals(frontier.root()) ? files : undefined;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#tree.size;
  }

  /** Whether the files hold all of the tree's first leaves, and are not damaged anywhere. */
  static async areWhole(options: {
    storage: Storage;
    folder: string;
    frontier: Frontier;
  }): Promise<boolean> {
    try {
      const files = await TileFiles.load(options);
      if (files === undefined) return false;
      const fullTiles = Math.floor(options.frontier.size / tileHashes);
      for (let tile = 0; tile < fullTiles; tile += 1) await files.#load(0, tile);
      return true;
    } catch (error) {
      if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return false;
      throw error;
    }
  }

  /** As `TileTree.append`. */
  append(hash: Buffer, height = 0): void {
    this.#tree.append(hash, height);
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
   * Run a computation over the tree's nodes. Which it needs doesn't depend on their hashes: so where some are only in files, it finds
   * out which tiles to load, and is run again.
   *
   * @throws AtedbError CHAIN_DAMAGED where a node is lost.
   */
  async #withNodes<T>(compute: (nodes: NodeSource) => T): Promise<T> {
    const loaded = new Map<string, TileNodes>();
    for (;;) {
      const missing = new Map<string, { level: number; tile: number }>();
      const result = compute((height, index) => {
        const { level, tile, row, place } = placeOf(height, index);
        const recent = this.#recentNode(level, tile, row, place);
        if (recent !== undefined) return recent;
        const key = this.#key(level, tile);
        const nodes = loaded.get(key) ?? this.#cache.get(key);
        if (nodes !== undefined) return nodes.node(row, place) ?? throwLost(level, tile);
        missing.set(key, { level, tile });
        return dummy;
      });
      if (missing.size === 0) return result;
      for (const [key, { level, tile }] of missing) loaded.set(key, await this.#load(level, tile));
    }
  }

  /** A node of a tile that is in memory; undefined where the tile is only in its file. @throws AtedbError CHAIN_DAMAGED where it is lost. */
  #recentNode(level: number, tile: number, row: number, place: number): Buffer | undefined {
    const count = 2 ** row;
    const first = tile * tileHashes + place * count;
    const hashes = this.#tree.hashes(level, first, count);
    const [hash] = hashes ?? [];
    if (hashes === undefined || hash === undefined) return undefined;
    const next = this.#tree.hashes(level, first + count, 1)?.[0];
    if (isLost(place, hash, next)) throwLost(level, tile);
    if (row === 0) return hash;
    // Full subtrees never change: at the end of a growing tree the same few are asked for again and again.
    const key = (level * 8 + row) * 2 ** 45 + tile * (tileHashes / count) + place;
    const known = this.#recentNodes.get(key);
    if (known !== undefined) return known;
    const node = rootOfSlots(hashes);
    if (this.#recentNodes.size === recentNodesMax) this.#recentNodes.clear();
    this.#recentNodes.set(key, node);
    return node;
  }

  /**
   * A full tile from its file, checked against its parent, up to a tile in memory: so a file that has changed can't make a wrong
   * proof.
   */
  async #load(level: number, tile: number): Promise<TileNodes> {
    const path = join(this.#folder, tileName(level));
    const bytes = await readHashes(this.#storage, path, tile * tileHashes, tileHashes);
    const parent = await this.#hashAbove(level, tile);
    const nodes = bytes.length === tileBytes ? new TileNodes(bytes) : undefined;
    if (nodes?.root.equals(hole) === true) throwLost(level, tile);
    if (nodes === undefined || !nodes.root.equals(parent)) {
      throw damageError({
        file: tileName(level),
        offset: tile * tileBytes,
        what: 'its hashes are not those of the tree',
      });
    }
    this.#cache.put(this.#key(level, tile), nodes);
    return nodes;
  }

  /** What the level above says of a full tile. */
  async #hashAbove(level: number, tile: number): Promise<Buffer> {
    const above = Math.floor(tile / tileHashes);
    const recent = this.#recentNode(level + 1, above, 0, tile % tileHashes);
    if (recent !== undefined) return recent;
    const key = this.#key(level + 1, above);
    const nodes = this.#cache.get(key) ?? (await this.#load(level + 1, above));
    return nodes.node(0, tile % tileHashes) ?? throwLost(level, tile);
  }

  #key(level: number, tile: number): string {
    return `${this.#prefix}${level}/${tile}`;
  }
}

/** Which tile has a node, and where: over 2^row of its hashes, the one with this place in that row. `height` 0 is the leaves. */
function placeOf(height: number, index: number) {
  const level = Math.floor(height / 8);
  const row = height % 8;
  const inTile = tileHashes >>> row;
  return { level, row, tile: Math.floor(index / inTile), place: index % inTile };
}

function readHashes(storage: Storage, path: string, first: number, count: number): Promise<Buffer> {
  return withFile(storage, path, 'read', (file) => file.read(first * hashBytes, count * hashBytes));
}

/** What a snapshot let go, and then was lost from the tiles, too, nobody has any more. @throws AtedbError CHAIN_DAMAGED. */
function throwLost(level: number, tile: number): never {
  throw damageError({
    file: tileName(level),
    offset: tile * tileBytes,
    what: 'hashes of the tree are lost there, so that nothing can be proven of a head that ends among them. Of commits that are gone under a snapshot a backup may have them',
  });
}
