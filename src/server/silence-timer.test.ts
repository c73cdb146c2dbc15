import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../test/support/cli-fixture.ts';
import { SilenceTimer } from './silence-timer.ts';

/** A timer on a clock that is set by hand. */
function timerOf(limitMs: number) {
  const clock = { ms: 100 };
  const told = { times: 0 };
  const tell = () => {
    told.times += 1;
  };
  const timer = new SilenceTimer(limitMs, tell, () => clock.ms);
  onTestFinished(() => timer.stop());
  return { clock, told, timer };
}

test('a timer that fires early finds silence all the same', async () => {
  const { clock, told } = timerOf(5);
  clock.ms = 104.6;
  await sleep(30);
  expect(told.times).toBe(0);
  clock.ms = 105;
  await until(
    () => told.times === 1,
    () => String(told.times),
  );
});

test('silence begins anew with whatever is heard, and is told once', async () => {
  const { clock, told, timer } = timerOf(5);
  clock.ms = 104;
  timer.heard();
  clock.ms = 108;
  await sleep(30);
  expect(told.times).toBe(0);
  clock.ms = 109;
  await until(
    () => told.times === 1,
    () => String(told.times),
  );
  await sleep(30);
  expect(told.times).toBe(1);
});

test('one that is stopped tells nothing', async () => {
  const { clock, told, timer } = timerOf(1);
  clock.ms = 200;
  timer.stop();
  await sleep(30);
  expect(told.times).toBe(0);
});
