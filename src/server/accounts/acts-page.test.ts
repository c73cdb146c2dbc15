import { expect, test } from 'vitest';
import { ByteBudget } from '../byte-budget.ts';
import { pageOfActs } from './acts-page.ts';

const mebibyte = 1_048_576;
/** Acts of 100 KB, of which the third can't be read. */
const accounts = {
  actOf: async (name: string, version: number) => {
    if (name === 'broken' && version === 2) throw new Error('damaged');
    return Buffer.alloc(name === 'large' ? mebibyte : 100_000, version);
  },
};
const read = (
  memory: ByteBudget,
  { name = 'team', from = 0, signal = new AbortController().signal } = {},
) => pageOfActs(accounts, { name, from, actsInAll: 5 }, { memory, signal });

test('acts come in pages, each of which holds memory for what it has, until it is released', async () => {
  const memory = new ByteBudget({ bytesMax: 2 * mebibyte });
  const page = await read(memory);
  expect(page.acts.map((act) => act[0])).toEqual([0, 1]);
  expect(memory.used).toBe(200_000);
  const rest = await read(memory, { from: 4 });
  expect(rest.acts.map((act) => act[0])).toEqual([4]);
  expect((await read(memory, { from: 5 })).acts).toEqual([]);
  expect(memory.used).toBe(300_000);
  page.release();
  rest.release();
  expect(memory.used).toBe(0);
});

test('an act that is larger than a page comes alone', async () => {
  const memory = new ByteBudget({ bytesMax: mebibyte });
  const { acts, release } = await read(memory, { name: 'large' });
  expect(acts).toHaveLength(1);
  release();
  expect(memory.used).toBe(0);
});

test('pages that nobody takes keep no more in memory than there may be', async () => {
  const memory = new ByteBudget({ bytesMax: mebibyte });
  const first = await read(memory, { name: 'large' });
  const ending = new AbortController();
  const second = read(memory);
  const third = read(memory, { signal: ending.signal });
  expect(memory.waiting).toBe(2);
  ending.abort(new Error('gone'));
  await expect(third).rejects.toThrow('gone');
  first.release();
  (await second).release();
  expect(memory.used).toBe(0);
});

test('what fails to be read holds nothing', async () => {
  const memory = new ByteBudget({ bytesMax: mebibyte });
  await expect(read(memory, { name: 'broken', from: 1 })).rejects.toThrow('damaged');
  expect(memory.used).toBe(0);
});
