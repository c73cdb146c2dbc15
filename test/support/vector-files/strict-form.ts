import { AtedbError, checkStrict, frame, type MessageForm } from '../../../src/bytes/index.ts';
import {
  allFields,
  joined,
  least,
  leastFields,
  strictForms,
  tagBytes,
  varint,
  type WrittenField,
  wireTypeOf,
  writeField,
} from './strict-forms.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

/** Bytes, and what is with them. */
type Made = readonly [what: string, bytes: Buffer];

const unknownField = 90;

/** Messages in the strict form, and others that mean the same to most protobuf libraries and are refused. */
export function strictFormVectors(): VectorFile {
  return {
    name: 'strict-form',
    about:
      'Messages by the name that the schema gives them. `good` ones are in the strict form; `bad` ones are not, and are refused with NON_CANONICAL, whatever a protobuf library makes of them. Bytes in fields that hold another message as bytes (`header`, `parameters`, ...) are not looked into here.',
    madeFrom: 'src/bytes/strict.ts and the tables of src/event and src/wire',
    lists: casesOfForms(strictForms),
  };
}

/** Messages that are in the strict forms, and such that aren't. */
export function casesOfForms(forms: readonly MessageForm[]) {
  return {
    good: forms.flatMap((form) => good(form).map((made) => checked(form, made, true))),
    bad: forms.flatMap((form) => bad(form).map((made) => checked(form, made, false))),
  };
}

/** What a case says is what the code says. */
function checked(form: MessageForm, [what, bytes]: Made, isGood: boolean): VectorCase {
  try {
    checkStrict(form, bytes);
  } catch (error) {
    if (!(error instanceof AtedbError) || isGood) throw error;
    return { message: form.name, bytes, what };
  }
  if (!isGood) throw new Error(`${form.name}: ${what} is not refused: ${bytes.toString('hex')}`);
  return { message: form.name, bytes, what };
}

function good(form: MessageForm): Made[] {
  const made: Made[] = [
    ['the least', least(form)],
    ['all fields', joined(allFields(form))],
  ];
  for (const field of form.fields) {
    const rest = leastFields(form).filter(
      ({ field: { number, oneof } }) =>
        number !== field.number && (oneof === undefined || oneof !== field.oneof),
    );
    const put = (...bytes: Buffer[]) =>
      joined([...rest, ...bytes.map((one) => ({ field, bytes: one }))].sort(byNumber));
    if (field.oneof !== undefined) made.push([`${field.name}`, put(writeField(field))]);
    for (const value of field.values ?? []) {
      const bytes = Buffer.concat([tagBytes(field.number, 0), varint(BigInt(value))]);
      made.push([`${field.name} is ${value}`, put(bytes)]);
    }
    if (field.kind === 'varint') {
      const most = 2n ** 53n - 1n;
      made.push([
        `${field.name} is 2^53 - 1`,
        put(Buffer.concat([tagBytes(field.number, 0), varint(most)])),
      ]);
    }
    if (field.kind === 'fixed32' && field.presence === true) {
      made.push([`${field.name} is 0`, put(tagBytes(field.number, 5), Buffer.alloc(4))]);
    }
    if (field.kind === 'string') {
      made.push([`${field.name} is of other letters`, put(frame(field.number, utf8('ä€😀')))]);
    }
    const { lengthMax = 0, countMax = 0 } = field;
    if (lengthMax > 0 && lengthMax <= 300) {
      made.push([
        `${field.name} has ${lengthMax} bytes`,
        put(frame(field.number, Buffer.alloc(lengthMax, 0x61))),
      ]);
    }
    if (countMax > 0 && countMax <= 32) {
      const elements = Array.from({ length: countMax }, () => writeField(field));
      made.push([`${field.name} has ${countMax} elements`, put(...elements)]);
    }
  }
  return made;
}

function bad(form: MessageForm): Made[] {
  const all = allFields(form);
  const made: Made[] = [
    ['an unknown field', Buffer.concat([joined(all), frame(unknownField, utf8('x'))])],
    ['field number 0', Buffer.concat([joined(all), Buffer.of(0x02, 0x00)])],
    ['a group', Buffer.concat([joined(all), tagBytes(unknownField, 3), tagBytes(unknownField, 4)])],
    ['wire type 6', Buffer.concat([joined(all), tagBytes(unknownField, 6)])],
    ['wire type 7', Buffer.concat([joined(all), tagBytes(unknownField, 7)])],
    ['a tag that is cut short', Buffer.concat([joined(all), Buffer.of(0x80)])],
    ['its last byte is gone', joined(all).subarray(0, -1)],
  ];
  if (new Set(all.map(({ field }) => field.number)).size > 1) {
    made.push(['fields in another order', joined([...all].reverse())]);
  }
  all.forEach((written, place) => {
    const put = (...bytes: Buffer[]) =>
      Buffer.concat([joined(all.slice(0, place)), ...bytes, joined(all.slice(place + 1))]);
    made.push(...badField(form, written, put));
  });
  const oneofs = new Set(form.fields.flatMap(({ oneof }) => oneof ?? []));
  for (const oneof of oneofs) {
    const members = form.fields.filter((field) => field.oneof === oneof);
    const [first, second] = members.map((field) => writeField(field)) as [Buffer, Buffer];
    made.push(['two fields of a oneof', Buffer.concat([first, second])]);
    made.push(['no field of a oneof', Buffer.alloc(0)]);
  }
  const seen = new Set<string>();
  return made.filter(([, bytes]) => {
    const hex = bytes.toString('hex');
    const isNew = !seen.has(hex);
    seen.add(hex);
    return isNew;
  });
}

