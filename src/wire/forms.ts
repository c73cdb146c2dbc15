import type { FieldForm, MessageForm } from '../bytes/index.ts';
import { aesGcmTagBytes, hashBytes } from '../crypto/index.ts';
import { publicKeyForm, signatureForm } from '../event/index.ts';
import {
  rotationBytesMax,
  rotationsMax,
  sealedProofBytesMax,
  shareBytesMax,
  sharesMax,
} from './limits.ts';

// The strict forms of what both ends of the tunnel send: the schema's wire.proto, as tables. A test holds them against the
// generated descriptors.

/** Magics: three letters and a version, as the little-endian fixed32 that the bytes spell. */
export const magics = {
  clientHello: 0x01435741,
  parameters: 0x01505741,
  proof: 0x01565741,
  identity: 0x01495741,
  clientFinished: 0x01465741,
} as const;

/** Size in bytes of the names of sessions, and of what is random in a call. */
export const idBytes = 16;

/** The numbers of `atedb.v1.FrameType`. */
export const frameTypes = { open: 1, message: 2, halfClose: 3, status: 4, headers: 5 } as const;

const magic = (equals: number): FieldForm => ({
  number: 1,
  name: 'magic',
  kind: 'fixed32',
  equals,
  required: true,
});
const exactly = (number: number, name: string, length: number): FieldForm => ({
  number,
  name,
  kind: 'bytes',
  length,
  required: true,
});

const keyShareForm: MessageForm = {
  name: 'KeyShare',
  fields: [
    { number: 1, name: 'kem', kind: 'uint32', required: true },
    { number: 2, name: 'public_key', kind: 'bytes', lengthMax: shareBytesMax, required: true },
  ],
};

export const clientHelloForm: MessageForm = {
  name: 'ClientHello',
  fields: [
    magic(magics.clientHello),
    exactly(2, 'random', hashBytes),
    { number: 3, name: 'key_bits', kind: 'uint32', required: true },
    {
      number: 4,
      name: 'shares',
      kind: 'message',
      form: keyShareForm,
      repeated: true,
      countMax: sharesMax,
      required: true,
    },
  ],
};

export const serverHelloForm: MessageForm = {
  name: 'ServerHello',
  fields: [
    { number: 1, name: 'parameters', kind: 'bytes', required: true },
    {
      number: 2,
      name: 'sealed_proof',
      kind: 'bytes',
      lengthMax: sealedProofBytesMax,
      required: true,
    },
  ],
};

export const parametersForm: MessageForm = {
  name: 'ServerParameters',
  fields: [
    magic(magics.parameters),
    { number: 2, name: 'key_bits', kind: 'uint32', required: true },
    exactly(3, 'session_id', idBytes),
    { number: 4, name: 'kem', kind: 'uint32', required: true },
    { number: 5, name: 'encapsulated', kind: 'bytes', lengthMax: shareBytesMax, required: true },
    exactly(6, 'sealed_secret', hashBytes + aesGcmTagBytes),
  ],
};

export const proofForm: MessageForm = {
  name: 'ServerProof',
  fields: [
    magic(magics.proof),
    { number: 2, name: 'identity', kind: 'bytes', required: true },
    { number: 3, name: 'signature', kind: 'message', form: signatureForm, required: true },
    exactly(4, 'finished', hashBytes),
  ],
};

export const identityForm: MessageForm = {
  name: 'ServerIdentity',
  fields: [
    magic(magics.identity),
    { number: 2, name: 'key', kind: 'message', form: publicKeyForm, required: true },
    {
      number: 3,
      name: 'rotations',
      kind: 'bytes',
      lengthMax: rotationBytesMax,
      repeated: true,
      countMax: rotationsMax,
    },
    { number: 4, name: 'lifetime_ms', kind: 'varint', required: true },
    { number: 5, name: 'idle_ms', kind: 'varint', required: true },
    { number: 6, name: 'bytes_max', kind: 'varint', required: true },
  ],
};

export const clientFinishedForm: MessageForm = {
  name: 'ClientFinished',
  fields: [magic(magics.clientFinished), exactly(2, 'finished', hashBytes)],
};

const frameType = (number: number): FieldForm => ({
  number,
  name: 'type',
  kind: 'enum',
  values: Object.values(frameTypes),
  required: true,
});
const ciphertext = (number: number): FieldForm => ({
  number,
  name: 'ciphertext',
  kind: 'bytes',
  required: true,
});

export const callRequestForm: MessageForm = {
  name: 'CallRequest',
  fields: [
    { number: 1, name: 'session_id', kind: 'bytes', length: idBytes },
    { number: 2, name: 'call', kind: 'varint' },
    { number: 3, name: 'random', kind: 'bytes', length: idBytes },
    frameType(4),
    ciphertext(5),
  ],
};

export const callResponseForm: MessageForm = {
  name: 'CallResponse',
  fields: [
    { number: 1, name: 'random', kind: 'bytes', length: idBytes },
    frameType(2),
    ciphertext(3),
  ],
};
