import { expect, test, vi } from 'vitest';
import { Backoff } from './backoff.ts';
import { abortable, CallScope, checkTimeout, sleep } from './cancellation.ts';

test('the first of signal, owner and deadline ends a call, with its own reason', async () => {
  const stop = new AbortController();
  {
    using scope = new CallScope({ signal: stop.signal, timeoutMs: 10_000 });
    stop.abort(new Error('enough'));
    expect(scope.signal.reason).toEqual(new Error('enough'));
  }
  {
    using scope = new CallScope({ signal: stop.signal });
    expect(scope.signal.aborted).toBe(true);
  }
  {
    const owner = new AbortController();
    using scope = new CallScope({ signal: new AbortController().signal }, owner.signal);
    owner.abort(new Error('closed'));
    expect(scope.signal.reason).toEqual(new Error('closed'));
  }
  using scope = new CallScope({ timeoutMs: 5 });
  await expect(sleep(10_000, scope.signal)).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
    metadata: { timeout_ms: '5' },
  });
});

test('a scope that is left frees its timer and its signals', () => {
  vi.useFakeTimers();
  try {
    const stop = new AbortController();
    const remove = vi.spyOn(stop.signal, 'removeEventListener');
    {
      using _scope = new CallScope({ signal: stop.signal, timeoutMs: 1_000 });
      expect(vi.getTimerCount()).toBe(1);
    }
    expect(vi.getTimerCount()).toBe(0);
    expect(remove).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});

test('waiting ends with the promise or with the signal, and an abandoned failure is harmless', async () => {
  const { signal } = new AbortController();
  await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(abortable(Promise.reject(new Error('it')), signal)).rejects.toThrow('it');
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(abortable(Promise.reject(new Error('it')), aborted)).rejects.toThrow('enough');
  const late = Promise.withResolvers<number>();
  const stop = new AbortController();
  const waiting = abortable(late.promise, stop.signal);
  stop.abort(new Error('enough'));
  late.reject(new Error('late'));
  await expect(waiting).rejects.toThrow('enough');
});

test('a timeout that no timer can count is refused', () => {
  for (const timeoutMs of [0, -1, Number.NaN, 2 ** 31]) {
    expect(() => checkTimeout(timeoutMs)).toThrow('timeout');
  }
  checkTimeout(2 ** 31 - 1);
});

test('the backoff doubles from 50 ms to 5 s, half of it at random, and starts again', () => {
  const backoff = new Backoff();
  const most = Array.from({ length: 9 }, () => backoff.next(() => 1));
  expect(most).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  backoff.reset();
  expect(backoff.next(() => 0)).toBe(25);
});
