import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Patience } from './patience.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const passing = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Wait for something that takes so long. */
async function waited(patience: Patience, ms: number): Promise<void> {
  const waiting = patience.wait(new Promise<void>((resolve) => setTimeout(resolve, ms)));
  await passing(ms);
  await waiting;
}

test('work in between counts for nothing, and a silence ends it however much came before', async () => {
  using patience = new Patience({ silenceMs: 1_000, who: 'they' });
  await waited(patience, 400);
  await passing(60_000);
  await waited(patience, 500);
  patience.earn(1_000_000_000);
  await waited(patience, 900);
  expect(patience.signal.aborted).toBe(false);
  await waited(patience, 1_001);
  expect(patience.signal.reason).toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
    message: expect.stringMatching(
      /^they has sent 1000000000 bytes in 3 s .* in the last 1 s; nothing/,
    ),
  });
});

test('who sends a little now and then is waited for as long as the little earns', async () => {
  using patience = new Patience({ silenceMs: 1_000, who: 'they' });
  let waits = 0;
  for (; !patience.signal.aborted; waits += 1) {
    await waited(patience, 100);
    patience.earn(64 * 50);
  }
  // Each time half of what it took.
  expect(waits).toBeGreaterThan(18);
  expect(waits).toBeLessThan(23);
});
