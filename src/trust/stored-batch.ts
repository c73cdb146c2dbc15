import type { Batch, SliceBatch } from '../event/index.ts';

/** A batch as it is stored, for a replay. */
export interface StoredBatch extends Pick<SliceBatch, 'run' | 'commit'> {
  /**
   * The batch of that run, where `checkBatch` has passed it before its turn, as another thread may do. Undefined, or absent:
   * nothing is known of it. Never rejects.
   */
  readonly ahead?: Promise<Batch | undefined> | undefined;
}
