import {
  create,
  createFileRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import {
  FeatureSet_FieldPresence,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file_atedb_v1_chain } from '../../gen/atedb/v1/chain_pb.js';
import { file_atedb_v1_event } from '../../gen/atedb/v1/event_pb.js';
import { file_atedb_v1_log } from '../../gen/atedb/v1/log_pb.js';
import {
  checkStrict,
  encodeVarint,
  FieldCursor,
  type FieldForm,
  type MessageForm,
} from './index.ts';

// Holds the strict form against the generated stubs, an implementation of protobuf that isn't ours: bytes are in the
// strict form exactly where the stubs read them and write the very same bytes again, and no integer is too large, no
// enum value unknown.

const scalarKinds: Partial<Record<ScalarType, FieldForm['kind']>> = {
  [ScalarType.UINT64]: 'varint',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.FIXED32]: 'fixed32',
  [ScalarType.FIXED64]: 'fixed64',
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.STRING]: 'string',
};

const forms = new Map<DescMessage, MessageForm>();

/** The strict form that follows from a descriptor alone. */
function formOf(message: DescMessage): MessageForm {
  const known = forms.get(message);
  if (known !== undefined) return known;
  const fields: FieldForm[] = [];
  const form = { name: message.name, fields };
  forms.set(message, form);
  const ascending = [...message.fields].sort((a, b) => a.number - b.number);
  fields.push(...ascending.map(fieldFormOf));
  return form;
}

function fieldFormOf(field: DescField): FieldForm {
  return {
    number: field.number,
    name: field.name,
    kind: kindOf(field),
    ...(field.fieldKind === 'list' && { repeated: true as const }),
    ...(hasPresence(field) && { presence: true as const }),
    ...(field.enum && {
      values: field.enum.values.map(({ number }) => number).filter((number) => number !== 0),
    }),
    ...(field.message && { form: formOf(field.message) }),
    ...(field.oneof && { oneof: field.oneof.name }),
  };
}

/** Members of a oneof have it by being that. */
function hasPresence({ presence, oneof }: DescField): boolean {
  return presence === FeatureSet_FieldPresence.EXPLICIT && oneof === undefined;
}

function kindOf(field: DescField): FieldForm['kind'] {
  if (field.message) return 'message';
  if (field.enum) return 'enum';
  const kind = field.scalar && scalarKinds[field.scalar];
  if (kind === undefined) throw new Error(`no strict form has the type of ${field.toString()}`);
  return kind;
}

/** A message of every kind of field that a strict form can have, in all their presences, with short and long tags. */
function everything(): DescMessage {
  const types = [
    Type.UINT64,
    Type.UINT32,
    Type.BOOL,
    Type.FIXED32,
    Type.FIXED64,
    Type.BYTES,
    Type.STRING,
    Type.ENUM,
    Type.MESSAGE,
  ];
  const typeName = (type: Type) =>
    type === Type.ENUM ? '.t.Choice' : type === Type.MESSAGE ? '.t.Everything' : '';
  const field = (prefix: string, first: number, step: number, more: object) =>
    types.map((type, index) => ({
      name: `${prefix}_${Type[type].toLowerCase()}`,
      number: first + index * step,
      label: Label.OPTIONAL,
      type,
      typeName: typeName(type),
      ...more,
    }));
  const optionals = field('optional', 2, 3, { proto3Optional: true });
  const file = create(FileDescriptorProtoSchema, {
    name: 't.proto',
    package: 't',
    syntax: 'proto3',
    enumType: [
      {
        name: 'Choice',
        value: [0, 1, 5, 300].map((number) => ({ name: `CHOICE_${number}`, number })),
      },
    ],
    messageType: [
      {
        name: 'Everything',
        field: [
          ...field('plain', 1, 3, {}),
          ...optionals.map((one, index) => ({ ...one, oneofIndex: index + 2 })),
          // Packed where they can be.
          ...field('repeated', 3, 3, { label: Label.REPEATED }),
          // The members of two oneofs lie between each other.
          ...field('first', 1000, 2, { oneofIndex: 0 }),
          ...field('second', 2 ** 29 - 40, 2, { oneofIndex: 1 }),
          ...field('first_too', 2 ** 29 - 39, 2, { oneofIndex: 0 }),
        ],
        oneofDecl: [
          { name: 'first' },
          { name: 'second' },
          ...optionals.map(({ name }) => ({ name: `_${name}` })),
        ],
      },
    ],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  const message = registry.getMessage('t.Everything');
  if (message === undefined) throw new Error('the message of every kind was not built');
  return message;
}

const uint64 = fc.oneof(fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER)).map(BigInt);
const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const scalarValues: Partial<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.UINT64]: fc.oneof(fc.constant(0n), uint64),
  [ScalarType.UINT32]: uint32,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.FIXED32]: uint32,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 40 }),
  [ScalarType.STRING]: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constant('\ufeffbom'),
    fc.string({ minLength: 120, maxLength: 200 }),
  ),
};

