import {
  type Batch,
  dataBytesAt,
  dataStates,
  eventMarks,
  kindData,
  layoutOf,
  layoutStride,
} from '../event/index.ts';
import { decisions, type Tally } from './tally.ts';
import { decide, type VoteContext } from './votes.ts';

/** What is known of a batch beside what is in it. */
export interface BatchPlace extends VoteContext {
  /** Of its commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  /** Whether it is its writer's last one. */
  readonly isWritersLast: boolean;
  /** Whether an event of it is the newest one of its object. */
  readonly isNewest: (index: number) => boolean;
  /** The chain's rule for retention has let go so many events of it: the first ones. */
  readonly expiredCount: number;
}

const dropped = decisions.indexOf('dropped');
const expired = decisions.indexOf('expired');
const notData = decisions.indexOf('not-data');

/** What tells the data events of one batch from each other, for the vote: a sum of these. */
const traits = { authority: 1, data: 2, newest: 4, expired: 8 } as const;
const traitsCount = 16;

/**
 * Decide what becomes of the data of each event of a batch.
 *
 * @param tally counts it.
 * @returns for each event `dataStates.dropped` or `dataStates.expired` where its data goes, else 0; undefined where all data stays.
 */
export function decideBatch(batch: Batch, place: BatchPlace, tally: Tally): Uint8Array | undefined {
  const { layout, count } = batch;
  // The votes of a batch come to a few cases, which are taken once each: most batches have many events.
  const decided = new Int8Array(traitsCount).fill(-1);
  let states: Uint8Array | undefined;
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    // Nothing is left of it to decide on.
    if (layout[at + layoutOf.kind] === 0) continue;
    if (layout[at + layoutOf.kind] !== kindData) {
      tally.add(notData, 1, 0);
      continue;
    }
    const has =
      ((batch.marksOf(index) & eventMarks.authority) === 0 ? 0 : traits.authority) +
      (layout[at + layoutOf.dataState] === 0 ? traits.data : 0) +
      (place.isNewest(index) ? traits.newest : 0) +
      (index < place.expiredCount ? traits.expired : 0);
    if (decided[has] === -1) decided[has] = decideOn(has, place);
    const decision = decided[has] as number;
    tally.add(decision, 1, dataBytesAt(layout, index));
    if (decision !== dropped && decision !== expired) continue;
    states ??= new Uint8Array(count);
    states[index] = decision === dropped ? dataStates.dropped : dataStates.expired;
  }
  return states;
}

/** What is decided on data events that have these traits, by its place among `decisions`. */
function decideOn(has: number, place: BatchPlace): number {
  const facts = {
    kind: 'data' as const,
    hasAuthority: (has & traits.authority) !== 0,
    hasData: (has & traits.data) !== 0,
    isNewest: (has & traits.newest) !== 0,
    isExpired: (has & traits.expired) !== 0,
    isInLastBatch: place.isWritersLast,
    timeUnixMs: place.timeUnixMs,
  };
  return decisions.indexOf(decide(facts, place));
}
