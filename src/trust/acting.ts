import { type Batch, eventMarks, type RetentionRule } from '../event/index.ts';
import type { Delegations } from './delegations.ts';
import type { KeyRing } from './key-ring.ts';

/** Where a batch is taken, as far as it decides what delegations count. */
export interface CommitPlace {
  /** Of the commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  /** Of the chain, as text. */
  readonly chainKey: string;
}

/** Where a batch is taken. */
export interface BatchPlace extends CommitPlace {
  /** Sequence of its first event. Absent: 0. */
  readonly firstSequence?: number | undefined;
}

/** What of a batch has changed who may do what. */
export interface BatchChanges {
  /** Whether its seal has. */
  readonly bySeal: boolean;
  /** Places of its events that have, in order. */
  readonly byEvents: readonly number[];
  /** The chain's rule for retention after it. */
  readonly retention: RetentionRule | undefined;
}

export const noChanges: BatchChanges = { bySeal: false, byEvents: [], retention: undefined };

/** Who acts: keys in hexadecimal. */
export interface Acting {
  readonly actors: readonly string[];
  /** Keys that it counts as, too, by delegations. */
  readonly standsFor: readonly string[];
}

/** All keys that a right may come from. */
export function actingKeys({ actors, standsFor }: Acting): readonly string[] {
  return standsFor.length === 0 ? actors : [...actors, ...standsFor];
}

/** Whether delegations count for an event: for data and tombstones that carry no rules, keys or moves. */
export function isDelegable(batch: Batch, index: number): boolean {
  const kind = batch.kindOf(index);
  if (kind !== 'data' && kind !== 'tombstone') return false;
  return (batch.marksOf(index) & eventMarks.authority) === 0;
}

/** Keys that some others count as at a time. */
export function standingFor(
  actors: readonly string[],
  timeUnixMs: number,
  { delegations, keys }: { readonly delegations: Delegations; readonly keys: KeyRing },
): Acting {
  const standsFor = actors.flatMap((actor) => delegations.standsFor(actor, timeUnixMs, keys));
  return { actors, standsFor };
}
