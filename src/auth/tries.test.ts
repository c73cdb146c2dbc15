import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  accountSeries,
  countFailure,
  countOfToday,
  type FailureCount,
  isLocked,
  noFailures,
} from './tries.ts';

const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const days = 24 * hours;

/** Fail so often, each time as soon as something is tried. */
function failing(times: number, start = 0): { count: FailureCount; nowUnixMs: number } {
  let nowUnixMs = start;
  let count = noFailures;
  for (let index = 0; index < times; index += 1) {
    nowUnixMs = Math.max(nowUnixMs, count.lockedUntilUnixMs);
    count = countFailure(count, accountSeries, nowUnixMs);
  }
  return { count, nowUnixMs };
}

test.each([
  [4, 0],
  [5, 30 * seconds],
  [9, 0],
  [10, 5 * minutes],
  [15, hours],
  [20, days],
  [25, days],
  [1_000, days],
])('after %i failures in a row nothing is tried for %i ms', (times, lockMs) => {
  const { count, nowUnixMs } = failing(times, 1_700_000_000_000);
  expect(Math.max(0, count.lockedUntilUnixMs - nowUnixMs)).toBe(lockMs);
  expect(isLocked(count, nowUnixMs)).toBe(lockMs > 0);
  expect(isLocked(count, nowUnixMs + lockMs)).toBe(false);
});

test('a day after the last failure and the end of its lock, counting begins anew', () => {
  const { count, nowUnixMs } = failing(20);
  const lockEnds = nowUnixMs + days;
  expect(countFailure(count, accountSeries, lockEnds + days - 1).failures).toBe(21);
  expect(countFailure(count, accountSeries, lockEnds + days).failures).toBe(1);
});

test('whoever tries as fast as may be tries no more often than the locks allow', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 * days), { maxLength: 200 }), (waits) => {
      let nowUnixMs = 0;
      let count = noFailures;
      let tried = 0;
      for (const wait of waits) {
        nowUnixMs += wait;
        if (isLocked(count, nowUnixMs)) continue;
        count = countFailure(count, accountSeries, nowUnixMs);
        tried += 1;
      }
      // The first four series take an hour; then it is one series a day.
      expect(tried).toBeLessThanOrEqual(accountSeries * (4 + nowUnixMs / days));
    }),
  );
});

test('a day of counting ends, also where the clock was set back', () => {
  const begun = countOfToday({ dayUnixMs: 0, count: 9 }, 5 * days);
  expect(begun).toEqual({ dayUnixMs: 5 * days, count: 0 });
  const later = { ...begun, count: 3 };
  expect(countOfToday(later, 6 * days - 1)).toEqual(later);
  expect(countOfToday(later, 6 * days)).toEqual({ dayUnixMs: 6 * days, count: 0 });
  expect(countOfToday(later, 4 * days)).toEqual({ dayUnixMs: 4 * days, count: 0 });
});
