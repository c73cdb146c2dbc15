import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { CallWindow } from './call-window.ts';
import { callWindow } from './limits.ts';

/** Takes an id if it is free, as a server does. */
function take(window: CallWindow, id: number): boolean {
  const isFree = window.isFree(id);
  if (isFree) window.take(id);
  return isFree;
}

test('takes each id once, in any order within the window', () => {
  const window = new CallWindow();
  const ids = Array.from({ length: callWindow }, (_, index) => (index * 389) % callWindow);
  for (const id of ids) expect(take(window, id)).toBe(true);
  for (const id of ids) expect(take(window, id)).toBe(false);
});

test('takes one at its edge, and none beyond it', () => {
  for (const highest of [callWindow, 5_000, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    const window = new CallWindow();
    expect(take(window, highest)).toBe(true);
    expect(take(window, highest - callWindow + 1)).toBe(true);
    expect(take(window, highest - callWindow)).toBe(false);
    expect(take(window, highest - callWindow + 1)).toBe(false);
    expect(take(window, highest)).toBe(false);
  }
});

test('asking takes nothing', () => {
  const window = new CallWindow();
  for (const id of [0, 7, 4_000, 3]) expect(window.isFree(id)).toBe(true);
  expect(take(window, 0)).toBe(true);
});

test('says what a set says that forgets what has left the window', () => {
  const step = fc.oneof(
    fc.integer({ min: -1_030, max: 3 }),
    fc.integer({ min: -40, max: 40 }),
    fc.integer({ min: 0, max: 5_000 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.nat(2 ** 45), (steps, start) => {
      const window = new CallWindow();
      const taken = new Set<number>();
      let highest = -1;
      for (const [index, distance] of steps.entries()) {
        const id = Math.max(0, (index === 0 ? start : highest) + distance);
        const expected = id > highest || (highest - id < callWindow && !taken.has(id));
        expect(take(window, id), `id ${id}, highest ${highest}`).toBe(expected);
        taken.add(id);
        highest = Math.max(highest, id);
      }
    }),
    { numRuns: rounds({ short: 200, long: 20_000 }) },
  );
});
