import { AtedbError } from '../bytes/index.ts';
import type { Batch, TreeHead } from '../event/index.ts';
import { type Act, requireRoot } from './act.ts';
import { isFromServer } from './from-server.ts';
import type { KeyRing } from './key-ring.ts';
import type { Undo } from './undo.ts';

/** The newest snapshot of a chain. */
export interface HorizonRecord {
  /** In commits: what was made by an older head is refused. */
  readonly size: number;
  /** Of the snapshot's event. */
  readonly sequence: number;
}

/** How far back a chain remembers everything. */
export class Horizon {
  #record: HorizonRecord | undefined;

  constructor(record: HorizonRecord | undefined) {
    this.#record = record;
  }

  /** Undefined where the chain has had no snapshot. */
  get record(): HorizonRecord | undefined {
    return this.#record;
  }

  /**
   * Have the horizon that a snapshot says.
   *
   * @param batch that it is alone in, and `sequence` its own.
   * @throws AtedbError KEY_NOT_ALLOWED where it isn't from a root; SNAPSHOT_INVALID where it raises nothing, or is about what its writer
   *   hasn't seen.
   */
  raise(act: Act, batch: Batch, sequence: number, keys: KeyRing, undo: Undo): void {
    requireRoot(act, keys, 'say what may be gone');
    const size = act.said.snapshot?.size ?? 0;
    const before = this.#record;
    if (size <= (before?.size ?? 0)) {
      throw snapshotInvalid(
        `it is about ${size} commits, and the one at sequence ${before?.sequence} about ${before?.size}: make one about more, or none`,
        size,
      );
    }
    const seen = batch.seal.asOf?.size ?? 0;
    if (size > seen) {
      throw snapshotInvalid(
        `it is about ${size} commits, and its writer says to have verified ${seen}. Read the chain to its end first`,
        size,
      );
    }
    this.#record = { size, sequence };
    undo.push(() => {
      this.#record = before;
    });
  }

  /**
   * Refuse a batch that was made by a head that is older than the horizon: what it was made by may be forgotten. What the server itself adds
   * is made by no head.
   *
   * @throws AtedbError STALE.
   */
  checkFresh(batch: Batch): void {
    const horizon = this.#record;
    if (horizon === undefined || isFromServer(batch)) return;
    const asOf: TreeHead | undefined = batch.seal.asOf;
    const size = asOf?.size ?? 0;
    if (size >= horizon.size) return;
    throw new AtedbError(
      'STALE',
      `the batch was made by a head of ${size} commits, and by the snapshot at sequence ${horizon.sequence} what was before commit ${horizon.size} may be forgotten. Open the chain again, and make the batch anew`,
      { metadata: { as_of_size: String(size), horizon: String(horizon.size) } },
    );
  }
}

/** A snapshot that the chain doesn't take. */
export function snapshotInvalid(why: string, size: number): AtedbError {
  return new AtedbError('SNAPSHOT_INVALID', `the snapshot doesn't count: ${why}`, {
    metadata: { size: String(size) },
  });
}
