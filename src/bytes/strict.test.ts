import { describe, expect, test } from 'vitest';
import { AtedbError, checkStrict, FieldWriter, type MessageForm } from './index.ts';

const inner: MessageForm = {
  name: 'Inner',
  fields: [{ number: 1, name: 'text', kind: 'string', lengthMax: 3, required: true }],
};

const outer: MessageForm = {
  name: 'Outer',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: 0x01020304, required: true },
    { number: 2, name: 'kind', kind: 'enum', values: [1, 2, 7] },
    { number: 3, name: 'id', kind: 'bytes', length: 4 },
    { number: 5, name: 'inner', kind: 'message', form: inner },
    { number: 6, name: 'many', kind: 'message', form: inner, repeated: true, countMax: 2 },
    { number: 7, name: 'numbers', kind: 'varint', repeated: true, countMax: 3 },
    { number: 8, name: 'crc', kind: 'fixed32', presence: true },
    { number: 9, name: 'hashes', kind: 'bytes', repeated: true, length: 4 },
    { number: 10, name: 'flag', kind: 'bool' },
    { number: 11, name: 'small', kind: 'uint32' },
    { number: 20, name: 'tail', kind: 'varint' },
  ],
};

const magic = '0d04030201';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function refusal(form: MessageForm, text: string): AtedbError {
  try {
    checkStrict(form, hex(text));
  } catch (error) {
    if (error instanceof AtedbError) return error;
    throw error;
  }
  throw new Error(`${text} was not refused`);
}

describe('accepted is', () => {
  test.each([
    ['the least', magic],
    [
      'every field',
      `${magic} 1007 1a0401020304 2a030a0161 32030a0161 3203 0a0162` +
        ' 3a03000102 4500000000 4a0401020304 4a0405060708 5001 58ffffffff0f a00101',
    ],
    ['repeated elements up to the limit', `${magic} 32030a0161 32030a0162`],
    ['content up to the limit', `${magic} 2a050a03616263`],
    ['packed elements that are zero', `${magic} 3a03000000`],
    ['an explicit zero', `${magic} 4500000000`],
  ])('%s', (_, text) => {
    checkStrict(outer, hex(text));
  });

  test('a message within a range', () => {
    checkStrict(outer, hex(`ffff ${magic} 1001 ffff`), 2, 9);
  });
});

describe('refused is', () => {
  test.each([
    ['nothing, where a field is required', '', 'Outer.magic', 0, /missing/],
    ['another field than the required one', '1001', 'Outer.magic', 0, /missing/],
    ['another magic', '0d04030202', 'Outer.magic', 1, /must be 16909060/],
    ['an unknown field', `${magic} 2001`, 'Outer.4', 5, /not known/],
    ['an unknown field at the end', `${magic} a80101`, 'Outer.21', 5, /not known/],
    ['a field out of order', `${magic} 1a0401020304 1001`, 'Outer.kind', 11, /higher number/],
    ['a field twice', `${magic} 1001 1001`, 'Outer.kind', 7, /twice/],
    ['a message twice', `${magic} 2a030a0161 2a030a0161`, 'Outer.inner', 10, /twice/],
    [
      'a repeated field that was interrupted',
      `${magic} 32030a0161 3a0101 32030a0161`,
      'Outer.many',
      13,
      /higher/,
    ],
    ['a packed field twice', `${magic} 3a0101 3a0101`, 'Outer.numbers', 8, /twice/],
    ['a scalar that is not packed', `${magic} 3801`, 'Outer.numbers', 5, /wire type 0, where 2/],
    ['an empty packed field', `${magic} 3a00`, 'Outer.numbers', 5, /empty/],
    [
      'a packed element that is longer than it need be',
      `${magic} 3a028000`,
      'Outer',
      7,
      /longer than it need be/,
    ],
    ['a packed element that is cut short', `${magic} 3a0180`, 'Outer', 7, /cut short/],
    ['another wire type', `${magic} 1201ff`, 'Outer.kind', 5, /wire type 2, where 0/],
    ['a default', `${magic} 1000`, 'Outer.kind', 5, /equals its default/],
    ['empty bytes', `${magic} 1a00`, 'Outer.id', 5, /equals its default/],
    ['false', `${magic} 5000`, 'Outer.flag', 5, /equals its default/],
    ['a bool of 2', `${magic} 5002`, 'Outer.flag', 6, /is 2, and may be at most 1/],
    ['an unknown enum value', `${magic} 1003`, 'Outer.kind', 6, /3, which is not a known value/],
    ['a uint32 of 2^32', `${magic} 588080808010`, 'Outer.small', 6, /at most 4294967295/],
    ['bytes that are too short', `${magic} 1a03010203`, 'Outer.id', 7, /3 bytes, and must be 4/],
    ['bytes that are too long', `${magic} 1a050102030405`, 'Outer.id', 7, /5 bytes, and must be 4/],
    [
      'a repeated element of another length',
      `${magic} 4a0401020304 4a00`,
      'Outer.hashes',
      13,
      /must be 4/,
    ],
    ['too long a string', `${magic} 2a060a0461626364`, 'Inner.text', 9, /may be at most 3/],
    ['text that is not UTF-8', `${magic} 2a030a01ff`, 'Inner.text', 9, /UTF-8/],
    ['an inner message without what it needs', `${magic} 2a00`, 'Inner.text', 7, /missing/],
    ['an inner field that reaches out', `${magic} 2a020a01 61`, 'Inner', 7, /beyond its message/],
    [
      'one element too many',
      `${magic} 32030a0161 32030a0161 32030a0161`,
      'Outer.many',
      15,
      /more elements than the 2/,
    ],
    [
      'one packed element too many',
      `${magic} 3a0400000000`,
      'Outer.numbers',
      7,
      /more elements than the 3/,
    ],
    ['a group', `${magic} 1314`, 'Outer', 5, /wire type 3/],
    ['bytes behind the end', `${magic} 00`, 'Outer', 5, /no tag/],
  ])('%s', (_, text, where, offset, why) => {
    const error = refusal(outer, text);
    expect(error.reason).toBe('NON_CANONICAL');
    expect(error.message).toMatch(why);
    expect(error.metadata).toEqual({ where, offset: String(offset) });
    expect(error.message).toContain(where);
  });
});

