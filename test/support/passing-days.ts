import { afterEach } from 'vitest';

// For tests of what takes days: time passes as fast as they say.

export const dayMs = 24 * 3_600_000;

/** How far this process's clock is ahead, in milliseconds. */
export const clock = { aheadMs: 0 };

const { now } = Date;

/** Have `clock` count in the tests of a file; after each of them it is right again. */
export function letDaysPass(): void {
  Date.now = () => now() + clock.aheadMs;
  afterEach(() => {
    clock.aheadMs = 0;
  });
}
