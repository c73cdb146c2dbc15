import { expect, test } from 'vitest';
import type { PlacedRedaction } from './erasing.ts';
import { PendingRedactions } from './pending-redactions.ts';

const primaryKey = Buffer.alloc(16);
const one = (sequence: number, named = 1): PlacedRedaction => ({
  sequence,
  primaryKey,
  redaction: { sequences: Array.from({ length: named }, (_, at) => at + 1) },
});

/** Take all that is in memory. @returns how many there are. */
function takeAll(pending: PendingRedactions): number {
  let count = 0;
  for (let some = pending.first(); some.length > 0; some = pending.first()) {
    expect(some.length).toBeLessThanOrEqual(1_024);
    pending.done(some);
    count += some.length;
  }
  return count;
}

test('as many as are appended, only so many are in memory, and the others are found again', () => {
  const pending = new PendingRedactions();
  for (let sequence = 10; sequence < 10_010; sequence += 1) {
    expect(pending.add(one(sequence))).toBe(sequence < 10 + 4_096);
  }
  expect(takeAll(pending)).toBe(4_096);
  expect(pending.isEmpty).toBe(false);
  expect(pending.takeFrom()).toBe(10 + 4_096);
  expect(pending.isEmpty).toBe(true);
});

test('those that name much count for as much as they name', () => {
  const pending = new PendingRedactions();
  let sequence = 5_000;
  while (pending.add(one(sequence, 4_096))) sequence += 1;
  expect(sequence - 5_000).toBe(64);
  expect(pending.first()).toHaveLength(16);
  expect(takeAll(pending)).toBe(64);
  // What was named is not counted any more.
  expect(pending.add(one(sequence, 4_096))).toBe(true);
});

test('one that is found again counts once, and the lowest of those that are to be found is remembered', () => {
  const pending = new PendingRedactions();
  expect([pending.add(one(7)), pending.add(one(7))]).toEqual([true, true]);
  expect(takeAll(pending)).toBe(1);
  pending.addFrom(9);
  pending.addFrom(3);
  pending.addFrom(12);
  expect(pending.takeFrom()).toBe(3);
  expect(pending.takeFrom()).toBeUndefined();
});
