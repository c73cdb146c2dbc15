import { SubtreeHashes } from '../crypto/index.ts';
import { type Gap, GoneRuns, type GoneState, subtreesOfGap } from '../event/index.ts';
import { forgetEvents } from './forget-run.ts';
import type { ScannedBatch } from './scan-segment.ts';

/** What stays of the commits that a snapshot is about. */
export interface Survivors {
  /** Sequence of the snapshot. */
  readonly snapshot: number;
  /** Its size, in commits. */
  readonly size: number;
  /** Whether an event stays. */
  stays(sequence: number): boolean;
  /** Whether the seal and the commit of a batch stay, also where none of its events does. */
  keepsCommit(commit: number): boolean;
}

/** Commits that are gone, and that no gap stands for yet. */
interface Pending {
  readonly firstCommit: number;
  readonly firstSequence: number;
  readonly before: GoneState;
  readonly hashes: SubtreeHashes;
  events: number;
}

/** What has become of a batch: nothing where it is gone. */
export interface LeftOfBatch {
  readonly gap: Gap | undefined;
  readonly run: Buffer;
}

/** Leaves whole events and commits out, batch by batch, from the first one of a chain on, through all its segments. */
export class ForgetBatches {
  readonly #survivors: Survivors;
  readonly #runs = new GoneRuns();
  #pending: Pending | undefined;

  constructor(survivors: Survivors) {
    this.#survivors = survivors;
  }

  /**
   * Take the next batch.
   *
   * @param isLast whether it is the last one of its segment: that one stays, so that a gap is always before a batch of the same file.
   * @returns undefined where it is gone.
   */
  take(batch: ScannedBatch, isLast: boolean): LeftOfBatch | undefined {
    const { gap, run, commit, leaf } = batch;
    const { size, snapshot } = this.#survivors;
    const { commit: number, firstSequence, events } = commit;
    const { commits: goneCommits, events: goneEvents } = gap ?? { commits: 0, events: 0 };
    const firstCommit = number - goneCommits;
    if (gap !== undefined && goneCommits > 0) {
      const pending = this.#begin(firstCommit, firstSequence - goneEvents);
      for (const { hash, level } of subtreesOfGap(gap, firstCommit)) {
        pending.hashes.append(Buffer.from(hash), level);
      }
      this.#gone(pending, firstSequence - goneEvents, goneEvents);
    }
    const stays = (event: number) => number >= size || this.#survivors.stays(firstSequence + event);
    const left = forgetEvents(run, stays);
    const isKept = left.events > 0 || isLast || this.#survivors.keepsCommit(number);
    if (!isKept) {
      const pending = this.#begin(number, firstSequence);
      pending.hashes.append(leaf);
      this.#gone(pending, firstSequence, events);
      return undefined;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    const isWhole = left.events === events;
    if (pending === undefined && isWhole) return { gap: undefined, run: left.run };
    const made = {
      commits: pending?.hashes.count ?? 0,
      events: pending?.events ?? 0,
      hashes: pending?.hashes.hashes ?? [],
      snapshot,
      size,
      before: pending?.before ?? this.#runs.stateAt(firstSequence),
    };
    for (let event = 0; event < events && !isWhole; event += 1) {
      if (!stays(event)) this.#runs.add(firstSequence + event, firstSequence + event + 1);
    }
    return { gap: made, run: left.run };
  }

  #begin(firstCommit: number, firstSequence: number): Pending {
    this.#pending ??= {
      firstCommit,
      firstSequence,
      before: this.#runs.stateAt(firstSequence),
      hashes: new SubtreeHashes(firstCommit),
      events: 0,
    };
    return this.#pending;
  }

  #gone(pending: Pending, first: number, events: number): void {
    this.#runs.add(first, first + events);
    pending.events += events;
  }
}
