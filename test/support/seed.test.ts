import { expect, test } from 'vitest';
import { Random } from './seed.ts';

test('the same seed makes the same choices, and another makes others', () => {
  const choices = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => random.between(0, 1_000_000));
  };
  expect(choices(7)).toEqual(choices(7));
  expect(choices(8)).not.toEqual(choices(7));
});

test('choices reach both ends of their range, and stay in it', () => {
  const random = new Random(1);
  const values = Array.from({ length: 1_000 }, () => random.between(3, 6));
  expect(new Set(values)).toEqual(new Set([3, 4, 5, 6]));
  const tails = Array.from({ length: 1_000 }, () => random.chance(0.2)).filter((is) => is);
  expect(tails.length).toBeGreaterThan(100);
  expect(tails.length).toBeLessThan(300);
});
