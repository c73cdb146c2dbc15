import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AtedbError, encodeVarint, FieldCursor, FieldWriter } from './index.ts';

interface Seen {
  field: number;
  wireType: number;
  tagStart: number;
  start: number;
  end: number;
  value: number;
}

function walk(bytes: Buffer, start?: number, end?: number): Seen[] {
  const cursor = new FieldCursor(bytes, start, end);
  const seen: Seen[] = [];
  while (cursor.next()) {
    const { field, wireType, tagStart, start, end, value } = cursor;
    seen.push({ field, wireType, tagStart, start, end, value });
  }
  return seen;
}

function refusal(act: () => unknown): AtedbError {
  try {
    act();
  } catch (error) {
    if (error instanceof AtedbError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('fields', () => {
  test('of every wire type are described where they lie', () => {
    const bytes = hex('08 9601  11 0100000001000000  1a 03 616263  25 ffffffff');
    expect(walk(bytes)).toEqual([
      { field: 1, wireType: 0, tagStart: 0, start: 1, end: 3, value: 150 },
      { field: 2, wireType: 1, tagStart: 3, start: 4, end: 12, value: 2 ** 32 + 1 },
      { field: 3, wireType: 2, tagStart: 12, start: 14, end: 17, value: 3 },
      { field: 4, wireType: 5, tagStart: 17, start: 18, end: 22, value: 0xffff_ffff },
    ]);
  });

  test('are walked within a range only', () => {
    const bytes = hex('ffff 0801 1002 ffff');
    expect(walk(bytes, 2, 6).map(({ field, value }) => [field, value])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(walk(bytes, 4, 4)).toEqual([]);
    expect(refusal(() => walk(bytes, 2, 5)).reason).toBe('NON_CANONICAL');
  });

  test('give their content as a slice, not a copy', () => {
    const bytes = hex('0a 03 616263');
    const cursor = new FieldCursor(bytes);
    expect(cursor.next()).toBe(true);
    expect(cursor.stringValue()).toBe('abc');
    const content = cursor.bytesValue();
    bytes[2] = 0x7a;
    expect(content.toString()).toBe('zbc');
  });

  test('round-trip through the writer, up to the largest of each type', () => {
    const values = fc.nat({ max: Number.MAX_SAFE_INTEGER }).map((value) => Math.max(value, 1));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 29 - 1 }), values, (number, value) => {
        const bytes = new FieldWriter()
          .varint(number, value)
          .fixed64(number, value)
          .fixed32(number, value % 2 ** 32 || 1)
          .varint(number, Number.MAX_SAFE_INTEGER)
          .fixed64(number, Number.MAX_SAFE_INTEGER)
          .finish();
        expect(walk(bytes).map((seen) => seen.value)).toEqual([
          value,
          value,
          value % 2 ** 32 || 1,
          Number.MAX_SAFE_INTEGER,
          Number.MAX_SAFE_INTEGER,
        ]);
        expect(walk(bytes).every((seen) => seen.field === number)).toBe(true);
      }),
    );
  });
});

describe('refused is', () => {
  test.each([
    ['a tag that is cut short', '80', 0],
    ['a tag without a value', '08', 1],
    ['a varint that is cut short', '08 80', 1],
    ['a fixed32 that is cut short', '0801 15 000000', 2],
    ['a fixed64 that is cut short', '11 00000000000000', 0],
    ['a length that is cut short', '0a 80', 1],
    ['a content that is cut short', '0a 03 6162', 0],
    ['a length near 2^53', '0a ffffffffffffff0f', 0],
    ['a tag that is longer than it need be', '8800 01', 0],
    ['a varint that is longer than it need be', '08 8000', 1],
    ['a zero of ten bytes', '08 80808080808080808000', 1],
    ['a length that is longer than it need be', '0a 8300 616263', 1],
    ['2^53', '08 8080808080808010', 1],
    ['2^64 - 1', '08 ffffffffffffffffff01', 1],
    ['a varint without an end', '08 ffffffffffffffffffffffff', 1],
    ['a fixed64 of 2^53', '09 0000000000002000', 1],
    ['field number 0', '00 01', 0],
    ['field number 0 with a length', '02 00', 0],
    ['a field number beyond 2^29 - 1', '8080808010 01', 0],
    ['a start of a group', '0b 0c', 0],
    ['an end of a group', '0c', 0],
    ['wire type 6', '0e 00', 0],
    ['wire type 7', '0f 00', 0],
  ])('%s', (_, text, offset) => {
    const error = refusal(() => walk(hex(text)));
    expect(error.reason).toBe('NON_CANONICAL');
    expect(error.metadata.offset).toBe(String(offset));
    expect(error.message).toContain(`offset ${offset}`);
  });

  test('a string that is not UTF-8', () => {
    for (const content of ['ff', 'c080', 'eda080', 'c3', `${'61'.repeat(100)}80`]) {
      const cursor = new FieldCursor(new FieldWriter().bytes(1, hex(content)).finish());
      cursor.next();
      expect(refusal(() => cursor.stringValue()).reason).toBe('NON_CANONICAL');
    }
  });

  test('reading a number as bytes or text', () => {
    const cursor = new FieldCursor(hex('0861'));
    cursor.next();
    expect(refusal(() => cursor.bytesValue()).reason).toBe('NON_CANONICAL');
    expect(refusal(() => cursor.stringValue()).reason).toBe('NON_CANONICAL');
  });

  test('with the name of the message that was given', () => {
    const error = refusal(() => new FieldCursor(hex('08'), 0, 1, 'SealHeader').next());
    expect(error.message).toMatch(/^SealHeader /);
    expect(error.metadata.where).toBe('SealHeader');
  });
});

describe('any bytes', () => {
  test('are walked or refused, and every step ends within them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
        const bytes = Buffer.from(input);
        try {
          let last = 0;
          for (const { tagStart, start, end } of walk(bytes)) {
            expect(tagStart).toBe(last);
            expect(start).toBeGreaterThan(tagStart);
            expect(end).toBeGreaterThanOrEqual(start);
            last = end;
          }
          expect(last).toBe(bytes.length);
        } catch (error) {
          expect(error).toMatchObject({ reason: 'NON_CANONICAL' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a varint is taken exactly when the stubs read it and write it the same', () => {
    const varints = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 11 }),
      fc.nat({ max: Number.MAX_SAFE_INTEGER }).map((value) => encodeVarint(value)),
    );
    fc.assert(
      fc.property(varints, (input) => {
        const bytes = Buffer.concat([Buffer.of(0x08), input]);
        let ours: number | undefined;
        try {
          const cursor = new FieldCursor(bytes);
          cursor.next();
          ours = cursor.end === bytes.length ? cursor.value : undefined;
        } catch {
          ours = undefined;
        }
        expect(ours).toBe(stubVarint(input));
      }),
      { numRuns: 2000 },
    );
  });
});

/** The value that the stubs read, where they would write it so and it fits a number. */
function stubVarint(bytes: Uint8Array): number | undefined {
  try {
    const value = new BinaryReader(bytes).uint64();
    const again = Buffer.from(new BinaryWriter().uint64(value).finish());
    const fits = BigInt(value) <= BigInt(Number.MAX_SAFE_INTEGER);
    return again.equals(bytes) && fits ? Number(value) : undefined;
  } catch {
    return undefined;
  }
}
