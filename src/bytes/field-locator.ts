import assert from 'node:assert/strict';
import { FieldCursor, isUtf8Range } from './cursor.ts';
import { type CompiledField, type CompiledForm, compileForm, type MessageForm } from './form.ts';
import { checkStrict } from './strict.ts';

/** Numbers that a field takes in a row: where its value starts, and where it ends. */
export const numbersPerField = 2;

/**
 * Checks messages of one form as `checkStrict` does, and notes where the value of each field lies: for the hot path,
 * which looks at every message once.
 *
 * A field's two numbers stand in the order of the form: the offsets, from the start of the buffer, of its value's first
 * byte and after its last; of its content, where it is length-delimited. Both are 0 where the field is absent.
 */
export class FieldLocator {
  readonly #form: MessageForm;
  readonly #plain: PlainForm;

  /** @param form without repeated fields. */
  constructor(form: MessageForm) {
    this.#form = form;
    this.#plain = makePlain(compileForm(form));
  }

  /**
   * Check the message from `start` to `end`.
   *
   * @param ranges where to note its fields, from `at` on: `numbersPerField` numbers a field of the form.
   * @throws AtedbError NON_CANONICAL as `checkStrict` does; its offset counts from the message's start.
   */
  locate(bytes: Buffer, start: number, end: number, ranges: Int32Array, at: number): void {
    if (locatePlain(this.#plain, bytes, start, end, ranges, at)) return;
    // It is wrong, or holds what is rare: the check by the table decides, and knows what to say.
    const message = bytes.subarray(start, end);
    checkStrict(this.#form, message);
    const { fields } = this.#form;
    ranges.fill(0, at, at + fields.length * numbersPerField);
    const cursor = new FieldCursor(message);
    while (cursor.next()) {
      const place = fields.findIndex(({ number }) => number === cursor.field);
      ranges[at + place * numbersPerField] = start + cursor.start;
      ranges[at + place * numbersPerField + 1] = start + cursor.end;
    }
  }
}

/** What a field's place in the form is. A name that isn't there is a defect, and asserted. */
export function fieldPlace(form: MessageForm, name: string): number {
  const place = form.fields.findIndex((field) => field.name === name);
  assert(place >= 0, `${form.name} has no field ${name}`);
  return place;
}

/** How the value of a field is read. */
const kinds = { bytes: 0, string: 1, integer: 2, small: 3, magic: 4, rare: 5 } as const;
const tagsMax = 256;
/** Fields of a form, and known values of an enum, are bits of a number. */
const bitsMax = 31;
/** Values and lengths that are compared are read up to 28 bits: beyond it they are rare. */
const comparedMax = 2 ** 28 - 1;
/** Numbers of a field in `PlainForm.fields`. */
const numbersPerPlain = 4;

/** A form without repeated fields as arrays, so that a walk needs no objects. */
interface PlainForm {
  /** Number of fields. */
  readonly count: number;
  /** The place of a field by its tag, where that is less than 256; -1 where there is none. */
  readonly placeOfTag: Int16Array;
  /**
   * By place: its kind; the least and the largest length, or value; a bit for each value that is known, or 0. A
   * default that must be absent is below the least.
   */
  readonly fields: Int32Array;
  /** A bit for each field that must be there. */
  readonly required: number;
}

function makePlain({ name, fields }: CompiledForm): PlainForm {
  assert(fields.length <= bitsMax, `${name} has more than ${bitsMax} fields`);
  assert(!fields.some(({ repeated }) => repeated), `${name} has repeated fields`);
  const placeOfTag = new Int16Array(tagsMax).fill(-1);
  let required = 0;
  const numbers = fields.flatMap((field, place) => {
    const tag = field.number * 8 + field.wireType;
    if (tag < tagsMax) placeOfTag[tag] = place;
    if (field.required) required |= 1 << place;
    const kind = kindOf(field);
    const hasLength = kind === kinds.bytes || kind === kinds.string;
    const least = hasLength ? field.lengthMin : field.valueMin;
    const largest = hasLength ? field.lengthMax : field.valueMax;
    return [
      kind,
      field.zeroAllowed ? least : Math.max(least, 1),
      Math.min(largest, comparedMax),
      field.values?.reduce((bits, value) => bits | (1 << value), 0) ?? 0,
    ];
  });
  // A magic is larger than what is compared else.
  fields.forEach(({ valueMin }, place) => {
    if (numbers[place * numbersPerPlain] === kinds.magic) {
      numbers[place * numbersPerPlain + 1] = valueMin;
    }
  });
  return { count: fields.length, placeOfTag, fields: Int32Array.from(numbers), required };
}

function kindOf(field: CompiledField): number {
  const { kind, values = [], valueMin, valueMax } = field;
  if (field.form !== undefined || field.oneofBit !== 0) return kinds.rare;
  if (kind === 'bytes' || kind === 'string') return kinds[kind];
  if (kind === 'fixed32') return valueMin === valueMax ? kinds.magic : kinds.rare;
  if (kind === 'fixed64' || values.some((value) => value > bitsMax)) return kinds.rare;
  return kind === 'varint' && valueMin === 0 ? kinds.integer : kinds.small;
}

/**
 * Note where the fields of a message lie, if it is plainly in the strict form.
 *
 * @returns false where it may not be: for all that is wrong, and for some that is rare. Then `ranges` means nothing.
 */
function locatePlain(
  form: PlainForm,
  bytes: Buffer,
  start: number,
  end: number,
  ranges: Int32Array,
  to: number,
): boolean {
  const { placeOfTag, fields } = form;
  const rangesEnd = to + form.count * numbersPerField;
  for (let index = to; index < rangesEnd; index += 1) ranges[index] = 0;
  let at = start;
  let before = -1;
  let seen = 0;
  while (at < end) {
    const tag = bytes[at++] as number;
    if (tag >= 0x80) {
      // Two bytes, of which the second can only be 1, since all tags of the form are less than 256.
      if (at >= end || bytes[at++] !== 1) return false;
    }
    const place = placeOfTag[tag] as number;
    if (place <= before || at >= end) return false;
    before = place;
    seen |= 1 << place;
    const spec = place * numbersPerPlain;
    const kind = fields[spec] as number;
    const least = fields[spec + 1] as number;
    let valueStart = at;
    if (kind === kinds.magic) {
      at += 4;
      if (at > end || int32At(bytes, valueStart) !== least) return false;
    } else if (kind === kinds.integer) {
      let byte = bytes[at++] as number;
      if (byte < least) return false;
      while (byte >= 0x80) {
        // Seven bytes at most: only the eighth can take it beyond 2^53 - 1.
        if (at >= end || at - valueStart > 6) return false;
        byte = bytes[at++] as number;
        if (byte === 0) return false;
      }
    } else if (kind === kinds.rare) {
      return false;
    } else {
      let value = bytes[at++] as number;
      if (value >= 0x80) {
        value &= 0x7f;
        let shift = 7;
        let byte = 0x80;
        while (byte >= 0x80) {
          if (at >= end || shift > 21) return false;
          byte = bytes[at++] as number;
          value |= (byte & 0x7f) << shift;
          shift += 7;
        }
        if (byte === 0) return false;
      }
      if (value < least || value > (fields[spec + 2] as number)) return false;
      if (kind === kinds.small) {
        const known = fields[spec + 3] as number;
        if (known !== 0 && (value > bitsMax || (known & (1 << value)) === 0)) return false;
      } else {
        valueStart = at;
        at += value;
        if (at > end) return false;
        if (kind === kinds.string && !isUtf8Range(bytes, valueStart, at)) return false;
      }
    }
    const range = to + place * numbersPerField;
    ranges[range] = valueStart;
    ranges[range + 1] = at;
  }
  return (seen & form.required) === form.required;
}

function int32At(bytes: Buffer, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
