import { join } from 'node:path';
import { type Gap, subtreesOfGap } from '../event/index.ts';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { tileName } from './layout.ts';
import type { Storage } from './storage.ts';
import { hole, placesOf, rootOfSlots, slotsOf } from './tile-holes.ts';
import { hashBytes, tileHashes } from './tile-tree.ts';

/** Takes the next leaf hash of a tree, or that of the perfect subtree of so many leaves (2^level). */
export type AppendToTree = (hash: Buffer, level: number) => void;

/** Levels of the tree from one tile to the next. */
const tileHeight = 8;

/**
 * Go on with a tree by the commits that are gone in a gap. The tiles alone have their leaf hashes; these are held against what the gap says, and
 * so are their parts where not all of them are whole. What is lost is stood for by the subtree's hash.
 *
 * @param at.folders absolute paths of the chain's folder, and of copies of it that may have more.
 * @param firstCommit number of the first commit that is gone.
 * @returns how many leaf hashes are lost.
 */
export async function appendGone(
  at: { readonly storage: Storage; readonly folders: readonly string[] },
  gap: Gap,
  { firstCommit, append }: { readonly firstCommit: number; readonly append: AppendToTree },
): Promise<number> {
  const tiles = at.folders.map((folder) => new KeptTiles(at.storage, folder));
  let first = firstCommit;
  let lost = 0;
  for (const { hash, level } of subtreesOfGap(gap, firstCommit)) {
    const subtree = { hash: Buffer.from(hash), level, first };
    first += 2 ** level;
    lost += await appendBest(tiles, subtree, append);
  }
  return lost;
}

/** Append what the first has that lacks nothing, or else the one that lacks least. @returns how many leaf hashes are lost. */
async function appendBest(
  tiles: readonly KeptTiles[],
  subtree: Subtree,
  append: AppendToTree,
): Promise<number> {
  let best: { readonly tiles: KeptTiles; readonly lost: number } | undefined;
  for (const some of tiles) {
    // Nothing has to be looked at twice where there is nobody else.
    if (tiles.length === 1) return some.append(subtree, append);
    const lost = await some.append(subtree, () => undefined);
    if (best === undefined || lost < best.lost) best = { tiles: some, lost };
    if (lost === 0) break;
  }
  return best === undefined ? 0 : best.tiles.append(subtree, append);
}

/**
 * The leaf hashes of commits that are gone.
 *
 * @throws AtedbError CHAIN_DAMAGED where the tiles don't have all of them: nothing else does.
 */
export async function leavesOfGap(
  at: { readonly storage: Storage; readonly folder: string },
  gap: Gap,
  firstCommit: number,
): Promise<Buffer[]> {
  const leaves: Buffer[] = [];
  const append = (hash: Buffer) => leaves.push(hash);
  const from = { storage: at.storage, folders: [at.folder] };
  const lost = await appendGone(from, gap, { firstCommit, append });
  if (lost === 0) return leaves;
  const last = firstCommit + gap.commits - 1;
  const what = `it doesn't have the hashes of the commits ${firstCommit} to ${last}, which are gone from the segments: a backup may have them`;
  throw damageError({ file: tileName(0), offset: firstCommit * hashBytes, what });
}

/** A perfect subtree of the tree: of 2^level leaves, from one on. */
interface Subtree {
  readonly hash: Buffer;
  readonly level: number;
  readonly first: number;
}

/** The tiles that a folder has, of which nothing is believed. */
class KeptTiles {
  readonly #storage: Storage;
  readonly #folder: string;

  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** @returns how many leaf hashes of the subtree are lost. */
  async append(subtree: Subtree, append: AppendToTree): Promise<number> {
    const { hash, level, first } = subtree;
    if (level > tileHeight) return this.#appendTiles(subtree, append);
    const slots = await this.#slots(0, first, 2 ** level);
    if (slots !== undefined && rootOfSlots(slots).equals(hash)) return appendSlots(slots, append);
    append(hash, level);
    return level === 0 ? 0 : 2 ** level;
  }

  /** One of several tiles: that all of them are whole is seen when all were read, and nothing of what was read is kept. */
  async #appendTiles({ hash, level, first }: Subtree, append: AppendToTree): Promise<number> {
    const count = 2 ** (level - tileHeight);
    const firstTile = first / tileHashes;
    const roots: Buffer[] = [];
    for (let tile = firstTile; tile < firstTile + count; tile += 1) {
      const slots = await this.#slots(0, tile * tileHashes, tileHashes);
      roots.push(slots === undefined ? hole : rootOfSlots(slots));
    }
    const known = [roots, await this.#slots(1, firstTile, count)].find(
      (some) => some !== undefined && rootOfSlots(some).equals(hash),
    );
    if (known === undefined) {
      append(hash, level);
      return 2 ** level;
    }
    let lost = 0;
    for (let at = 0; at < count; ) {
      const places = placesOf(known, at);
      const part = { hash: known[at] as Buffer, level: tileHeight + Math.log2(places) };
      if (places > 1) {
        append(part.hash, part.level);
        lost += places * tileHashes;
      } else lost += await this.append({ ...part, first: first + at * tileHashes }, append);
      at += places;
    }
    return lost;
  }

  /** Undefined where the file has not so many. */
  async #slots(level: number, first: number, count: number): Promise<Buffer[] | undefined> {
    const path = join(this.#folder, tileName(level));
    const entry = await this.#storage.stat(path);
    if (entry?.kind !== 'file' || entry.bytes < (first + count) * hashBytes) return undefined;
    const bytes = await withFile(this.#storage, path, 'read', (file) =>
      file.read(first * hashBytes, count * hashBytes),
    );
    return bytes.length === count * hashBytes ? slotsOf(Buffer.from(bytes)) : undefined;
  }
}

/** @returns how many of them are lost. */
function appendSlots(slots: readonly Buffer[], append: AppendToTree): number {
  let lost = 0;
  for (let at = 0; at < slots.length; ) {
    const places = placesOf(slots, at);
    append(slots[at] as Buffer, Math.log2(places));
    if (places > 1) lost += places;
    at += places;
  }
  return lost;
}
