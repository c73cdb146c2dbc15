import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RetentionRule } from '../event/index.ts';
import { floorNone, isBelow, raiseFloor } from './retention.ts';

const part = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined });
const rule = fc.option(fc.record({ ageMs: part, count: part }), { nil: undefined });
const commit = fc.record({
  events: fc.integer({ min: 1, max: 4 }),
  laterMs: fc.nat(5),
  rule,
});

/** Whether any head that the chain has had let go of an event, by the rule that it had there. */
function mayBeGone(
  event: { sequence: number; timeUnixMs: number },
  heads: readonly { nextSequence: number; timeUnixMs: number; rule: RetentionRule | undefined }[],
): boolean {
  return heads.some(({ nextSequence, timeUnixMs, rule }) => {
    const isOld = rule?.ageMs !== undefined && timeUnixMs - event.timeUnixMs >= rule.ageMs;
    const isBeyond = rule?.count !== undefined && nextSequence - event.sequence > rule.count;
    return isOld || isBeyond;
  });
}

test('what may be gone is what some head of the chain has let go, and it never becomes less', () => {
  let gone = 0;
  let kept = 0;
  fc.assert(
    fc.property(fc.array(commit, { maxLength: 12 }), (commits) => {
      const events: { sequence: number; timeUnixMs: number }[] = [];
      const heads: Parameters<typeof mayBeGone>[1][number][] = [];
      let floor = floorNone;
      let timeUnixMs = 1_000;
      for (const one of commits) {
        timeUnixMs += one.laterMs;
        for (let more = 0; more < one.events; more += 1) {
          events.push({ sequence: events.length, timeUnixMs });
        }
        const before = floor;
        const end = { nextSequence: events.length, timeUnixMs };
        heads.push({ ...end, rule: one.rule });
        floor = raiseFloor(floor, one.rule, end);
        for (const event of events) {
          const isGone = isBelow(floor, event);
          expect(isGone).toBe(mayBeGone(event, heads));
          if (isBelow(before, event)) expect(isGone).toBe(true);
          if (isGone) gone += 1;
          else kept += 1;
        }
        // All up to some place, so the last of those that are said to be gone stands for all.
        const states = events.map((event) => isBelow(floor, event));
        expect(states.lastIndexOf(true)).toBe(states.filter(Boolean).length - 1);
      }
    }),
    { numRuns: 500 },
  );
  expect(gone).toBeGreaterThan(100);
  expect(kept).toBeGreaterThan(100);
});

test('at the very age and count, and one before', () => {
  const floor = raiseFloor(
    floorNone,
    { ageMs: 10, count: undefined },
    { nextSequence: 9, timeUnixMs: 100 },
  );
  expect(isBelow(floor, { sequence: 8, timeUnixMs: 90 })).toBe(true);
  expect(isBelow(floor, { sequence: 0, timeUnixMs: 91 })).toBe(false);
  const counted = raiseFloor(
    floorNone,
    { ageMs: undefined, count: 3 },
    { nextSequence: 9, timeUnixMs: 100 },
  );
  expect(isBelow(counted, { sequence: 5, timeUnixMs: 100 })).toBe(true);
  expect(isBelow(counted, { sequence: 6, timeUnixMs: 1 })).toBe(false);
  // Of a chain that is younger, or has fewer events, nothing.
  const young = raiseFloor(
    floorNone,
    { ageMs: 1_000, count: 100 },
    { nextSequence: 9, timeUnixMs: 100 },
  );
  expect(young).toBe(floorNone);
});
