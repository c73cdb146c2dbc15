import type { OtherBatch } from './batch-source.ts';
import type { DuePlace } from './local-batches.ts';

/** Batches that are one behind the other. */
export interface BatchSpan {
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** The ones behind the last. */
  readonly nextCommit: number;
  readonly nextSequence: number;
}

/** Batches of a segment that can't be read here, and that others have; with what is gone before each. */
export interface TakenSpan extends BatchSpan {
  readonly segment: number;
  /** Name of the file that lacks them. */
  readonly file: string;
}

/** What others have given, in order. */
export class TakenSpans {
  readonly #spans: TakenSpan[] = [];

  /** @param place where it is due. */
  note(
    of: { readonly segment: number; readonly file: string },
    place: DuePlace,
    other: OtherBatch,
  ) {
    const { commit: firstCommit, sequence: firstSequence } = place;
    const { commit, firstSequence: sequence, events } = other.commit;
    const end = { nextCommit: commit + 1, nextSequence: sequence + events };
    const last = this.#spans.at(-1);
    if (last?.segment === of.segment && last.nextCommit === firstCommit) {
      this.#spans[this.#spans.length - 1] = { ...last, ...end };
    } else {
      this.#spans.push({ ...of, firstCommit, firstSequence, ...end });
    }
  }

  /** What of them lies before a place. */
  before({ commit, sequence }: DuePlace): TakenSpan[] {
    return this.#spans
      .filter(({ firstCommit }) => firstCommit < commit)
      .map((span) =>
        span.nextCommit <= commit ? span : { ...span, nextCommit: commit, nextSequence: sequence },
      );
  }
}
