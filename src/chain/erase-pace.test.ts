import { expect, test } from 'vitest';
import { ErasePace } from './erase-pace.ts';

test('who erases now and then waits for nothing, and who does it all the time for three times as long', () => {
  const pace = new ErasePace();
  let now = 1_000;
  const work = (ms: number) => {
    pace.worked(now, now + ms);
    now += ms;
  };
  for (let times = 0; times < 3; times += 1) work(1_000);
  // 9,000 are due, but for what has passed while the others were carried out.
  expect(pace.restMs(now)).toBe(0);
  work(2_000);
  expect(pace.restMs(now)).toBe(5_000);
  now += 5_000;
  expect(pace.restMs(now)).toBe(0);
  work(1_000);
  expect(pace.restMs(now)).toBe(3_000);
  now += 1_000_000;
  work(3_000);
  expect(pace.restMs(now)).toBe(0);
});

test('in the long run it is a quarter of the time', () => {
  const pace = new ErasePace();
  let now = 0;
  let worked = 0;
  for (let times = 0; times < 1_000; times += 1) {
    now += pace.restMs(now);
    const ms = 100 + (times % 7) * 300;
    pace.worked(now, now + ms);
    now += ms;
    worked += ms;
  }
  expect(worked / now).toBeGreaterThan(0.24);
  expect(worked / now).toBeLessThan(0.26);
});