/** Any message of a descriptor, to be given to `create`. */
function messages(message: DescMessage, depth = 0): fc.Arbitrary<object> {
  const one = (field: DescField): fc.Arbitrary<unknown> => {
    if (field.message) return messages(field.message, depth + 1);
    if (field.enum) return fc.constantFrom(...field.enum.values.map(({ number }) => number));
    return (field.scalar && scalarValues[field.scalar]) ?? fc.constant(undefined);
  };
  const value = (field: DescField) => {
    if (field.message && depth >= 2) return fc.constant(undefined);
    return field.fieldKind === 'list' ? fc.array(one(field), { maxLength: 3 }) : one(field);
  };
  const defined = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.option(arbitrary, { nil: undefined, freq: depth === 0 ? 3 : 1 });
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const member of message.members) {
    if (member.kind === 'field') parts[member.localName] = defined(value(member));
    else {
      const cases = member.fields
        .filter((field) => !field.message || depth < 2)
        .map((field) => one(field).map((value) => ({ case: field.localName, value })));
      parts[member.localName] =
        cases.length === 0 ? fc.constant(undefined) : defined(fc.oneof(...cases));
    }
  }
  return fc.record(parts);
}

function serialise(message: DescMessage, init: object): Buffer {
  return Buffer.from(toBinary(message, create(message, init as MessageInitShape<DescMessage>)));
}

/** Ways in which bytes are spoilt: blind ones, and ones that keep the framing. */
const mutations = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'flip',
      'set',
      'delete',
      'insert',
      'truncate',
      'lengthen varint',
      'duplicate field',
      'swap fields',
      'drop field',
    ),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    byte: fc.nat(255),
  }),
  { minLength: 1, maxLength: 3 },
);

type Mutation = typeof mutations extends fc.Arbitrary<(infer T)[]> ? T : never;

function mutate(bytes: Buffer, { kind, at, byte }: Mutation): Buffer {
  const offset = Math.floor(at * bytes.length);
  const before = bytes.subarray(0, offset);
  const rest = bytes.subarray(offset);
  const first = rest[0] ?? 0;
  switch (kind) {
    case 'flip':
      return Buffer.concat([before, Buffer.of(first ^ (1 << (byte % 8))), rest.subarray(1)]);
    case 'set':
      return Buffer.concat([before, Buffer.of(byte), rest.subarray(1)]);
    case 'delete':
      return Buffer.concat([before, rest.subarray(1 + (byte % 3))]);
    case 'insert':
      return Buffer.concat([before, Buffer.of(byte), rest]);
    case 'truncate':
      return before;
    case 'lengthen varint':
      return Buffer.concat([before, Buffer.of(first | 0x80, first >> 7), rest.subarray(1)]);
    default:
      return mutateFields(bytes, kind, at);
  }
}

function mutateFields(bytes: Buffer, kind: string, at: number): Buffer {
  const fields: Buffer[] = [];
  try {
    const cursor = new FieldCursor(bytes);
    while (cursor.next()) fields.push(bytes.subarray(cursor.tagStart, cursor.end));
  } catch {
    return bytes;
  }
  const index = Math.floor(at * fields.length);
  const field = fields[index];
  if (field === undefined) return bytes;
  if (kind === 'duplicate field') fields.splice(index, 0, field);
  else if (kind === 'drop field') fields.splice(index, 1);
  else fields.splice(index, 2, ...fields.slice(index, index + 2).reverse());
  return Buffer.concat(fields);
}

const varints = fc.constantFrom(
  ...['00', '01', '02', '05', '7f', '8000', '8100', 'ac02', 'ffffffff0f', '8080808010'],
  ...['8180808010', 'ffffffffffffff0f', '8080808080808010', 'ffffffffffffffffff01'],
);
const contents = fc.constantFrom('', '61', 'c3a9', 'c3', 'ff', 'efbbbf', 'eda080', '0801', '00');
const fixed32s = fc.constantFrom('00000000', '01000000', 'ffffffff');
const fixed64s = fc.constantFrom(
  ...['0000000000000000', '0100000000000000', 'ffffffffffff1f00', '0000000000002000'],
  'ffffffffffffffff',
);

/** A message made of whole fields that are mostly known and in order, but with values that may not be: in hex. */
function hostileMessages(message: DescMessage, depth = 0): fc.Arbitrary<string> {
  const ascending = [...message.fields].sort((a, b) => a.number - b.number);
  const field = (one: DescField) => {
    const again = fc.integer({ min: 0, max: 9 }).map((odds) => (odds === 0 ? 2 : 1));
    return fc
      .tuple(again, fc.array(hostileValues(one, depth), { minLength: 2, maxLength: 2 }))
      .map(([count, values]) => values.slice(0, count).join(''));
  };
  return fc
    .subarray(ascending, { maxLength: Math.min(4, ascending.length) })
    .chain((chosen) => fc.tuple(...chosen.map(field)))
    .map((fields) => fields.join(''));
}

