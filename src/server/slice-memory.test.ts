import { expect, test } from 'vitest';
import { SliceMemory, sliceBytesMax, sliceBytesSmall, sliceHeadBytes } from './slice-memory.ts';

const large = sliceHeadBytes + sliceBytesMax;
const small = sliceHeadBytes + sliceBytesSmall;
const { signal } = new AbortController();

test('memory that was given back is used again', async () => {
  const memory = new SliceMemory({ bytesMax: 4 * large });
  const first = await memory.take(sliceBytesMax, signal);
  memory.giveBack(first);
  expect(await memory.take(sliceBytesMax, signal)).toBe(first);
});

test('a small slice takes large memory that nobody uses, and counts as that', async () => {
  const memory = new SliceMemory({ bytesMax: 4 * large });
  const first = await memory.take(sliceBytesMax, signal);
  memory.giveBack(first);
  expect(await memory.take(1, signal)).toBe(first);
  expect(memory.budget.used).toBe(large);
  expect(await memory.take(1, signal)).toHaveLength(small);
  expect(memory.budget.used).toBe(large + small);
});

test('while somebody waits for memory, a small slice has small memory', async () => {
  const memory = new SliceMemory({ bytesMax: 2 * large });
  const [first] = [await memory.take(sliceBytesMax, signal), await memory.take(1, signal)];
  const [waiting, behind] = [memory.take(sliceBytesMax, signal), memory.take(1, signal)];
  memory.giveBack(first);
  expect(await waiting).toBe(first);
  expect(await behind).toHaveLength(small);
  expect(memory.budget.used).toBeLessThanOrEqual(2 * large);
});

test('what is used and what is kept for later are never more than may be used', async () => {
  const memory = new SliceMemory({ bytesMax: 4 * large });
  const take = (bytes: number, count: number) =>
    Promise.all(Array.from({ length: count }, () => memory.take(bytes, signal)));
  const smalls = await take(1, Math.floor((4 * large) / small));
  for (const one of smalls) memory.giveBack(one);
  const [one, ...others] = await take(sliceBytesMax, 4);
  // All that was small had to go.
  for (const other of [one, ...others]) memory.giveBack(other as Buffer);
  const again = await take(1, 4);
  expect(new Set(again)).toEqual(new Set([one, ...others]));
  expect(memory.budget.used).toBe(4 * large);
});

test('what is larger than a slice has memory of its own, which is not kept', async () => {
  const memory = new SliceMemory({ bytesMax: 4 * large });
  const first = await memory.take(2 * sliceBytesMax, signal);
  expect(first).toHaveLength(sliceHeadBytes + 2 * sliceBytesMax);
  memory.giveBack(first);
  expect(memory.budget.used).toBe(0);
  expect(await memory.take(2 * sliceBytesMax, signal)).not.toBe(first);
});
