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
        table.add(Buffer.concat([Buffer.alloc(3), bytes]), 3, 2 * sequence, writer);
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
        });
      }
      expect(table.find(Buffer.from('never was here !'))).toBeUndefined();
      const distinct = new Set(added.map(([bytes]) => bytes.toString('hex')));
      const sorted = [...table.sorted()].map((entry) => {
        const copy = Buffer.alloc(16);
        table.copyKey(entry, copy, 0);
        return copy.toString('hex');
      });
      expect(sorted).toEqual([...distinct].sort());
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

test.each([
  ['the lowest bits', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['the highest bits', [127, 126, 125, 124, 123, 122, 121, 120, 119, 118, 117, 116]],
  ['the highest bits of each word', [31, 63, 95, 127, 30, 62, 94, 126, 29, 61, 93, 125]],
  ['bits all over', [0, 11, 22, 33, 44, 55, 66, 77, 88, 99, 110, 121]],
])('keys that differ in %s are found in few steps', (_, bits) => {
  const keys = keysWithBits(bits);
  const table = new KeyTable(randomBytes(16));
  keys.forEach((bytes, sequence) => {
    table.add(bytes, 0, sequence, 0);
  });
  table.steps = 0;
  for (const bytes of keys) table.find(bytes);
  expect(table.steps / keys.length).toBeLessThan(8);
});
