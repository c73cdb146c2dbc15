import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import type { FieldForm, FieldKind, MessageForm } from '../../src/bytes/index.ts';

const scalarKinds: Partial<Record<ScalarType, FieldKind>> = {
  [ScalarType.UINT64]: 'varint',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.FIXED32]: 'fixed32',
  [ScalarType.FIXED64]: 'fixed64',
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.STRING]: 'string',
};

const forms = new Map<DescMessage, MessageForm>();

/** The strict form that follows from a descriptor alone: what the schema says only in comments isn't in it. */
export function formOf(message: DescMessage): MessageForm {
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

/** What the values of a field are, or of its elements. */
export function kindOf(field: DescField): FieldKind {
  if (field.message) return 'message';
  if (field.enum) return 'enum';
  const kind = field.scalar && scalarKinds[field.scalar];
  if (kind === undefined) throw new Error(`no strict form has the type of ${field.toString()}`);
  return kind;
}