describe('a oneof', () => {
  const choice = (required: boolean): MessageForm => ({
    name: 'Choice',
    fields: [
      { number: 1, name: 'a', kind: 'varint', oneof: 'what', ...(required && { required: true }) },
      { number: 2, name: 'between', kind: 'varint' },
      { number: 3, name: 'b', kind: 'varint', oneof: 'what', ...(required && { required: true }) },
      { number: 4, name: 'c', kind: 'varint', oneof: 'other' },
    ],
  });

  test.each(['0801', '0800', '1801', '0801 1001', '1001 1800', '0801 2001'])(
    '%s is accepted',
    (text) => {
      checkStrict(choice(true), hex(text));
    },
  );

  test('may be absent, unless it is required', () => {
    checkStrict(choice(false), hex(''));
    checkStrict(choice(false), hex('2001'));
    expect(refusal(choice(true), '').message).toMatch(/no field of a oneof/);
    expect(refusal(choice(true), '1001 2001').message).toMatch(/no field of a oneof/);
  });

  test('holds one field only', () => {
    const error = refusal(choice(false), '0801 1801');
    expect(error.metadata).toEqual({ where: 'Choice.b', offset: '2' });
    expect(error.message).toMatch(/another field of its oneof/);
  });
});

describe('a table with a defect is not used', () => {
  test.each([
    ['fields that do not ascend', [2, 1]],
    ['a field twice', [1, 1]],
  ])('%s', (_, numbers) => {
    const fields = numbers.map((number) => ({
      number,
      name: `f${number}`,
      kind: 'varint' as const,
    }));
    expect(() => checkStrict({ name: 'M', fields }, hex(''))).toThrow(/does not ascend/);
  });

  test('a message without a form, an enum without values', () => {
    const one = (kind: 'message' | 'enum') => ({
      name: 'M',
      fields: [{ number: 1, name: 'f', kind }],
    });
    expect(() => checkStrict(one('message'), hex(''))).toThrow(/have a form/);
    expect(() => checkStrict(one('enum'), hex(''))).toThrow(/have values/);
  });
});

test('a message that holds its own kind is checked at every depth', () => {
  const fields: MessageForm['fields'][number][] = [];
  const tree: MessageForm = { name: 'Tree', fields };
  fields.push({ number: 1, name: 'child', kind: 'message', form: tree });
  fields.push({ number: 2, name: 'leaf', kind: 'varint' });
  let bytes = new FieldWriter().varint(2, 1).finish();
  for (let depth = 0; depth < 50; depth += 1) bytes = new FieldWriter().message(1, bytes).finish();
  checkStrict(tree, bytes);
  bytes[bytes.length - 1] = 0;
  expect(() => checkStrict(tree, bytes)).toThrow(/Tree\.leaf/);
});
