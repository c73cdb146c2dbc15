import { expect, test } from 'vitest';
import type { CompactionRunner } from './compaction-job.ts';
import { RunnerPool } from './runner-pool.ts';

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

function pool(max: number) {
  let made = 0;
  let closed = 0;
  const make = () => {
    made += 1;
    const runner: CompactionRunner = { run: async () => undefined };
    return Object.assign(runner, {
      close: async () => {
        closed += 1;
      },
    });
  };
  return { pool: new RunnerPool(make, max), made: () => made, closed: () => closed };
}

test('so many are in use at once, others have their turns in order, and runners are used again', async () => {
  const { pool: runners, made, closed } = pool(2);
  const begun: number[] = [];
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const uses = ends.map(({ promise }, place) =>
    runners.use(never, async () => {
      begun.push(place);
      await promise;
    }),
  );
  await settled();
  expect(begun).toEqual([0, 1]);
  ends[1]?.resolve();
  await uses[1];
  await settled();
  expect(begun).toEqual([0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all(uses);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(made()).toBe(2);
  await runners.close();
  expect(closed()).toBe(2);
});

test('who waits can give up, and what fails gives its runner back', async () => {
  const { pool: runners } = pool(1);
  const first = Promise.withResolvers<void>();
  const using = runners.use(never, () => first.promise);
  const end = new AbortController();
  const waiting = runners.use(end.signal, async () => 'had it');
  const next = runners.use(never, async () => 'had it');
  end.abort(new Error('gave up'));
  await expect(waiting).rejects.toThrow('gave up');
  first.reject(new Error('failed'));
  await expect(using).rejects.toThrow('failed');
  expect(await next).toBe('had it');
  await expect(runners.use(end.signal, async () => 1)).rejects.toThrow('gave up');
});
