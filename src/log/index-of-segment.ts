import { join } from 'node:path';
import { readWhole } from './durable-files.ts';
import { parseIndex } from './index-file.ts';
import { indexName } from './layout.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage } from './storage.ts';

/** The index of a closed segment, which is a file of its own: after damage it says where batches begin again. Undefined where it can't be used. */
export async function indexOfSegment(of: {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly segment: ClosedSegment;
  /** The one behind it. */
  readonly next: ActiveSegment;
}): Promise<SparseIndex | undefined> {
  const { storage, folder, chainId, segment, next } = of;
  try {
    const name = indexName(segment.segment, segment.generation);
    const bytes = await readWhole(storage, join(folder, name));
    if (bytes === undefined) return undefined;
    const { firstCommit: nextCommit, firstSequence: nextSequence } = next;
    return parseIndex(bytes, { chainId, ...segment, nextCommit, nextSequence });
  } catch {
    return undefined;
  }
}
