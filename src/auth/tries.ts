/** Failures of one kind, and how long nothing is tried. */
export interface FailureCount {
  /** Since the last success, or since a day without one. */
  readonly failures: number;
  /** When the last one was: milliseconds since 1970-01-01 UTC. */
  readonly lastUnixMs: number;
  /** Until when nothing is tried: milliseconds since 1970-01-01 UTC. */
  readonly lockedUntilUnixMs: number;
}

/** Nothing has failed. */
export const noFailures: FailureCount = { failures: 0, lastUnixMs: 0, lockedUntilUnixMs: 0 };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** For how long nothing is tried after the first series of failures, the second, and so on; the last one goes on. */
const lockMs = [30_000, 5 * minuteMs, hourMs, dayMs] as const;

/** Failures in a row that lock an account. */
export const accountSeries = 5;

/** Failures in a row that lock an address: many people may share one. */
export const addressSeries = 25;

/**
 * Count one more failure; every so many in a row lock for longer than those before. Counting begins anew a day after the last failure and
 * the end of its lock.
 *
 * @param series how many failures in a row lock.
 */
export function countFailure(
  before: FailureCount,
  series: number,
  nowUnixMs: number,
): FailureCount {
  const failures = (isForgotten(before, nowUnixMs) ? 0 : before.failures) + 1;
  const round = Math.floor(failures / series) - 1;
  const isLock = failures % series === 0;
  const length = lockMs[Math.min(round, lockMs.length - 1)] ?? 0;
  return {
    failures,
    lastUnixMs: nowUnixMs,
    lockedUntilUnixMs: isLock ? nowUnixMs + length : before.lockedUntilUnixMs,
  };
}

/** Whether nothing is tried now. */
export function isLocked({ lockedUntilUnixMs }: FailureCount, nowUnixMs: number): boolean {
  return nowUnixMs < lockedUntilUnixMs;
}

/** Whether counting begins anew with the next failure. */
export function isForgotten(
  { lastUnixMs, lockedUntilUnixMs }: FailureCount,
  nowUnixMs: number,
): boolean {
  return nowUnixMs >= Math.max(lastUnixMs, lockedUntilUnixMs) + dayMs;
}

/** What was counted in one day. */
export interface DayCount {
  /** Begin of the day: milliseconds since 1970-01-01 UTC. */
  readonly dayUnixMs: number;
  readonly count: number;
}

/** What is counted today; a day begins with the first of its kind. */
export function countOfToday({ dayUnixMs, count }: DayCount, nowUnixMs: number): DayCount {
  // A clock that was set back must not make a day without end.
  const isToday = nowUnixMs >= dayUnixMs && nowUnixMs < dayUnixMs + dayMs;
  return isToday ? { dayUnixMs, count } : { dayUnixMs: nowUnixMs, count: 0 };
}
