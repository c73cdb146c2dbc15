import {
  create,
  type DescField,
  type DescMessage,
  type MessageInitShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import fc from 'fast-check';
import { encodeVarint, FieldCursor } from '../../src/bytes/index.ts';
import { kindOf } from './descriptor-form.ts';

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
export function messages(message: DescMessage, depth = 0): fc.Arbitrary<object> {
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

/** As the stubs write it. */
export function serialise(message: DescMessage, init: object): Buffer {
  return Buffer.from(toBinary(message, create(message, init as MessageInitShape<DescMessage>)));
}

/** Ways in which bytes are spoilt: blind ones, and ones that keep the framing. */
export const mutations = fc.array(
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

/** Spoil bytes in one way. */
export function mutate(bytes: Buffer, { kind, at, byte }: Mutation): Buffer {
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
export function hostileMessages(message: DescMessage, depth = 0): fc.Arbitrary<string> {
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
