import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommitTimes } from './commit-times.ts';

test('the first commit after a time is found as by looking at each', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 300 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 950 }), (some, asked) => {
      const times = new CommitTimes();
      let time = 10;
      const commits = some.map((step, at) => {
        time += step;
        times.add(time, 2 * at);
        return { time, firstSequence: 2 * at };
      });
      const naive = commits.find((one) => one.time > asked);
      expect(times.firstAfter(asked)).toBe(naive?.firstSequence);
    }),
  );
});
