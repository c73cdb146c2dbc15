import type { RetentionRule } from '../event/index.ts';

/** Where an event is in its chain. */
export interface EventPlace {
  readonly sequence: number;
  /** Of its commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** A chain as far as it goes. */
export interface ChainEnd {
  /** Sequence that comes next. */
  readonly nextSequence: number;
  /** Of the newest commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/**
 * What a chain's rules for retention have let go so far. Sequences and times of commits never decrease, so it is all up to some place, and it
 * never becomes less: a rule that is changed later takes back nothing.
 */
export interface RetentionFloor {
  /** The data of events below this sequence may be gone. */
  readonly sequence: number;
  /** So may that of events that were committed at this time or before. 0: no such time. */
  readonly timeUnixMs: number;
}

/** Nothing may be gone. */
export const floorNone: RetentionFloor = { sequence: 0, timeUnixMs: 0 };

/**
 * What may be gone once a chain goes so far, by the rule that it has there. Time is that of the newest commit, and not anybody's clock: so
 * everybody who has the same history decides alike, for ever.
 */
export function raiseFloor(
  floor: RetentionFloor,
  rule: RetentionRule | undefined,
  end: ChainEnd,
): RetentionFloor {
  if (rule === undefined) return floor;
  const { ageMs, count } = rule;
  const sequence = count === undefined ? 0 : end.nextSequence - count;
  const timeUnixMs = ageMs === undefined ? 0 : end.timeUnixMs - ageMs;
  if (sequence <= floor.sequence && timeUnixMs <= floor.timeUnixMs) return floor;
  return {
    sequence: Math.max(floor.sequence, sequence),
    timeUnixMs: Math.max(floor.timeUnixMs, timeUnixMs),
  };
}

/** Whether the data of an event may be gone, so that its header alone is left. */
export function isBelow(floor: RetentionFloor, { sequence, timeUnixMs }: EventPlace): boolean {
  if (sequence < floor.sequence) return true;
  return floor.timeUnixMs > 0 && timeUnixMs <= floor.timeUnixMs;
}
