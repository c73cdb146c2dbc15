import type { Decision } from './votes.ts';

/** Some events, and the bytes of their data and salt. */
export interface Counted {
  readonly events: number;
  readonly bytes: number;
}

/** Every decision, in the order in which they are told. */
export const decisions = [
  'dropped',
  'newest',
  'young',
  'last-batch',
  'authority',
  'not-data',
  'gone',
] as const satisfies readonly Decision[];

/** How many events and bytes each decision is about. */
export type TallyCounts = Readonly<Record<Decision, Counted>>;

/** Counts what became of events. */
export class Tally {
  readonly #events: number[] = decisions.map(() => 0);
  readonly #bytes: number[] = decisions.map(() => 0);

  add(decision: Decision, events: number, bytes: number): void {
    const place = decisions.indexOf(decision);
    this.#events[place] = (this.#events[place] as number) + events;
    this.#bytes[place] = (this.#bytes[place] as number) + bytes;
  }

  addAll(counts: TallyCounts): void {
    for (const decision of decisions) {
      this.add(decision, counts[decision].events, counts[decision].bytes);
    }
  }

  get counts(): TallyCounts {
    const of = (decision: Decision): Counted => {
      const place = decisions.indexOf(decision);
      return { events: this.#events[place] as number, bytes: this.#bytes[place] as number };
    };
    return {
      dropped: of('dropped'),
      newest: of('newest'),
      young: of('young'),
      'last-batch': of('last-batch'),
      authority: of('authority'),
      'not-data': of('not-data'),
      gone: of('gone'),
    };
  }

  /** Bytes of data that was superseded and stays all the same, however old it becomes. */
  get keptBytes(): number {
    const { authority, 'last-batch': last } = this.counts;
    return authority.bytes + last.bytes;
  }
}
