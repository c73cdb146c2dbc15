import { expect, test } from 'vitest';
import { bytesKept } from '../../test/support/kept-memory.ts';
import { WriterNumbers } from './writer-numbers.ts';

const idOf = (writer: number) => {
  const id = Buffer.allocUnsafe(32).fill(0xe9);
  id.writeUInt32LE(writer);
  return id;
};

test('writers are numbered in the order in which they come, once each', () => {
  const numbers = new WriterNumbers();
  expect([5, 3, 5, 9, 3].map((writer) => numbers.numberOf(idOf(writer)))).toEqual([0, 1, 0, 2, 1]);
  expect(numbers.ids).toEqual([5, 3, 9].map(idOf));
  expect([9, 4].map((writer) => numbers.find(idOf(writer)))).toEqual([2, -1]);
});

test('a writer takes its own size, and not that of memory which its id happened to share', () => {
  const numbers = new WriterNumbers();
  const kept = bytesKept(1_000, (writer) => numbers.numberOf(idOf(writer)));
  expect(numbers.ids).toHaveLength(1_000);
  expect(kept).toBeLessThan(2_000_000);
});
