import type { Batch, Gap, SliceBatch } from '../event/index.ts';

/** A batch as it is stored, for a replay. */
export interface StoredBatch extends Pick<SliceBatch, 'run' | 'commit'> {
  /** What is gone of it, or before it. Absent: nothing is. */
  readonly gap?: Gap | undefined;
  /**
   * The batch of that run, where `checkBatch` has passed it before its turn, as another thread may do. Undefined, or absent:
   * nothing is known of it. Never rejects.
   */
  readonly ahead?: Promise<Batch | undefined> | undefined;
}
