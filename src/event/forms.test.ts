import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AuthAnswerHeaderSchema, AuthAnswerSchema } from '../../gen/atedb/v1/answer_pb.js';
import {
  EventHeaderSchema,
  EventSchema,
  GenesisSchema,
  PreconditionSchema,
  PublicKeySchema,
  SealHeaderSchema,
  SealSchema,
  SignatureSchema,
} from '../../gen/atedb/v1/event_pb.js';
import {
  AuthoritySnapshotSchema,
  CommitHeaderSchema,
  CommitSchema,
  GapSchema,
} from '../../gen/atedb/v1/log_pb.js';
import type { FieldForm, MessageForm } from '../bytes/index.ts';
import { authAnswerForm, authAnswerHeaderForm } from './auth-answer-forms.ts';
import * as forms from './forms.ts';
import { gapForm, goneEventForm } from './snapshot-forms.ts';

const pairs: [MessageForm, DescMessage][] = [
  [forms.publicKeyForm, PublicKeySchema],
  [forms.genesisForm, GenesisSchema],
  [forms.eventHeaderForm, EventHeaderSchema],
  [forms.preconditionForm, PreconditionSchema],
  [forms.sealHeaderForm, SealHeaderSchema],
  [forms.signatureForm, SignatureSchema],
  [forms.sealForm, SealSchema],
  [forms.commitHeaderForm, CommitHeaderSchema],
  [forms.commitForm, CommitSchema],
  [forms.authoritySnapshotForm, AuthoritySnapshotSchema],
  [gapForm, GapSchema],
  [authAnswerForm, AuthAnswerSchema],
  [authAnswerHeaderForm, AuthAnswerHeaderSchema],
];

const scalarKinds: Partial<Record<ScalarType, FieldForm['kind']>> = {
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.STRING]: 'string',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.UINT64]: 'varint',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.FIXED32]: 'fixed32',
  [ScalarType.FIXED64]: 'fixed64',
};

function kindOf(field: DescField): FieldForm['kind'] | undefined {
  if (field.message !== undefined) return 'message';
  if (field.enum !== undefined) return 'enum';
  return field.scalar === undefined ? undefined : scalarKinds[field.scalar];
}

function expectSame(form: MessageForm, schema: DescMessage): void {
  expect(form.name).toBe(schema.name);
  const fields = [...schema.fields].sort((a, b) => a.number - b.number);
  expect(form.fields.map(({ number, name, kind }) => ({ number, name, kind }))).toEqual(
    fields.map((field) => ({ number: field.number, name: field.name, kind: kindOf(field) })),
  );
  form.fields.forEach((field, index) => {
    const described = fields[index] as DescField;
    expect(field.repeated ?? false, field.name).toBe(described.fieldKind === 'list');
    expect(field.oneof, field.name).toBe(described.oneof?.name);
    if (described.enum !== undefined) {
      const known = described.enum.values.map((value) => value.number).filter((n) => n !== 0);
      expect(field.values, field.name).toEqual(known);
    }
    if (field.form !== undefined) expectSame(field.form, described.message as DescMessage);
  });
}

/** An event is itself, or stands for others: two forms of one message. */
const eitherEvent: MessageForm = {
  name: 'Event',
  fields: [...forms.eventForm.fields, ...goneEventForm.fields],
};

test.each([...pairs, [eitherEvent, EventSchema] as const])(
  '$0.name is as in the schema',
  (form, schema) => {
    expectSame(form, schema);
  },
);
