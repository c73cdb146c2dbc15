import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import {
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
import { formOf } from '../../test/support/descriptor-form.ts';
import {
  hostileMessages,
  messages,
  mutate,
  mutations,
  serialise,
} from '../../test/support/random-messages.ts';
import { rounds } from '../../test/support/scale.ts';
import { checkStrict } from './index.ts';

// Holds the strict form against the generated stubs, an implementation of protobuf that isn't ours: bytes are in the
// strict form exactly where the stubs read them and write the very same bytes again, and no integer is too large, no
// enum value unknown.

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
        { numRuns: rounds({ short: 100, long: 1_000 }) },
      );
    });

    test('made by hand of right and wrong values is refused, unless the stubs write it the same', () => {
      fc.assert(
        fc.property(hostileMessages(message), (hex) => {
          const bytes = Buffer.from(hex, 'hex');
          expect(isAccepted(message, bytes)).toBe(isStrictForStubs(message, bytes));
        }),
        {
          numRuns:
            message.name === 'Everything'
              ? rounds({ short: 1_000, long: 10_000 })
              : rounds({ short: 100, long: 1_000 }),
        },
      );
    });

    test('read from any bytes is in the strict form where the stubs write the same', () => {
      const bytes = fc.uint8Array({ maxLength: 24 });
      fc.assert(
        fc.property(bytes, (input) => {
          const bytes = Buffer.from(input);
          expect(isAccepted(message, bytes)).toBe(isStrictForStubs(message, bytes));
        }),
        { numRuns: rounds({ short: 100, long: 1_000 }) },
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
