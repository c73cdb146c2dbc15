import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from './key-table.ts';

/** Keys that are likely to share words, and some that are not. */
const key = fc.oneof(
  fc.nat(20).map((last) => Buffer.alloc(16, last)),
  fc.nat(300).map((number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32LE(number, 12);
    return bytes;
  }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
);

test('a table knows what a list of all events says', () => {
  const events = fc.array(fc.tuple(key, fc.nat(3)), { maxLength: 400 });
  fc.assert(
    fc.property(events, (added) => {
      const table = new KeyTable(randomBytes(16));
      added.forEach(([bytes, writer], sequence) => {
        // Somewhere in a larger buffer, as keys lie in a run.
        table.add(
          Buffer.concat([Buffer.alloc(3), bytes]),
          3,
          2 * sequence,
          writer,
          1_000 * sequence,
        );
      });
      for (const [bytes] of added) {
        const of = added.flatMap(([other, writer], sequence) =>
          other.equals(bytes) ? [{ writer, sequence: 2 * sequence }] : [],
        );
        const newest = of.at(-1);
        const others = of.filter(({ writer }) => writer !== newest?.writer).at(-1);
        expect(table.find(bytes)).toEqual({
          newest: newest?.sequence,
          writer: newest?.writer,
          endOfOthers: others === undefined ? 0 : others.sequence + 1,
          newestBytes: 500 * (newest?.sequence ?? 0),
        });
      }
      const sumOf = (sequences: readonly number[]) =>
        sequences.reduce((sum, sequence) => sum + 1_000 * sequence, 0);
      const lastOf = new Map(added.map(([bytes], sequence) => [bytes.toString('hex'), sequence]));
      expect(table.dataBytes).toBe(sumOf(added.map((_, sequence) => sequence)));
      expect(table.newestBytes).toBe(sumOf([...lastOf.values()]));
      expect(table.find(Buffer.from('never was here !'))).toBeUndefined();
      const distinct = new Set(added.map(([bytes]) => bytes.toString('hex')));
      const copied = Array.from({ length: table.size }, (_, entry) => {
        const copy = Buffer.alloc(16);
        table.copyKey(entry, copy, 0);
        for (const word of [0, 1, 2, 3]) {
          expect(table.wordOf(entry, word)).toBe(copy.readUInt32BE(word * 4));
        }
        return copy.toString('hex');
      });
      // In the order in which they came.
      expect(copied).toEqual([...distinct]);
    }),
    { numRuns: 300 },
  );
});

/** Keys that differ in a few bits, wherever those are. */
function keysWithBits(bits: readonly number[]): Buffer[] {
  return Array.from({ length: 2 ** bits.length }, (_, number) => {
    const bytes = Buffer.alloc(16);
    bits.forEach((bit, index) => {
      if ((number & (1 << index)) === 0) return;
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) | (1 << (bit & 7));
    });
    return bytes;
  });
}

/**
 * Keys of which every word is a multiple of 2^29: a sum of words, each times some factor, secret or not, has eight values
 * for all of them.
 */
function keysWithTopBits(bits: number): Buffer[] {
  const places = [31, 63, 95, 127].flatMap((top) =>
    Array.from({ length: bits }, (_, below) => top - below),
  );
  return keysWithBits(places);
}

/** Such keys, made to stay so where a word is mixed with another one's top bits before it is multiplied. */
function keysThatCancel(bits: number): Buffer[] {
  return keysWithTopBits(bits).map((key) => {
    for (const [from, to] of [[8, 0] as const, [12, 4] as const]) {
      const mixed = key.readUInt32LE(to) ^ (key.readUInt32LE(from) >>> 15);
      key.writeUInt32LE(mixed >>> 0, to);
    }
    return key;
  });
}

test.each([
  ['the lowest bits', keysWithBits([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])],
  ['the highest bits', keysWithBits([127, 126, 125, 124, 123, 122, 121, 120, 119, 118, 117, 116])],
  ['the highest bits of each word', keysWithTopBits(3)],
  ['bits that cancel', keysThatCancel(3)],
  ['bits all over', keysWithBits([0, 11, 22, 33, 44, 55, 66, 77, 88, 99, 110, 121])],
])('keys that differ in %s are found in few steps', (_, keys) => {
  const table = new KeyTable(randomBytes(16));
  keys.forEach((bytes, sequence) => {
    table.add(bytes, 0, sequence, 0, 0);
  });
  // At most half of the slots are taken, so a search takes 1.5 steps on average; the one for a new key 2.5.
  expect(table.steps / keys.length).toBeLessThan(3);
  table.steps = 0;
  for (const bytes of keys) table.find(bytes);
  expect(table.steps / keys.length).toBeLessThan(2);
});

test('a table spans 2^32 events, and not one more', () => {
  const table = new KeyTable(randomBytes(16));
  table.add(randomBytes(16), 0, 1_000, 0, 5);
  const last = randomBytes(16);
  table.add(last, 0, 1_000 + 2 ** 32 - 2, 1, 6);
  table.add(last, 0, 1_000 + 2 ** 32 - 2, 2, 7);
  expect(table.find(last)).toEqual({
    newest: 1_000 + 2 ** 32 - 2,
    writer: 2,
    endOfOthers: 1_000 + 2 ** 32 - 1,
    newestBytes: 7,
  });
  expect([table.dataBytes, table.newestBytes]).toEqual([18, 12]);
  expect(() => table.add(last, 0, 1_000 + 2 ** 32 - 1, 0, 0)).toThrow(RangeError);
});
