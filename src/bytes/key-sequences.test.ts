import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeySequences } from './index.ts';

const key = (number: number) => {
  const bytes = Buffer.alloc(16, 7);
  bytes.writeUInt32BE(number);
  return bytes;
};

test('it has what a map has, whatever is added and removed', () => {
  const step = fc.record({ key: fc.nat(200), sequence: fc.option(fc.nat(2 ** 40)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const set = new KeySequences({ secret: randomBytes(16), keysMax: 1_000 });
      const map = new Map<number, number>();
      for (const { key: number, sequence } of steps) {
        if (sequence === null) {
          set.delete(key(number), 0);
          map.delete(number);
        } else {
          set.set(Buffer.concat([Buffer.alloc(3), key(number)]), 3, sequence);
          map.set(number, sequence);
        }
        expect(set.size).toBe(map.size);
      }
      const sequences = [...map.values()].sort((a, b) => a - b);
      expect(set.lowest(1_000)).toEqual(sequences);
      expect(set.lowest(2)).toEqual(sequences.slice(0, 2));
      expect(set.oneIn).toBe(1);
    }),
  );
});

test('more keys than may be kept are a sample, that is decided on alike for each key', () => {
  const set = new KeySequences({ secret: randomBytes(16), keysMax: 256 });
  const total = 10_000;
  for (let number = 0; number < total; number += 1) set.set(key(number), 0, number);
  expect(set.oneIn).toBeGreaterThanOrEqual(32);
  expect(set.size).toBeLessThanOrEqual(256);
  expect(set.size * set.oneIn).toBeGreaterThan(total / 3);
  // A key that is not in the sample is not added, and one that is in it goes when it is removed.
  const kept = new Set(set.lowest(256));
  for (let number = 0; number < total; number += 1) {
    set.set(key(number), 0, number);
    if (number % 2 === 0) set.delete(key(number), 0);
  }
  expect(set.lowest(256)).toEqual([...kept].filter((number) => number % 2 === 1));
});
