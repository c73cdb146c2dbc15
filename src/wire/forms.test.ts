import { type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import * as stubs from '../../gen/atedb/v1/wire_pb.js';
import type { MessageForm } from '../bytes/index.ts';
import * as forms from './forms.ts';

const pairs: [MessageForm, DescMessage][] = [
  [forms.clientHelloForm, stubs.ClientHelloSchema],
  [forms.serverHelloForm, stubs.ServerHelloSchema],
  [forms.parametersForm, stubs.ServerParametersSchema],
  [forms.proofForm, stubs.ServerProofSchema],
  [forms.identityForm, stubs.ServerIdentitySchema],
  [forms.clientFinishedForm, stubs.ClientFinishedSchema],
  [forms.callRequestForm, stubs.CallRequestSchema],
  [forms.callResponseForm, stubs.CallResponseSchema],
];

const kinds: Partial<Record<ScalarType, string>> = {
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.UINT64]: 'varint',
  [ScalarType.FIXED32]: 'fixed32',
};

test.each(pairs)('$0.name is as in the schema', (form, schema) => {
  expect(form.name).toBe(schema.name);
  const described = schema.fields.map((field) => ({
    number: field.number,
    name: field.name,
    kind: field.message ? 'message' : field.enum ? 'enum' : kinds[field.scalar as ScalarType],
    isRepeated: field.fieldKind === 'list',
    form: field.message?.name,
  }));
  expect(
    form.fields.map((field) => ({
      number: field.number,
      name: field.name,
      kind: field.kind,
      isRepeated: field.repeated ?? false,
      form: field.form?.name,
    })),
  ).toEqual(described);
});

test('frames have the types of the schema', () => {
  const { open, message, halfClose, status, headers } = forms.frameTypes;
  expect({
    UNSPECIFIED: 0,
    OPEN: open,
    MESSAGE: message,
    HALF_CLOSE: halfClose,
    STATUS: status,
    HEADERS: headers,
  }).toEqual(
    Object.fromEntries(
      stubs.FrameTypeSchema.values.map(({ localName, number }) => [localName, number]),
    ),
  );
});

test('each magic is that of the schema, and no other', () => {
  const values = Object.values(forms.magics);
  expect(new Set(values).size).toBe(values.length);
  const spelt = values.map((magic) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(magic);
    return `${bytes.toString('latin1', 0, 3)} ${bytes[3]}`;
  });
  expect(spelt).toEqual(['AWC 1', 'AWP 1', 'AWV 1', 'AWI 1', 'AWF 1']);
});
