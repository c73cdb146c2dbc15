import { type Batch, dataBytesAt, eventMarks, layoutOf, layoutStride } from '../event/index.ts';
import type { Tally } from './tally.ts';
import { type Decision, decide, type VoteContext } from './votes.ts';

/** What is known of a batch beside what is in it. */
export interface BatchPlace extends VoteContext {
  /** Of its commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  /** Whether it is its writer's last one. */
  readonly isWritersLast: boolean;
  /** Whether an event of it is the newest one of its object. */
  readonly isNewest: (index: number) => boolean;
}

/**
 * Decide what becomes of the data of each event of a batch.
 *
 * @param tally counts it.
 * @returns for each event its decision; undefined where all data stays.
 */
export function decideBatch(
  batch: Batch,
  place: BatchPlace,
  tally: Tally,
): readonly Decision[] | undefined {
  const { layout, count } = batch;
  const decisions: Decision[] = [];
  let goes = false;
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    const decision = decide(
      {
        kind: batch.kindOf(index),
        hasAuthority: (batch.marksOf(index) & eventMarks.authority) !== 0,
        hasData: layout[at + layoutOf.dataState] === 0,
        isNewest: place.isNewest(index),
        isInLastBatch: place.isWritersLast,
        timeUnixMs: place.timeUnixMs,
      },
      place,
    );
    tally.add(decision, 1, decision === 'not-data' ? 0 : dataBytesAt(layout, index));
    goes ||= decision === 'dropped';
    decisions.push(decision);
  }
  return goes ? decisions : undefined;
}