/** What can be wrong with one field. @param put has the message with these bytes in its place. */
function badField(
  form: MessageForm,
  { field, bytes }: WrittenField,
  put: (...bytes: Buffer[]) => Buffer,
): Made[] {
  const { name, number, kind } = field;
  const type = wireTypeOf(field);
  const tag = tagBytes(number, type);
  const content = bytes.subarray(tag.length);
  const made: Made[] = [
    [`${name} has a tag that is longer than it need be`, put(overlong(tag), content)],
    [`${name} has another wire type`, put(tagBytes(number, type === 0 ? 2 : 0), Buffer.of(1, 1))],
  ];
  if (field.repeated === undefined) made.push([`${name} is there twice`, put(bytes, bytes)]);
  if (field.required === true) {
    made.push([
      `${name} is missing`,
      joined(leastFields(form).filter((one) => one.field !== field)),
    ]);
  }
  if (type === 0) made.push(...badNumber(field, (value) => put(tag, value)));
  if (type === 2) {
    const length = Buffer.from(content.subarray(0, varintLength(content)));
    const payload = content.subarray(length.length);
    made.push([
      `${name} has a length that is longer than it need be`,
      put(tag, overlong(length), payload),
    ]);
    const beyond = varint(BigInt(payload.length) + 2n ** 20n);
    made.push([`${name} ends beyond the message`, put(tag, beyond, payload)]);
    made.push([`${name} has a length beyond 2^53 - 1`, put(tag, varint(2n ** 63n), payload)]);
  }
  if (kind === 'fixed32' && field.equals !== undefined) {
    made.push([`${name} is another`, put(tag, Buffer.from(content).reverse())]);
    const newer = Buffer.from(content);
    newer[3] = (newer[3] as number) + 1;
    made.push([`${name} is of a later version`, put(tag, newer)]);
  }
  if (kind === 'fixed32' && field.presence === undefined && field.equals === undefined) {
    made.push([`${name} is 0, and not absent`, put(tag, Buffer.alloc(4))]);
  }
  if (kind === 'fixed64') {
    made.push([`${name} is 0, and not absent`, put(tag, Buffer.alloc(8))]);
    made.push([`${name} is beyond 2^53 - 1`, put(tag, Buffer.alloc(8, 0xff))]);
  }
  made.push(...badBytes(field, (value) => put(frame(number, value))));
  const { countMax = 1_000_000 } = field;
  if (countMax <= 32) {
    const elements = Array.from({ length: countMax + 1 }, () => writeField(field));
    made.push([`${name} has ${countMax + 1} elements`, put(...elements)]);
  }
  return made;
}

function badNumber(
  { name, kind, values = [] }: WrittenField['field'],
  put: (value: Buffer) => Buffer,
): Made[] {
  const made: Made[] = [
    [`${name} is 0, and not absent`, put(Buffer.of(0))],
    [`${name} is longer than it need be`, put(Buffer.of(0x81, 0x00))],
    [`${name} is 2^53`, put(varint(2n ** 53n))],
    [`${name} is 2^64 - 1`, put(varint(2n ** 64n - 1n))],
    [`${name} has eleven bytes`, put(Buffer.concat([Buffer.alloc(10, 0x81), Buffer.of(1)]))],
  ];
  if (kind === 'bool') made.push([`${name} is 2`, put(Buffer.of(2))]);
  if (kind === 'uint32') made.push([`${name} is 2^32`, put(varint(2n ** 32n))]);
  if (kind === 'enum') {
    const next = Math.max(...values) + 1;
    made.push([`${name} is ${next}, which is not known`, put(varint(BigInt(next)))]);
    made.push([`${name} is negative`, put(varint(2n ** 64n - 1n))]);
  }
  return made;
}

function badBytes(
  { name, kind, length, lengthMax = Number.POSITIVE_INFINITY, repeated }: WrittenField['field'],
  put: (value: Buffer) => Buffer,
): Made[] {
  if (kind !== 'bytes' && kind !== 'string') return [];
  const made: Made[] = [];
  if (repeated === undefined) {
    made.push([`${name} is empty, and not absent`, put(Buffer.alloc(0))]);
  }
  if (length !== undefined) {
    for (const wrong of [length - 1, length + 1]) {
      made.push([`${name} has ${wrong} bytes`, put(Buffer.alloc(wrong, 0x61))]);
    }
  }
  if (lengthMax <= 300) {
    made.push([`${name} has ${lengthMax + 1} bytes`, put(Buffer.alloc(lengthMax + 1, 0x61))]);
  }
  if (kind === 'string') {
    const others: readonly (readonly [string, string])[] = [
      ['a byte that begins nothing', 'ff'],
      ['an overlong form', 'c0af'],
      ['a surrogate', 'eda080'],
      ['a character that is cut short', 'e282'],
      ['a character beyond U+10FFFF', 'f4908080'],
    ];
    for (const [what, hex] of others)
      made.push([`${name} has ${what}`, put(Buffer.from(hex, 'hex'))]);
  }
  return made;
}

const utf8 = (text: string) => Buffer.from(text, 'utf8');

function byNumber(a: WrittenField, b: WrittenField): number {
  return a.field.number - b.field.number;
}

/** A varint with one byte more than it needs. */
function overlong(bytes: Buffer): Buffer {
  const longer = Buffer.concat([bytes, Buffer.of(0)]);
  longer[bytes.length - 1] = (longer[bytes.length - 1] as number) | 0x80;
  return longer;
}

function varintLength(bytes: Buffer): number {
  let length = 1;
  while ((bytes[length - 1] as number) >= 0x80) length += 1;
  return length;
}
