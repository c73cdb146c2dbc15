import { createHash } from 'node:crypto';
import { Frontier } from '../crypto/index.ts';
import type { TreeHead } from '../event/index.ts';
import type { UnfinishedLog } from './create-log-folder.ts';
import type { ChainLogOptions } from './log-options.ts';
import type { RecoveredLog } from './recover.ts';
import { SparseIndex } from './sparse-index.ts';
import { TileFiles } from './tile-files.ts';
import { TileTree } from './tile-tree.ts';

/** What a log starts from. */
export interface LogStart extends Omit<RecoveredLog, 'heads'> {
  readonly heads: readonly TreeHead[];
  /** To be called when the first batch is durable in its file. */
  readonly onFirstGroup?: () => Promise<void>;
}

/** A log without a batch, which gets its name with the first one. */
export function startOfNew(
  { manifest, file, bytes, finish }: UnfinishedLog,
  { storage, folder, caches }: ChainLogOptions,
): LogStart {
  return {
    manifest,
    file,
    index: new SparseIndex({ offset: bytes.length, commit: 0, sequence: 0 }),
    place: { commit: 0, sequence: 0, timeUnixMs: 0, frontier: new Frontier() },
    heads: [],
    hash: createHash('sha256').update(bytes),
    hasFooter: false,
    tiles: new TileFiles({ storage, folder, cache: caches?.tiles, tree: new TileTree() }),
    trouble: undefined,
    damages: [],
    spans: [],
    onFirstGroup: finish,
  };
}
