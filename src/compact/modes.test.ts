import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  baseOf,
  type CompactMode,
  type CompactTriggers,
  compactModeAliases,
  compactModes,
  compactTriggersDefault,
  dueTrigger,
  factorBytesMin,
  type Growth,
} from './modes.ts';

const triggers: CompactTriggers = {
  mode: 'never',
  timerMs: 1_000,
  factor: 0.4,
  sizeBytes: 5_000_000,
};
const mebibyte = 1024 * 1024;
const growth: Growth = {
  sizeBytes: 0,
  baseBytes: 0,
  elapsedMs: 0,
  isModified: false,
};

const due = (mode: CompactMode, changes: Partial<Growth>) =>
  dueTrigger({ ...triggers, mode }, { ...growth, ...changes });

test("the defaults are the original's", () => {
  expect(compactTriggersDefault).toEqual({
    mode: 'factor-or-timer',
    timerMs: 3_600_000,
    factor: 0.4,
    sizeBytes: 104_857_600,
  });
  expect(compactModeAliases).toEqual({
    immutable: 'never',
    'growth-or-timer': 'factor-or-timer',
  });
});

test.each<[CompactMode, Partial<Growth>, string | undefined]>([
  ['never', { sizeBytes: 1e12, elapsedMs: 1e12, isModified: true }, undefined],
  ['modified', { isModified: true }, 'modified'],
  ['modified', { sizeBytes: 1e12, elapsedMs: 1e12 }, undefined],
  ['timer', { elapsedMs: 1_000 }, 'timer'],
  ['timer', { elapsedMs: 999, sizeBytes: 1e12, isModified: true }, undefined],
  ['size', { sizeBytes: 15_000_000, baseBytes: 10_000_000 }, 'size'],
  ['size', { sizeBytes: 14_999_999, baseBytes: 10_000_000, elapsedMs: 1e12 }, undefined],
  ['factor', { sizeBytes: 14_000_000, baseBytes: 10_000_000 }, 'factor'],
  ['factor', { sizeBytes: 13_999_999, baseBytes: 10_000_000, elapsedMs: 1e12 }, undefined],
  // However much a small chain grows.
  ['factor', { sizeBytes: 2 * mebibyte - 1, baseBytes: 1 }, undefined],
  ['factor', { sizeBytes: 2 * mebibyte, baseBytes: 1 }, 'factor'],
  // A base of 2,500,001 bytes times 1.4 is 3,500,001.4, and is rounded down.
  ['factor', { sizeBytes: 3_500_001, baseBytes: 2_500_001 }, 'factor'],
  ['factor', { sizeBytes: 3_500_000, baseBytes: 2_500_001 }, undefined],
  ['factor-or-timer', { sizeBytes: 14_000_000, baseBytes: 10_000_000 }, 'factor'],
  ['factor-or-timer', { elapsedMs: 1_000 }, 'timer'],
  ['factor-or-timer', { sizeBytes: 15_000_000, baseBytes: 12_000_000 }, undefined],
  ['size-or-timer', { sizeBytes: 15_000_000, baseBytes: 10_000_000 }, 'size'],
  ['size-or-timer', { elapsedMs: 1_000 }, 'timer'],
  ['size-or-timer', { sizeBytes: 14_000_000, baseBytes: 9_000_001 }, undefined],
])('%s with %j is due by %s', (mode, changes, trigger) => {
  expect(due(mode, changes)).toBe(trigger);
});

test('the base is lowered whenever the log is smaller, and growth counts from there', () => {
  expect(baseOf(10, 12)).toBe(10);
  expect(baseOf(10, 7)).toBe(7);
});

test('a mode with two triggers is due when either is', () => {
  const some = fc.record({
    sizeBytes: fc.nat(20_000_000),
    baseBytes: fc.nat(20_000_000),
    elapsedMs: fc.nat(2_000),
    isModified: fc.boolean(),
  });
  fc.assert(
    fc.property(some, (grown) => {
      const is = (mode: CompactMode) => due(mode, grown) !== undefined;
      expect(is('factor-or-timer')).toBe(is('factor') || is('timer'));
      expect(is('size-or-timer')).toBe(is('size') || is('timer'));
      if (is('factor')) expect(grown.sizeBytes).toBeGreaterThanOrEqual(factorBytesMin);
      for (const mode of compactModes) if (mode === 'never') expect(is(mode)).toBe(false);
    }),
  );
});
