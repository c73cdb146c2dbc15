import { expect, test, vi } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

const never = new AbortController().signal;

/** What is done, in the order in which it was. */
function recorder() {
  const done: string[] = [];
  return { done, note: (name: string) => () => void done.push(name) };
}

test('as much as the limit is taken at once, and one byte more waits until something is given back', async () => {
  const onWaiting = vi.fn();
  const budget = new ByteBudget({ bytesMax: 10, onWaiting });
  await budget.acquire(4, never);
  await budget.acquire(6, never);
  expect(budget).toMatchObject({ used: 10, free: 0, isWaitedFor: false });
  expect(onWaiting).not.toHaveBeenCalled();
  const { done, note } = recorder();
  const waiting = budget.acquire(1, never).then(note('one more'));
  expect(onWaiting).toHaveBeenCalledOnce();
  await new Promise(setImmediate);
  expect(done).toEqual([]);
  budget.release(4);
  await waiting;
  expect(budget).toMatchObject({ used: 7, free: 3, isWaitedFor: false });
});

test('those who wait have their turn in the order of coming, and nobody passes them', async () => {
  const budget = new ByteBudget({ bytesMax: 10 });
  budget.take(9);
  const { done, note } = recorder();
  const large = budget.acquire(5, never).then(note('large'));
  const small = budget.acquire(1, never).then(note('small'));
  expect(budget.tryTake(1)).toBe(false);
  expect(budget.free).toBe(0);
  budget.release(3);
  await new Promise(setImmediate);
  expect(done).toEqual([]);
  budget.release(2);
  await Promise.all([large, small]);
  expect(done).toEqual(['large', 'small']);
  expect(budget.used).toBe(10);
});

test('what is larger than all there is has its turn when nothing else is taken', async () => {
  const budget = new ByteBudget({ bytesMax: 10 });
  expect(budget.tryTake(11)).toBe(true);
  expect(budget.tryTake(1)).toBe(false);
  budget.release(11);
  expect(budget.tryTake(10)).toBe(true);
});

test('who gives up takes nothing, and is not in the way of others', async () => {
  const budget = new ByteBudget({ bytesMax: 10 });
  budget.take(8);
  const givingUp = new AbortController();
  const large = budget.acquire(5, givingUp.signal);
  const small = budget.acquire(2, never);
  givingUp.abort(new Error('enough'));
  await expect(large).rejects.toThrow('enough');
  await small;
  expect(budget.used).toBe(10);
  await expect(budget.acquire(1, givingUp.signal)).rejects.toThrow('enough');
  expect(budget.isWaitedFor).toBe(false);
});

test('who gives up in the turn of being granted gives it back', async () => {
  const budget = new ByteBudget({ bytesMax: 10 });
  budget.take(10);
  const givingUp = new AbortController();
  const waiting = budget.acquire(10, givingUp.signal);
  budget.release(10);
  givingUp.abort(new Error('too late'));
  await expect(waiting).rejects.toThrow('too late');
  expect(budget.used).toBe(0);
});
