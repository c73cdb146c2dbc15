import type { Random } from '../seed.ts';
import { randomBuffer } from './mutate-blindly.ts';
import {
  framedField,
  joinFields,
  parseFields,
  tagOf,
  varint,
  type WireField,
} from './wire-fields.ts';

/** Where readers' arithmetic may end: of bits, of JavaScript's numbers, of our limits. */
export const extremeIntegers = [
  0n,
  1n,
  2n,
  127n,
  128n,
  16_384n,
  16_385n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
] as const;

const oddNumbers = [0n, 1n, 2n, 3n, 4n, 5n, 12n, 15n, 16n, 17n, 19_000n, 2n ** 29n - 1n, 2n ** 29n];
const invalidUtf8 = ['ff', 'c080', 'eda080', 'f4908080', 'c3', 'e282', '80'] as const;

const changes = [
  'double',
  'drop',
  'swap',
  'last',
  'unknown',
  'renumber',
  'retype',
  'integer',
  'integer',
  'overlong',
  'length',
  'length',
  'resize',
  'splice',
  'splice',
  'text',
  'nest',
  'group',
] as const;

/** Spoil one field of a message, or its place there. */
export function mutateField(
  fields: readonly WireField[],
  index: number,
  random: Random,
  donors: readonly Buffer[],
): Buffer {
  const field = fields[index] as WireField;
  const { number, wireType } = tagOf(field);
  const others = fields.toSpliced(index, 1);
  const instead = (changed: WireField) => joinFields(fields.with(index, changed));
  const added = (more: WireField) => joinFields(fields.toSpliced(index, 0, more));
  switch (random.pick(changes)) {
    case 'double':
      return added(field);
    case 'drop':
      return joinFields(others);
    case 'swap':
      return joinFields(others.toSpliced(index + 1, 0, field));
    case 'last':
      return joinFields([...others, field]);
    case 'unknown':
      return added(framedField(odd(random), randomBuffer(random, random.between(0, 8))));
    case 'renumber':
      return instead({ ...field, tag: varint((odd(random) << 3n) | BigInt(wireType)) });
    case 'retype':
      return instead({ ...field, tag: varint((number << 3n) | BigInt(random.between(0, 7))) });
    case 'integer':
      return instead(withInteger(field, number, extreme(random)));
    case 'overlong':
      return instead(overlong(field, random));
    case 'length':
      return instead({ ...field, length: varint(wrongLength(field, random)) });
    case 'resize':
      return instead(framedField(number, resized(field.payload, random)));
    case 'splice':
      return instead(framedField(number, partOf(donors, random)));
    case 'text':
      return instead(framedField(number, Buffer.from(random.pick(invalidUtf8), 'hex')));
    case 'nest':
      return instead(nested(field, number, random.pick([2, 20, 120, 1_000])));
    case 'group':
      return instead(group(field, number, random));
  }
}

const odd = (random: Random) => random.pick(oddNumbers as [bigint, ...bigint[]]);

/** An integer at which something may go wrong. */
export function extreme(random: Random): bigint {
  return random.pick(extremeIntegers as unknown as [bigint, ...bigint[]]);
}

/** The field with another integer, of its own wire type where that is one of integers, else a varint. */
function withInteger(field: WireField, number: bigint, value: bigint): WireField {
  const { length } = field.payload;
  if (tagOf(field).wireType === 5 || tagOf(field).wireType === 1) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return { ...field, payload: bytes.subarray(0, length) };
  }
  return { tag: varint(number << 3n), length: Buffer.alloc(0), payload: varint(value) };
}

/** The same meaning with a varint that is longer than it need be, or one that never ends. */
function overlong(field: WireField, random: Random): WireField {
  const lengthened = (bytes: Buffer) => {
    const more = random.pick([1, 2, 5, 9, 12]);
    const last = bytes.at(-1) ?? 0;
    return Buffer.concat([bytes.subarray(0, -1), Buffer.of(last | 0x80), varint(0n, more - 1)]);
  };
  if (tagOf(field).wireType === 0 && random.chance(0.7)) {
    return { ...field, payload: lengthened(field.payload) };
  }
  if (field.length.length > 0 && random.chance(0.7)) {
    return { ...field, length: lengthened(field.length) };
  }
  return { ...field, tag: lengthened(field.tag) };
}

function wrongLength({ payload }: WireField, random: Random): bigint {
  if (random.chance(0.5)) return extreme(random);
  return BigInt(Math.max(0, payload.length + random.pick([-16, -2, -1, 1, 2, 16, 127])));
}

function resized(payload: Buffer, random: Random): Buffer {
  const length = random.pick([0, 1, 15, 17, 31, 33, payload.length - 1, payload.length + 1, 300]);
  const kept = payload.subarray(0, Math.max(0, length));
  return Buffer.concat([kept, Buffer.alloc(Math.max(0, length - kept.length), 0x61)]);
}

/** A valid message, or what a field of one holds. */
function partOf(donors: readonly Buffer[], random: Random): Buffer {
  const donor = donors[random.between(0, donors.length - 1)] ?? Buffer.alloc(0);
  const fields = parseFields(donor) ?? [];
  if (fields.length === 0 || random.chance(0.3)) return donor;
  return fields[random.between(0, fields.length - 1)]?.payload ?? donor;
}

/** A group, which is older than the strict form; one that never ends; or many in each other. */
function group({ payload }: WireField, number: bigint, random: Random): WireField {
  const start = varint((number << 3n) | 3n);
  const end = varint((number << 3n) | 4n);
  const depth = random.pick([1, 1, 100, 20_000]);
  const inside = Buffer.concat(Array.from({ length: depth - 1 }, () => start));
  const ends = random.chance(0.5) ? Array.from({ length: depth }, () => end) : [];
  return {
    tag: start,
    length: Buffer.alloc(0),
    payload: Buffer.concat([inside, random.chance(0.5) ? payload : Buffer.alloc(0), ...ends]),
  };
}

/** The field in itself, so many times. */
function nested({ payload }: WireField, number: bigint, depth: number): WireField {
  let inside = framedField(number, payload);
  for (let level = 1; level < depth; level += 1) inside = framedField(number, joinFields([inside]));
  return inside;
}
