import {
  FieldCursor,
  isUtf8Range,
  nonCanonical,
  readFixed32,
  readFixed64,
  readVarint,
  wireTypes,
} from './cursor.ts';
import type { AtedbError } from './errors.ts';
import { type CompiledField, type CompiledForm, compileForm, type MessageForm } from './form.ts';
import { varintBytes } from './writer.ts';

/**
 * Check that bytes are one message in the strict form, in which each meaning has one encoding only: known fields in
 * ascending order, singular ones once, repeated ones in a row, minimal varints, valid UTF-8, packed scalars, fields that
 * equal their default absent, exact lengths, known enum values, one member of a oneof, no groups.
 *
 * Messages inside are checked with it; bytes inside are not looked into.
 *
 * @param start offset of the message's first byte.
 * @param end offset after its last byte.
 * @throws AtedbError NON_CANONICAL naming the message, the field, the offset and what is wrong.
 */
export function checkStrict(
  form: MessageForm,
  bytes: Buffer,
  start = 0,
  end: number = bytes.length,
): void {
  checkMessage(compileForm(form), bytes, start, end);
}

function checkMessage(form: CompiledForm, bytes: Buffer, start: number, end: number): void {
  const cursor = new FieldCursor(bytes, start, end, form.name);
  const { fields } = form;
  // The fields of the form ascend, and so must those of the message: one walk over both sees it all.
  let place = -1;
  let count = 0;
  let oneofs = 0;
  while (cursor.next()) {
    const next = placeOf(form, place, cursor);
    const field = fields[next] as CompiledField;
    count = next === place ? count + 1 : 1;
    place = next;
    if (count > 1) checkRepetition(form, field, cursor, count);
    if (field.oneofBit !== 0) {
      if ((oneofs & field.oneofBit) !== 0) {
        throw refused(form, field, cursor.tagStart, 'another field of its oneof is there too');
      }
      oneofs |= field.oneofBit;
    }
    checkValue(form, field, bytes, cursor);
  }
  requireNone(form, place + 1, fields.length, end);
  if ((form.requiredOneofs & ~oneofs) !== 0) {
    throw nonCanonical(form.name, end, 'no field of a oneof is there, and one is required');
  }
}

/** Find the field at the cursor among those of the form, from the one before it on. */
function placeOf(form: CompiledForm, before: number, cursor: FieldCursor): number {
  const { fields } = form;
  const { field: number } = cursor;
  let place = Math.max(before, 0);
  while (place < fields.length && (fields[place] as CompiledField).number < number) place += 1;
  if (fields[place]?.number !== number) {
    const passed = fields.find((field) => field.number === number);
    throw nonCanonical(
      `${form.name}.${passed?.name ?? number}`,
      cursor.tagStart,
      passed === undefined
        ? `there is a field ${number}, which is not known`
        : 'the field comes after one with a higher number',
    );
  }
  requireNone(form, before + 1, place, cursor.tagStart);
  return place;
}

/** Refuse the absence of required fields among those from `start` to `end`. */
function requireNone(form: CompiledForm, start: number, end: number, offset: number): void {
  for (let place = start; place < end; place += 1) {
    const field = form.fields[place] as CompiledField;
    if (field.required) throw refused(form, field, offset, 'the field is missing, and required');
  }
}

function checkRepetition(
  form: CompiledForm,
  field: CompiledField,
  cursor: FieldCursor,
  count: number,
): void {
  if (!field.repeated || field.packed) {
    throw refused(form, field, cursor.tagStart, 'the field is there twice');
  }
  checkCount(form, field, cursor.tagStart, count);
}

function checkValue(
  form: CompiledForm,
  field: CompiledField,
  bytes: Buffer,
  cursor: FieldCursor,
): void {
  if (cursor.wireType !== field.wireType) {
    const why = `the field has wire type ${cursor.wireType}, where ${field.wireType} was due`;
    throw refused(form, field, cursor.tagStart, why);
  }
  // The value of a length-delimited field is its length, so 0 is the default of every kind.
  if (cursor.value === 0 && !field.zeroAllowed) {
    throw refused(
      form,
      field,
      cursor.tagStart,
      'the field equals its default, and so must be absent',
    );
  }
  if (field.form !== undefined) {
    checkMessage(field.form, bytes, cursor.start, cursor.end);
  } else if (field.packed) {
    checkPacked(form, field, bytes, cursor);
  } else if (field.wireType === wireTypes.lengthDelimited) {
    checkContent(form, field, bytes, cursor);
  } else {
    checkNumber(form, field, cursor.value, cursor.start);
  }
}

function checkContent(
  form: CompiledForm,
  field: CompiledField,
  bytes: Buffer,
  cursor: FieldCursor,
): void {
  const { value: length, start, end } = cursor;
  if (length < field.lengthMin || length > field.lengthMax) {
    const limit = `${field.lengthMin === field.lengthMax ? 'must be' : 'may be at most'} ${field.lengthMax}`;
    throw refused(form, field, start, `the field has ${length} bytes, and ${limit}`);
  }
  if (field.kind === 'string' && !isUtf8Range(bytes, start, end)) {
    throw refused(form, field, start, 'the field is not valid UTF-8');
  }
}

function checkNumber(
  form: CompiledForm,
  field: CompiledField,
  value: number,
  offset: number,
): void {
  if (value < field.valueMin || value > field.valueMax) {
    const limit = `${field.valueMin === field.valueMax ? 'must be' : 'may be at most'} ${field.valueMax}`;
    throw refused(form, field, offset, `the field is ${value}, and ${limit}`);
  }
  // Zero comes this far only where a default may be written.
  if (field.values !== undefined && value !== 0 && !field.values.includes(value)) {
    throw refused(form, field, offset, `the field is ${value}, which is not a known value`);
  }
}

/** Check the elements of a packed field. There is at least one, each of them may be 0. */
function checkPacked(
  form: CompiledForm,
  field: CompiledField,
  bytes: Buffer,
  cursor: FieldCursor,
): void {
  if (cursor.value === 0) {
    throw refused(form, field, cursor.tagStart, 'the field is empty, and so must be absent');
  }
  const { end } = cursor;
  let count = 0;
  for (let at = cursor.start; at < end; count += 1) {
    const width = field.kind === 'fixed32' ? 4 : field.kind === 'fixed64' ? 8 : 0;
    if (at + width > end) throw refused(form, field, at, 'its last element is cut short');
    const value =
      width === 4
        ? readFixed32(bytes, at)
        : width === 8
          ? readFixed64(bytes, at, form.name)
          : readVarint(bytes, at, end, form.name);
    checkNumber(form, field, value, at);
    at += width || varintBytes(value);
  }
  checkCount(form, field, cursor.start, count);
}

function checkCount(form: CompiledForm, field: CompiledField, offset: number, count: number): void {
  if (count <= field.countMax) return;
  throw refused(
    form,
    field,
    offset,
    `it has more elements than the ${field.countMax} that are allowed`,
  );
}

function refused(
  form: CompiledForm,
  field: CompiledField,
  offset: number,
  why: string,
): AtedbError {
  return nonCanonical(`${form.name}.${field.name}`, offset, why);
}
