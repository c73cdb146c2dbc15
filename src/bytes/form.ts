import assert from 'node:assert/strict';
import { wireTypes } from './cursor.ts';

/** What a field of a strict form may hold. */
export interface FieldForm {
  readonly number: number;
  /** The field's name in the schema, for errors. */
  readonly name: string;
  readonly kind: FieldKind;
  /** The field may come several times, in a row; scalars other than bytes and strings are packed into one. */
  readonly repeated?: true;
  /** The most elements of a repeated field. */
  readonly countMax?: number;
  /** The field has explicit presence, and so may equal its default. Members of a oneof and messages always do. */
  readonly presence?: true;
  /** Exact length in bytes of bytes or a string, or of each of them. */
  readonly length?: number;
  /** The most bytes of bytes or a string, or of each of them. */
  readonly lengthMax?: number;
  /** The numbers of an enum that are known, without 0. */
  readonly values?: readonly number[];
  /** The form of a message. */
  readonly form?: MessageForm;
  /** The name of the oneof that the field is a member of. */
  readonly oneof?: string;
  /** The only value that is allowed: a magic. */
  readonly equals?: number;
  /** The field must be there. On members of a oneof: one of them must be. */
  readonly required?: true;
}

/** What a field's values are. `varint` is a uint64, of which 2^53 - 1 is the largest that is allowed. */
export type FieldKind =
  | 'varint'
  | 'uint32'
  | 'bool'
  | 'enum'
  | 'fixed32'
  | 'fixed64'
  | 'bytes'
  | 'string'
  | 'message';

/** The strict form of a message, as a table. */
export interface MessageForm {
  readonly name: string;
  /** In ascending order of their numbers. */
  readonly fields: readonly FieldForm[];
}

/** A form made ready for the hot path: every field has every property, so that the engine sees one shape. */
export interface CompiledForm {
  readonly name: string;
  readonly fields: readonly CompiledField[];
  /** The bits of the oneofs of which a member must be there. */
  readonly requiredOneofs: number;
}

/** A field of a compiled form. */
export interface CompiledField {
  readonly number: number;
  readonly name: string;
  readonly kind: FieldKind;
  /** Of the field as it is written: that of a packed field is 2. */
  readonly wireType: number;
  /** Required by itself, not as a member of a oneof. */
  readonly required: boolean;
  readonly repeated: boolean;
  readonly packed: boolean;
  readonly countMax: number;
  /** The value, or the length, may be 0. */
  readonly zeroAllowed: boolean;
  readonly lengthMin: number;
  readonly lengthMax: number;
  readonly valueMin: number;
  readonly valueMax: number;
  readonly values: readonly number[] | undefined;
  readonly form: CompiledForm | undefined;
  /** The bit of its oneof; 0 where it is in none. */
  readonly oneofBit: number;
}

const wireTypeOf: Record<FieldKind, number> = {
  varint: wireTypes.varint,
  uint32: wireTypes.varint,
  bool: wireTypes.varint,
  enum: wireTypes.varint,
  fixed32: wireTypes.fixed32,
  fixed64: wireTypes.fixed64,
  bytes: wireTypes.lengthDelimited,
  string: wireTypes.lengthDelimited,
  message: wireTypes.lengthDelimited,
};

const kindMax: Partial<Record<FieldKind, number>> = { bool: 1, uint32: 0xffff_ffff };
const oneofsMax = 31;
const compiledForms = new WeakMap<MessageForm, CompiledForm>();

/** The compiled form of a table, made at its first use. A table that contradicts itself is a defect, and asserted. */
export function compileForm(form: MessageForm): CompiledForm {
  const known = compiledForms.get(form);
  if (known !== undefined) return known;
  const oneofs = [...new Set(form.fields.flatMap(({ oneof }) => oneof ?? []))];
  assert(oneofs.length <= oneofsMax, `${form.name} has more than ${oneofsMax} oneofs`);
  const bitOf = ({ oneof }: FieldForm) => (oneof === undefined ? 0 : 1 << oneofs.indexOf(oneof));
  const fields: CompiledField[] = [];
  const compiled: CompiledForm = {
    name: form.name,
    fields,
    requiredOneofs: form.fields.reduce(
      (bits, field) => (field.required ? bits | bitOf(field) : bits),
      0,
    ),
  };
  // Known before its fields are made, since a message may hold its own kind.
  compiledForms.set(form, compiled);
  for (const field of form.fields) {
    const last = fields.at(-1)?.number ?? 0;
    assert(field.number > last, `${form.name}.${field.name} does not ascend`);
    fields.push(compileField(form.name, field, bitOf(field)));
  }
  return compiled;
}

function compileField(message: string, field: FieldForm, oneofBit: number): CompiledField {
  const { kind } = field;
  const where = `${message}.${field.name}`;
  assert((kind === 'message') === (field.form !== undefined), `${where}: messages have a form`);
  assert((kind === 'enum') === (field.values !== undefined), `${where}: enums have values`);
  assert(oneofBit === 0 || !field.repeated, `${where}: a oneof has no repeated fields`);
  const repeated = field.repeated ?? false;
  const packed = repeated && kind !== 'bytes' && kind !== 'string' && kind !== 'message';
  return {
    number: field.number,
    name: field.name,
    kind,
    wireType: packed ? wireTypes.lengthDelimited : wireTypeOf[kind],
    required: field.required === true && oneofBit === 0,
    repeated,
    packed,
    countMax: field.countMax ?? Number.POSITIVE_INFINITY,
    zeroAllowed: repeated || kind === 'message' || field.presence === true || oneofBit !== 0,
    lengthMin: field.length ?? 0,
    lengthMax: field.length ?? field.lengthMax ?? Number.POSITIVE_INFINITY,
    valueMin: field.equals ?? 0,
    valueMax: field.equals ?? kindMax[kind] ?? Number.MAX_SAFE_INTEGER,
    values: field.values,
    form: field.form && compileForm(field.form),
    oneofBit,
  };
}