function hostileValues(field: DescField, depth: number): fc.Arbitrary<string> {
  const { number } = field;
  const kind = kindOf(field);
  const isPacked = field.fieldKind === 'list' && field.packed;
  const tag = (wireType: number) => encodeVarint(number * 8 + wireType).toString('hex');
  const framed = (content: string) =>
    `${encodeVarint(content.length / 2).toString('hex')}${content}`;
  const [wireType, values] =
    kind === 'fixed32'
      ? ([5, fixed32s] as const)
      : kind === 'fixed64'
        ? ([1, fixed64s] as const)
        : kind === 'bytes' || kind === 'string'
          ? ([2, contents.map(framed)] as const)
          : kind === 'message'
            ? ([2, hostileContent(field, depth).map(framed)] as const)
            : ([0, varints] as const);
  const single = values.map((value) => `${tag(wireType)}${value}`);
  if (!isPacked) return single;
  const elements = fc.array(values, { maxLength: 3 }).map((all) => all.join(''));
  const cutShort = elements.map((all) => all.slice(0, -2));
  const packed = fc.oneof({ weight: 5, arbitrary: elements }, { weight: 1, arbitrary: cutShort });
  const framedPacked = packed.map((all) => `${tag(2)}${framed(all)}`);
  return fc.oneof({ weight: 5, arbitrary: framedPacked }, { weight: 1, arbitrary: single });
}

function hostileContent(field: DescField, depth: number): fc.Arbitrary<string> {
  return field.message && depth < 2 ? hostileMessages(field.message, depth + 1) : contents;
}

function isAccepted(message: DescMessage, bytes: Buffer): boolean {
  try {
    checkStrict(formOf(message), bytes);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ reason: 'NON_CANONICAL' });
    return false;
  }
}

/** Whether bytes are in the strict form, by the word of the stubs alone. */
function isStrictForStubs(message: DescMessage, bytes: Buffer): boolean {
  try {
    const decoded = fromBinary(message, bytes, { readUnknownFields: false });
    return bytes.equals(toBinary(message, decoded)) && holdsKnownValues(message, decoded);
  } catch {
    return false;
  }
}

function holdsKnownValues(message: DescMessage, value: object): boolean {
  const record = value as Record<string, unknown>;
  return message.fields.every((field) => {
    const holder =
      field.oneof && (record[field.oneof.localName] as { case?: string; value?: unknown });
    const found = holder
      ? holder.case === field.localName
        ? holder.value
        : undefined
      : record[field.localName];
    const all = found === undefined ? [] : Array.isArray(found) ? found : [found];
    return all.every((one) => {
      if (field.message) return holdsKnownValues(field.message, one);
      if (field.enum) return field.enum.value[one as number] !== undefined;
      return typeof one !== 'bigint' || one <= BigInt(Number.MAX_SAFE_INTEGER);
    });
  });
}

function messagesOf(file: DescFile): DescMessage[] {
  // The strict form has no maps, and the one message that has one is never sealed or stored.
  return file.messages.filter(({ fields }) => fields.every(({ fieldKind }) => fieldKind !== 'map'));
}

const schemas = [file_atedb_v1_event, file_atedb_v1_log, file_atedb_v1_chain]
  .flatMap(messagesOf)
  .filter(({ fields }) => fields.every(({ message }) => message?.name !== 'Rejected'))
  .concat(everything());

describe.each(schemas.map((message) => [message.typeName, message] as const))(
  '%s',
  (_, message) => {
    test('as the stubs write it is in the strict form', () => {
      fc.assert(
        fc.property(messages(message), (init) => {
          checkStrict(formOf(message), serialise(message, init));
        }),
      );
    });

    test('spoilt is refused, unless the stubs write it the same', () => {
      fc.assert(
        fc.property(messages(message), mutations, (init, changes) => {
          const bytes = changes.reduce(mutate, serialise(message, init));
          expect(isAccepted(message, bytes)).toBe(isStrictForStubs(message, bytes));
        }),
        { numRuns: 300 },
      );
    });

    test('made by hand of right and wrong values is refused, unless the stubs write it the same', () => {
      fc.assert(
        fc.property(hostileMessages(message), (hex) => {
          const bytes = Buffer.from(hex, 'hex');
          expect(isAccepted(message, bytes)).toBe(isStrictForStubs(message, bytes));
        }),
        { numRuns: message.name === 'Everything' ? 3000 : 200 },
      );
    });

    test('read from any bytes is in the strict form where the stubs write the same', () => {
      const bytes = fc.uint8Array({ maxLength: 24 });
      fc.assert(
        fc.property(bytes, (input) => {
          const bytes = Buffer.from(input);
          expect(isAccepted(message, bytes)).toBe(isStrictForStubs(message, bytes));
        }),
        { numRuns: 300 },
      );
    });
  },
);

test('the messages of the schema are here, and spoilt bytes are both refused and accepted', () => {
  expect(schemas.length).toBeGreaterThan(35);
  const message = everything();
  let accepted = 0;
  const samples = fc.sample(fc.tuple(messages(message), mutations), { numRuns: 500, seed: 1 });
  for (const [init, changes] of samples) {
    if (isAccepted(message, changes.reduce(mutate, serialise(message, init)))) accepted += 1;
  }
  expect(accepted).toBeGreaterThan(20);
  expect(accepted).toBeLessThan(480);
});
