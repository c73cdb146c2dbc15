import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { KeyTable } from '../bytes/index.ts';
import { Pace } from './pace.ts';
import { sortKeys } from './sort-keys.ts';

async function sorted(keys: readonly Buffer[]): Promise<string[]> {
  const table = new KeyTable(randomBytes(16));
  keys.forEach((key, sequence) => {
    table.add(key, 0, sequence, 0, 0);
  });
  return [...(await sortKeys(table, new Pace()))].map((entry) => {
    const key = Buffer.alloc(16);
    table.copyKey(entry, key, 0);
    return key.toString('hex');
  });
}

// Up to 2,048 are compared, more are counted; keys that begin alike are counted again, word by word.
test.each([
  [0, 0],
  [1, 0],
  [2_048, 0],
  [2_049, 0],
  [10_000, 0],
  [10_000, 3],
  [10_000, 4],
  [10_000, 8],
  [10_000, 12],
  [10_000, 14],
])('%i keys, of which the first %i bytes are alike, are put in order', async (count, alike) => {
  const start = randomBytes(alike);
  const keys = Array.from({ length: count }, () => Buffer.concat([start, randomBytes(16 - alike)]));
  const distinct = [...new Set(keys.map((key) => key.toString('hex')))];
  expect(await sorted(keys)).toEqual(distinct.sort());
});

test('while it sorts, others have their turns', async () => {
  const table = new KeyTable(randomBytes(16));
  for (let sequence = 0; sequence < 200_000; sequence += 1) {
    table.add(randomBytes(16), 0, sequence, 0, 0);
  }
  let turns = 0;
  const count = () => {
    turns += 1;
  };
  const timer = setInterval(count, 0);
  await sortKeys(table, new Pace());
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
});
