import { delegationBytesMax, delegationsMax, type FieldForm } from '../bytes/index.ts';

// Fields that many messages have.

/** An id or a primary key. */
export const id16 = (number: number, name: string): FieldForm => ({
  number,
  name,
  kind: 'bytes',
  length: 16,
});

/** A hash, or a fingerprint. */
export const hash32 = (number: number, name: string): FieldForm => ({
  number,
  name,
  kind: 'bytes',
  length: 32,
});

/** The same, and not to be left out. */
export const required = (field: FieldForm): FieldForm => ({ ...field, required: true });

/** As many hashes at most. */
export const hashes32 = (number: number, name: string, countMax: number): FieldForm => ({
  ...hash32(number, name),
  repeated: true,
  countMax,
});

/** Serialised Delegation messages, one path of them. */
export const delegationsField = (number: number): FieldForm => ({
  number,
  name: 'delegations',
  kind: 'bytes',
  lengthMax: delegationBytesMax,
  repeated: true,
  countMax: delegationsMax,
});
