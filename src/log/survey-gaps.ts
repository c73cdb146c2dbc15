import type { LastSnapshot } from './manifest.ts';
import type { ScannedBatch } from './scan-segment.ts';

/** Finds under which snapshot something of a chain is gone, from its gaps: where the manifest is lost nothing else says so. */
export class GapsSurvey {
  #found: { readonly snapshot: number; readonly size: number } | undefined;
  #before = 0;

  /** Take the next batch. */
  onBatch({ gap, commit }: Pick<ScannedBatch, 'gap' | 'commit'>): void {
    if (gap !== undefined) this.#found = { snapshot: gap.snapshot, size: gap.size };
    // The last of the snapshot's commits may be gone, and then the gap before the first other one ends with it.
    if (this.#found === undefined || commit.commit > this.#found.size) return;
    const isOther = commit.commit === this.#found.size;
    this.#before = isOther ? commit.firstSequence : commit.firstSequence + commit.events;
  }

  /** Undefined where nothing is gone. */
  get found(): LastSnapshot | undefined {
    return this.#found && { snapshot: this.#found.snapshot, before: this.#before };
  }
}
