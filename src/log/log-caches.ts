import { KeysCache } from './keys-cache.ts';
import { SharedCache } from './shared-cache.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { TileNodes } from './tile-nodes.ts';

/** Full tiles of trees: 512 of them. */
const tileBytesMax = 8 * 1024 * 1024;
/** Indexes of closed segments; one of 64 MiB of segment takes some 130 KiB. */
const indexBytesMax = 8 * 1024 * 1024;

/** Number of those that share caches so far: it tells what they keep from each other. */
let owners = 0;

/** What logs keep of what is on disk, in bounded memory that all chains share. */
export class LogCaches {
  readonly keys = new KeysCache();
  readonly tiles = new SharedCache<TileNodes>(tileBytesMax);
  readonly indexes = new SharedCache<SparseIndex>(indexBytesMax);

  /** What the keys of one owner begin with. Each time that a chain is opened it is another one: its folder may be another by then. */
  static prefix(): string {
    owners += 1;
    return `${owners}/`;
  }
}
