import type { Random } from '../seed.ts';
import { mutateBlindly } from './mutate-blindly.ts';
import { mutateField } from './mutate-field.ts';
import { framedField, joinFields, parseFields, tagOf, type WireField } from './wire-fields.ts';

/** Sizes of ids, hashes, keys and signatures: what has one of them is never taken for a message, whatever it holds. */
const opaqueSizes = new Set([16, 32, 64, 1_984, 3_373]);
const depthMax = 6;

/**
 * Spoil bytes, mostly knowing that they are a protobuf message: one to three changes, anywhere in it, in messages
 * inside too.
 *
 * @param donors valid messages that parts are taken from.
 */
export function mutate(bytes: Buffer, random: Random, donors: readonly Buffer[]): Buffer {
  let mutant = bytes;
  for (let changes = random.pick([1, 1, 1, 2, 3]); changes > 0; changes -= 1) {
    mutant = random.chance(0.25)
      ? mutateBlindly(mutant, random)
      : mutateMessage(mutant, random, donors, 0);
  }
  return mutant;
}

function mutateMessage(
  bytes: Buffer,
  random: Random,
  donors: readonly Buffer[],
  depth: number,
): Buffer {
  const fields = parseFields(bytes);
  const index = fields === undefined ? 0 : random.between(0, fields.length - 1);
  const field = fields?.[index];
  if (fields === undefined || field === undefined) return mutateBlindly(bytes, random);
  if (depth < depthMax && isMessage(field) && random.chance(0.7)) {
    const inside = mutateMessage(field.payload, random, donors, depth + 1);
    return joinFields(fields.with(index, framedField(tagOf(field).number, inside)));
  }
  return mutateField(fields, index, random, donors);
}

function isMessage(field: WireField): boolean {
  const { payload } = field;
  return (
    tagOf(field).wireType === 2 &&
    payload.length > 1 &&
    !opaqueSizes.has(payload.length) &&
    parseFields(payload) !== undefined
  );
}
