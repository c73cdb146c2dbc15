import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { keepFirst } from './keep-first.ts';

const inOrder = (one: number, other: number) => one - other;

test('the first ones are kept, and the last of them is told', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { minLength: 2 }), fc.nat(), (items, chosen) => {
      const count = 1 + (chosen % (items.length - 1));
      const expected = [...items].sort(inOrder).slice(0, count);
      const kept = [...items];
      expect(keepFirst(kept, count, inOrder)).toBe(expected.at(-1));
      expect(kept.sort(inOrder)).toEqual(expected);
    }),
    { numRuns: rounds({ short: 300, long: 10_000 }) },
  );
});

test('no order makes it slow', () => {
  const count = 1_000;
  const rising = Array.from({ length: 2 * count }, (_, at) => at);
  const pipe = rising.map((at) => Math.min(at, 2 * count - at) + at / (4 * count));
  for (const items of [rising, rising.toReversed(), pipe]) {
    let compared = 0;
    keepFirst([...items], count, (one, other) => {
      compared += 1;
      return one - other;
    });
    expect(compared).toBeLessThan(40 * items.length);
  }
});
