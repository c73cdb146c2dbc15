import type { Frontier } from '../crypto/index.ts';
import { damageError } from './damage.ts';
import { appendGone } from './gone-leaves.ts';
import { segmentName } from './layout.ts';
import { scanClosedSegments } from './load-state.ts';
import type { LogCaches } from './log-caches.ts';
import type { Manifest } from './manifest.ts';
import type { Storage } from './storage.ts';
import { TileFiles } from './tile-files.ts';
import { TileTree } from './tile-tree.ts';

/** A tree that was made anew, in memory. */
export interface RebuiltTiles {
  readonly tiles: TileFiles;
  /** Leaf hashes of commits that are gone, and that the tiles that were there don't have any more. */
  readonly lost: number;
}

/**
 * Make the tree of all closed segments anew from these. Leaf hashes of commits that are gone under a snapshot are taken from the tiles that are
 * there, as far as the segments prove them.
 *
 * @param options.expected the tree that the active segment begins with; absent: what the closed ones come to.
 * @throws AtedbError CHAIN_DAMAGED where a segment is anything but whole, or has another tree.
 */
export async function rebuildTiles(options: {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly expected?: Frontier | undefined;
  /** Absolute path of a copy of the chain's folder, whose tiles may have what is lost here. */
  readonly alsoFrom?: string | undefined;
  readonly caches?: LogCaches | undefined;
}): Promise<RebuiltTiles> {
  const { storage, folder, manifest, expected, alsoFrom, caches } = options;
  const at = { storage, folders: alsoFrom === undefined ? [folder] : [folder, alsoFrom] };
  const tree = new TileTree();
  let lost = 0;
  const found = await scanClosedSegments({ storage, folder }, manifest, ({ gap, leaf }) => {
    if (gap === undefined || gap.commits === 0) return tree.append(leaf);
    const append = (hash: Buffer, height: number) => tree.append(hash, height);
    return appendGone(at, gap, { firstCommit: tree.size, append }).then((count) => {
      lost += count;
      tree.append(leaf);
    });
  });
  const tiles = new TileFiles({ storage, folder, cache: caches?.tiles, tree });
  const due = expected ?? found;
  const file = segmentName(manifest.active.segment);
  if (due !== undefined && tree.size !== due.size) {
    const what = `the segments before it hold ${tree.size} commits, its header says ${due.size}`;
    throw damageError({ file, offset: 0, what });
  }
  const hashes = due === undefined ? [] : await tiles.frontierAt(tree.size);
  if (!hashes.every((hash, place) => due?.hashes()[place]?.equals(hash) === true)) {
    const what = 'its header has another tree than the segments before it';
    throw damageError({ file, offset: 0, what });
  }
  return { tiles, lost };
}
