import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeVarint, FieldWriter, frame, varintBytes } from './index.ts';

const integers = fc.oneof(
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  // Around every change of a varint's length, and of the way that it is computed.
  fc
    .tuple(fc.integer({ min: 0, max: 53 }), fc.integer({ min: -2, max: 2 }))
    .map(([bits, more]) => Math.min(Math.max(2 ** bits + more, 0), Number.MAX_SAFE_INTEGER)),
);
const fieldNumbers = fc.integer({ min: 1, max: 2 ** 29 - 1 });
const contents = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

describe('varints', () => {
  test('are those of the generated stubs', () => {
    fc.assert(
      fc.property(integers, (value) => {
        const expected = Buffer.from(new BinaryWriter().uint64(BigInt(value)).finish());
        expect(encodeVarint(value)).toEqual(expected);
        expect(varintBytes(value)).toBe(expected.length);
      }),
    );
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d is a defect', (value) => {
    expect(() => encodeVarint(value)).toThrow(/is not an integer/);
    expect(() => new FieldWriter().varint(1, value)).toThrow(/is not an integer/);
    expect(() => new FieldWriter().fixed64(1, value)).toThrow(/is not an integer/);
    expect(() => new FieldWriter().fixed32(1, value)).toThrow(/is not an integer/);
  });

  test('a fixed32 beyond 32 bits is a defect', () => {
    expect(() => new FieldWriter().fixed32Always(1, 2 ** 32)).toThrow(/is not an integer/);
  });
});

describe('fields', () => {
  test('are those of the generated stubs, whatever the room at first', () => {
    const field = fc.record({ number: fieldNumbers, value: integers, content: contents });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), fc.nat(64), (fields, size) => {
        const ours = new FieldWriter(size);
        const theirs = new BinaryWriter();
        for (const { number, value, content } of fields) {
          ours.varint(number, value + 1 > Number.MAX_SAFE_INTEGER ? 1 : value + 1);
          theirs
            .tag(number, WireType.Varint)
            .uint64(BigInt(value + 1 > Number.MAX_SAFE_INTEGER ? 1 : value + 1));
          ours.fixed32Always(number, value % 2 ** 32);
          theirs.tag(number, WireType.Bit32).fixed32(value % 2 ** 32);
          if (value > 0) {
            ours.fixed64(number, value);
            theirs.tag(number, WireType.Bit64).fixed64(BigInt(value));
          }
          ours.bytesAlways(number, content).message(number, content);
          theirs.tag(number, WireType.LengthDelimited).bytes(content);
          theirs.tag(number, WireType.LengthDelimited).bytes(content);
          expect(ours.length).toBe(ours.finish().length);
        }
        expect(ours.finish()).toEqual(Buffer.from(theirs.finish()));
      }),
    );
  });

  test('that equal their default are absent, unless asked for', () => {
    const empty = Buffer.alloc(0);
    const writer = new FieldWriter()
      .varint(1, 0)
      .fixed32(2, 0)
      .fixed64(3, 0)
      .bytes(4, empty)
      .bytes(5, undefined)
      .string(6, '');
    expect(writer.length).toBe(0);
    writer.fixed32Always(7, 0).bytesAlways(8, empty).message(9, empty);
    expect(writer.finish().toString('hex')).toBe('3d0000000042004a00');
  });

  test('strings are UTF-8, and raw bytes are taken as they are', () => {
    const writer = new FieldWriter(1).string(1, 'zoë').raw(Buffer.from('1801', 'hex'));
    expect(writer.finish().toString('hex')).toBe('0a047a6fc3ab1801');
  });

  test('what was finished is not changed by what is written later', () => {
    const writer = new FieldWriter(8).varint(1, 1);
    const before = writer.finish();
    writer.bytes(2, Buffer.alloc(100, 0xff));
    expect(before.toString('hex')).toBe('0801');
    expect(writer.finish().subarray(0, 2)).toEqual(before);
  });

  test('a frame is a length-delimited field', () => {
    fc.assert(
      fc.property(fieldNumbers, contents, (number, content) => {
        expect(frame(number, content)).toEqual(new FieldWriter().message(number, content).finish());
      }),
    );
  });
});
