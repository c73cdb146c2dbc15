import { expect, test } from 'vitest';
import { SigningQueue } from './signing-queue.ts';

const many = (count: number) => Array.from({ length: count }, (_, at) => at);

test('no more are signed at once than may be, in the order in which they came', async () => {
  const queue = new SigningQueue({ atOnceMax: 2, toldPerSecondMax: 1_000 });
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const sign = (at: number) => async () => {
    begun.push(at);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running -= 1;
    return at;
  };
  const signed = await Promise.all(many(10).map((at) => queue.run('asked', sign(at))));
  expect(signed).toEqual(many(10));
  expect(begun).toEqual(many(10));
  expect(most).toBe(2);
});

test('who asked comes before those who are told, of whom only some are in a second', async () => {
  const queue = new SigningQueue({ atOnceMax: 1, toldPerSecondMax: 50 });
  const done: string[] = [];
  const began = performance.now();
  const told = many(6).map((at) => queue.run('told', async () => done.push(`told ${at}`)));
  const asked = many(20).map((at) => queue.run('asked', async () => done.push(`asked ${at}`)));
  await Promise.all(asked);
  await Promise.all(told);
  expect(performance.now() - began).toBeGreaterThan(5 * 20 - 5);
  // The first one had its turn before anybody asked.
  expect(done.slice(0, 21)).toEqual(['told 0', ...many(20).map((at) => `asked ${at}`)]);
  expect(done.slice(21)).toEqual([1, 2, 3, 4, 5].map((at) => `told ${at}`));
});

test('what was not signed in quiet times is not caught up with at once', async () => {
  const queue = new SigningQueue({ atOnceMax: 4, toldPerSecondMax: 50 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const began = performance.now();
  await Promise.all(many(4).map(() => queue.run('told', async () => undefined)));
  expect(performance.now() - began).toBeGreaterThan(3 * 20 - 5);
});

test('a failure is told to who waits for it, and takes no turn from others', async () => {
  const queue = new SigningQueue({ atOnceMax: 1, toldPerSecondMax: 1_000 });
  const failed = queue.run('asked', async () => {
    throw new Error('no key');
  });
  const next = queue.run('told', async () => 'signed');
  await expect(failed).rejects.toThrow('no key');
  expect(await next).toBe('signed');
});
