import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectLocated } from '../../test/support/located.ts';
import { mutate, mutations } from '../../test/support/random-messages.ts';
import {
  encodeVarint,
  type FieldForm,
  type FieldKind,
  FieldLocator,
  FieldWriter,
  fieldPlace,
  type MessageForm,
} from './index.ts';

const inner: MessageForm = {
  name: 'Inner',
  fields: [{ number: 1, name: 'value', kind: 'varint', required: true }],
};

const kinds: FieldKind[] = [
  ...(['varint', 'uint32', 'bool', 'enum', 'fixed32', 'fixed64', 'bytes', 'string'] as const),
  'message',
];

/** Whatever a field may be that isn't repeated. */
const anyField = fc
  .record({
    kind: fc.constantFrom(...kinds),
    size: fc.nat(5),
    odds: fc.nat(3),
    isRequired: fc.boolean(),
  })
  .map(({ kind, size, odds, isRequired }): Omit<FieldForm, 'number' | 'name'> => {
    const hasLength = kind === 'bytes' || kind === 'string';
    return {
      kind,
      ...(kind === 'message' && { form: inner }),
      ...(kind === 'enum' && { values: odds === 0 ? [1, 40] : [1, 2, 5] }),
      ...(kind === 'fixed32' && odds > 1 && { equals: 0x81020304 }),
      ...(kind === 'varint' && odds === 1 && { equals: 3 }),
      ...(hasLength && odds === 1 && { length: size }),
      ...(hasLength && odds === 2 && { lengthMax: size }),
      ...(odds === 3 && { presence: true }),
      ...(isRequired && { required: true }),
    };
  });

const numbers = fc.uniqueArray(
  fc.oneof(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 32, max: 3000 })),
  { minLength: 1, maxLength: 6 },
);

const anyForm = fc.tuple(numbers, fc.array(anyField, { minLength: 6, maxLength: 6 })).map(
  ([chosen, fields]): MessageForm => ({
    name: 'Any',
    fields: [...chosen]
      .sort((a, b) => a - b)
      .map((number, index) => ({
        ...(fields[index] as (typeof fields)[number]),
        number,
        name: `f${number}`,
      })),
  }),
);

const integers = [0, 1, 2, 3, 5, 40, 127, 128, 16_384, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1];
const anyInteger = fc.constantFrom(...integers, 2 ** 32, 2 ** 49 - 1, 2 ** 49, 2 ** 53 - 1);
const anyContent = fc.constantFrom(
  ...['', 'a', 'abc', 'é', 'abcde', 'a'.repeat(70), `${'b'.repeat(200)}ö`, '\u0000'],
);
const oneValue = fc.record({ number: anyInteger, text: anyContent, isThere: fc.nat(5) });

type Value = typeof oneValue extends fc.Arbitrary<infer T> ? T : never;

/** A message that mostly fits a form. */
function messageOf(form: MessageForm, values: readonly Value[]): Buffer {
  const writer = new FieldWriter();
  form.fields.forEach(({ number, kind, equals }, index) => {
    const { number: integer, text, isThere } = values[index] as Value;
    if (isThere === 0) return;
    const content = Buffer.from(text);
    if (kind === 'fixed32') writer.fixed32Always(number, equals ?? integer % 2 ** 32);
    else if (kind === 'fixed64') writer.fixed64(number, integer);
    else if (kind === 'message')
      writer.message(number, new FieldWriter().varint(1, integer).finish());
    else if (kind === 'bytes' || kind === 'string') writer.bytesAlways(number, content);
    else writer.raw(Buffer.concat([encodeVarint(number * 8), encodeVarint(equals ?? integer)]));
  });
  return writer.finish();
}

test('a locator accepts and refuses what the table-driven check does, in any form', () => {
  let accepted = 0;
  const values = fc.array(oneValue, { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(anyForm, values, mutations, (form, chosen, changes) => {
      const locator = new FieldLocator(form);
      const message = messageOf(form, chosen);
      if (expectLocated(form, locator, message)) accepted += 1;
      expectLocated(form, locator, changes.reduce(mutate, message));
    }),
    { numRuns: 3_000 },
  );
  expect(accepted).toBeGreaterThan(300);
});

test('bytes that are cut anywhere, or go on, are judged alike', () => {
  const form: MessageForm = {
    name: 'Long',
    fields: [
      { number: 1, name: 'magic', kind: 'fixed32', equals: 0x01020304 },
      { number: 2, name: 'count', kind: 'uint32' },
      { number: 3, name: 'id', kind: 'bytes', length: 16 },
      { number: 20, name: 'text', kind: 'string' },
      { number: 30, name: 'time', kind: 'varint' },
    ],
  };
  const locator = new FieldLocator(form);
  const message = new FieldWriter()
    .fixed32(1, 0x01020304)
    .varint(2, 300)
    .bytes(3, Buffer.alloc(16, 5))
    .string(20, 'ä'.repeat(40))
    .varint(30, 1_700_000_000_000)
    .finish();
  for (let end = 0; end <= message.length; end += 1) {
    expectLocated(form, locator, message.subarray(0, end));
  }
  expect(expectLocated(form, locator, message)).toBe(true);
  expect(expectLocated(form, locator, Buffer.concat([message, Buffer.of(0)]))).toBe(false);
});

test('forms that it is not for, and names that are not there, are defects', () => {
  const repeated: MessageForm = {
    name: 'R',
    fields: [{ number: 1, name: 'many', kind: 'bytes', repeated: true }],
  };
  expect(() => new FieldLocator(repeated)).toThrow(/repeated/);
  expect(() => fieldPlace(inner, 'other')).toThrow(/no field other/);
  expect(fieldPlace(inner, 'value')).toBe(0);
});
