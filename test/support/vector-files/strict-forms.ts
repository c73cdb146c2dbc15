import type { FieldForm, MessageForm } from '../../../src/bytes/index.ts';
import { FieldWriter, frame } from '../../../src/bytes/index.ts';
import * as event from '../../../src/event/forms.ts';
import * as rotation from '../../../src/event/identity-rotation-forms.ts';
import { authorisationForm } from '../../../src/event/rule-forms.ts';
import * as wire from '../../../src/wire/forms.ts';

// Messages that follow from the tables of the strict form: the least that a form allows, and all of it.

/** The messages whose strict form clients check. */
export const strictForms: readonly MessageForm[] = [
  event.publicKeyForm,
  event.signatureForm,
  event.genesisForm,
  authorisationForm,
  event.confidentialityForm,
  event.wrappedKeyForm,
  event.rootsForm,
  event.keyChangeForm,
  event.eventHeaderForm,
  event.eventForm,
  event.preconditionForm,
  event.sealHeaderForm,
  event.sealForm,
  event.commitHeaderForm,
  event.commitForm,
  rotation.identityRotationHeaderForm,
  rotation.identityRotationForm,
  wire.clientHelloForm,
  wire.serverHelloForm,
  wire.parametersForm,
  wire.proofForm,
  wire.identityForm,
  wire.clientFinishedForm,
  wire.callRequestForm,
  wire.callResponseForm,
];

/** A field, serialised: its tag and all. */
export interface WrittenField {
  readonly field: FieldForm;
  readonly bytes: Buffer;
}

const wireTypes: Partial<Record<FieldForm['kind'], number>> = {
  varint: 0,
  uint32: 0,
  bool: 0,
  enum: 0,
  fixed64: 1,
  fixed32: 5,
};

/** The wire type that a field has. */
export function wireTypeOf({ kind }: FieldForm): number {
  return wireTypes[kind] ?? 2;
}

/** A tag. */
export function tagBytes(number: number, wireType: number): Buffer {
  return varint(BigInt(number * 8 + wireType));
}

/** A varint of any value, in its shortest form. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A value of a field that its form allows. @param index of an element of a repeated one. */
export function writeField(field: FieldForm, index = 0): Buffer {
  const { number, kind } = field;
  switch (kind) {
    case 'message':
      return frame(number, least(field.form as MessageForm));
    case 'bytes':
    case 'string': {
      const length = field.length ?? Math.min(field.lengthMax ?? 5, 5);
      return frame(number, Buffer.alloc(length, 0x61 + index));
    }
    case 'fixed32':
      return new FieldWriter().fixed32Always(number, field.equals ?? 7 + index).finish();
    case 'fixed64':
      return new FieldWriter().fixed64(number, 7 + index).finish();
    case 'bool':
      return new FieldWriter().varint(number, 1).finish();
    case 'enum':
      return new FieldWriter().varint(number, field.values?.[0] as number).finish();
    default:
      return new FieldWriter().varint(number, 300 + index).finish();
  }
}

/** The fields that a message must have, and nothing else: of a oneof its first member. */
export function leastFields(form: MessageForm): WrittenField[] {
  const oneofs = new Set<string>();
  return form.fields.flatMap((field) => {
    if (field.required !== true) return [];
    if (field.oneof !== undefined) {
      if (oneofs.has(field.oneof)) return [];
      oneofs.add(field.oneof);
    }
    return [{ field, bytes: writeField(field) }];
  });
}

/** Every field once, repeated ones twice; of a oneof its first member. Messages inside have the least. */
export function allFields(form: MessageForm): WrittenField[] {
  const oneofs = new Set<string>();
  return form.fields.flatMap((field) => {
    if (field.oneof !== undefined) {
      if (oneofs.has(field.oneof)) return [];
      oneofs.add(field.oneof);
    }
    const elements = field.repeated ? [0, 1] : [0];
    return elements.map((index) => ({ field, bytes: writeField(field, index) }));
  });
}

/** A message of fields. */
export function joined(fields: readonly WrittenField[]): Buffer {
  return Buffer.concat(fields.map(({ bytes }) => bytes));
}

/** The least message of a form. */
export function least(form: MessageForm): Buffer {
  return joined(leastFields(form));
}
