import { KeysCache } from './keys-cache.ts';
import { TilesCache } from './tile-nodes.ts';

/** What logs keep of what is on disk, in bounded memory that all chains share. */
export class LogCaches {
  readonly keys = new KeysCache();
  readonly tiles = new TilesCache();
}
