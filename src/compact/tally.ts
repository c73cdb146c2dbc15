import type { Decision } from './votes.ts';

/** Some events, and the bytes of their data and salt. */
export interface Counted {
  readonly events: number;
  readonly bytes: number;
}

/** Every decision, in the order in which they are told. */
export const decisions = [
  'dropped',
  'expired',
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
  readonly #events = new Float64Array(decisions.length);
  readonly #bytes = new Float64Array(decisions.length);

  /** @param decision by its place among `decisions`: this runs an event. */
  add(decision: number, events: number, bytes: number): void {
    this.#events[decision] = (this.#events[decision] as number) + events;
    this.#bytes[decision] = (this.#bytes[decision] as number) + bytes;
  }

  addAll(counts: TallyCounts): void {
    for (const [place, decision] of decisions.entries()) {
      this.add(place, counts[decision].events, counts[decision].bytes);
    }
  }

  /** What was to be dropped is left where it is. */
  leaveDropped(): void {
    for (const decision of ['dropped', 'expired'] as const) {
      const place = decisions.indexOf(decision);
      this.#events[place] = 0;
      this.#bytes[place] = 0;
    }
  }

  get counts(): TallyCounts {
    const of = (decision: Decision): Counted => {
      const place = decisions.indexOf(decision);
      return { events: this.#events[place] as number, bytes: this.#bytes[place] as number };
    };
    return {
      dropped: of('dropped'),
      expired: of('expired'),
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
