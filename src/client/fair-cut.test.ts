import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fairCut } from './fair-cut.ts';

const saidBy = (entry: string) => entry[0] as string;

test.each([
  [3, 'a1 b1 c1', ''],
  [2, 'a1 a2 a3 b1', 'a1 a2'],
  [4, 'a1 b1 a2 b2 a3 c1', 'a1 a2 b1'],
  [5, 'a1 b1 a2 b2 a3 c1', 'a1'],
  [1, 'a1 b1', 'a1 b1'],
  [0, 'a1', 'a1'],
])('of what is kept, %i, of %j goes %j', (keep, all, gone) => {
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  expect(fairCut(words(all), saidBy, keep).sort()).toEqual(words(gone));
});

test('enough goes, nobody loses who has said no more than an equal part, and of each the newest stay', () => {
  const said = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 });
  fc.assert(
    fc.property(said, fc.integer({ min: 0, max: 60 }), (who, keep) => {
      const entries = who.map((by, index) => `${by}${index}`);
      const gone = new Set(fairCut(entries, saidBy, keep));
      const left = entries.filter((entry) => !gone.has(entry));
      expect(left.length).toBeLessThanOrEqual(keep);
      const all = Map.groupBy(entries, saidBy);
      for (const [by, own] of all) {
        const kept = left.filter((entry) => saidBy(entry) === by);
        if (own.length <= keep / all.size) expect(kept).toEqual(own);
        expect(kept).toEqual(own.slice(own.length - kept.length));
      }
      // No more than has to: one more of each who has lost some would be too much.
      const losers = [...all.keys()].filter((by) => [...gone].some((one) => saidBy(one) === by));
      if (losers.length > 0) expect(left.length + losers.length).toBeGreaterThan(keep);
    }),
  );
});
