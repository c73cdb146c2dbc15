import { checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { parsePublicKey, publicKeyBytes } from '../event/index.ts';
import {
  clientFinishedForm,
  clientHelloForm,
  identityForm,
  magics,
  parametersForm,
  proofForm,
  serverHelloForm,
} from './forms.ts';

// The messages of a handshake, to bytes and back. Reading refuses what is not in the strict form (NON_CANONICAL); what the
// values mean is looked at by who reads.

/** An ephemeral public key. */
export interface KeyShare {
  /** In HPKE's registry. */
  readonly kem: number;
  readonly publicKey: Buffer;
}

/** What a client offers. */
export interface ClientHello {
  readonly random: Buffer;
  readonly keyBits: number;
  readonly shares: readonly KeyShare[];
}

/** Serialise a `ClientHello`. */
export function clientHelloBytes({ random, keyBits, shares }: ClientHello): Buffer {
  const writer = new FieldWriter(4_096)
    .fixed32(1, magics.clientHello)
    .bytes(2, random)
    .varint(3, keyBits);
  for (const { kem, publicKey } of shares) {
    writer.message(
      4,
      new FieldWriter(publicKey.length + 16).varint(1, kem).bytes(2, publicKey).finish(),
    );
  }
  return writer.finish();
}

/** @throws AtedbError NON_CANONICAL. */
export function parseClientHello(bytes: Buffer): ClientHello {
  checkStrict(clientHelloForm, bytes);
  const shares: KeyShare[] = [];
  let random = empty;
  let keyBits = 0;
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) {
    if (cursor.field === 2) random = cursor.bytesValue();
    else if (cursor.field === 3) keyBits = cursor.value;
    else if (cursor.field === 4) {
      const [kem, publicKey] = fieldsOf(cursor.bytesValue(), 2);
      shares.push({ kem: kem as number, publicKey: publicKey as Buffer });
    }
  }
  return { random, keyBits, shares };
}

/** A server's answer: what is hashed, and what is sealed. */
export interface ServerHello {
  readonly parameters: Buffer;
  readonly sealedProof: Buffer;
}

/** Serialise a `ServerHello`. */
export function serverHelloBytes({ parameters, sealedProof }: ServerHello): Buffer {
  return new FieldWriter(parameters.length + sealedProof.length + 16)
    .bytes(1, parameters)
    .bytes(2, sealedProof)
    .finish();
}

/** @throws AtedbError NON_CANONICAL. */
export function parseServerHello(bytes: Buffer): ServerHello {
  checkStrict(serverHelloForm, bytes);
  const [parameters, sealedProof] = fieldsOf(bytes, 2) as [Buffer, Buffer];
  return { parameters, sealedProof };
}

/** What a server has chosen. */
export interface ServerParameters {
  readonly keyBits: number;
  readonly sessionId: Buffer;
  readonly kem: number;
  readonly encapsulated: Buffer;
  readonly sealedSecret: Buffer;
}

/** Serialise `ServerParameters`. */
export function parametersBytes(parameters: ServerParameters): Buffer {
  return new FieldWriter(2_048)
    .fixed32(1, magics.parameters)
    .varint(2, parameters.keyBits)
    .bytes(3, parameters.sessionId)
    .varint(4, parameters.kem)
    .bytes(5, parameters.encapsulated)
    .bytes(6, parameters.sealedSecret)
    .finish();
}

/** @throws AtedbError NON_CANONICAL. */
export function parseParameters(bytes: Buffer): ServerParameters {
  checkStrict(parametersForm, bytes);
  const [, keyBits, sessionId, kem, encapsulated, sealedSecret] = fieldsOf(bytes, 6) as [
    number,
    number,
    Buffer,
    number,
    Buffer,
    Buffer,
  ];
  return { keyBits, sessionId, kem, encapsulated, sealedSecret };
}

/** How long a session lasts. */
export interface SessionTerms {
  /** Milliseconds after the handshake. */
  readonly lifetimeMs: number;
  /** Milliseconds after its last frame. */
  readonly idleMs: number;
  /** Bytes of frames, both ways together. */
  readonly bytesMax: number;
}

/** Who a server is. */
export interface ServerIdentity {
  readonly key: PublicKey;
  /** Serialised statements, oldest first. */
  readonly rotations: readonly Buffer[];
  readonly terms: SessionTerms;
}

/** Serialise a `ServerIdentity`. */
export function identityBytes({ key, rotations, terms }: ServerIdentity): Buffer {
  const writer = new FieldWriter(4_096).fixed32(1, magics.identity).message(2, publicKeyBytes(key));
  for (const rotation of rotations) writer.bytesAlways(3, rotation);
  return writer
    .varint(4, terms.lifetimeMs)
    .varint(5, terms.idleMs)
    .varint(6, terms.bytesMax)
    .finish();
}

/** @throws AtedbError NON_CANONICAL, and as `PublicKey.parse`. */
export function parseIdentity(bytes: Buffer): ServerIdentity {
  checkStrict(identityForm, bytes);
  const rotations: Buffer[] = [];
  let key: PublicKey | undefined;
  const terms = { lifetimeMs: 0, idleMs: 0, bytesMax: 0 };
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) {
    if (cursor.field === 2) key = parsePublicKey(cursor.bytesValue());
    else if (cursor.field === 3) rotations.push(Buffer.from(cursor.bytesValue()));
    else if (cursor.field === 4) terms.lifetimeMs = cursor.value;
    else if (cursor.field === 5) terms.idleMs = cursor.value;
    else if (cursor.field === 6) terms.bytesMax = cursor.value;
  }
  return { key: key as PublicKey, rotations, terms };
}

/** That a server is who it says. */
export interface ServerProof {
  /** Serialised. */
  readonly identity: Buffer;
  /** Serialised. */
  readonly signature: Buffer;
  readonly finished: Buffer;
}

/** Serialise a `ServerProof`. */
export function proofBytes({ identity, signature, finished }: ServerProof): Buffer {
  return new FieldWriter(identity.length + signature.length + 64)
    .fixed32(1, magics.proof)
    .bytes(2, identity)
    .message(3, signature)
    .bytes(4, finished)
    .finish();
}

/** @throws AtedbError NON_CANONICAL. */
export function parseProof(bytes: Buffer): ServerProof {
  checkStrict(proofForm, bytes);
  const [, identity, signature, finished] = fieldsOf(bytes, 4) as [number, Buffer, Buffer, Buffer];
  return { identity, signature, finished };
}

/** Serialise a `ClientFinished`. */
export function clientFinishedBytes(finished: Buffer): Buffer {
  return new FieldWriter(64).fixed32(1, magics.clientFinished).bytes(2, finished).finish();
}

/** The MAC in a `ClientFinished`. @throws AtedbError NON_CANONICAL. */
export function parseClientFinished(bytes: Buffer): Buffer {
  checkStrict(clientFinishedForm, bytes);
  return fieldsOf(bytes, 2)[1] as Buffer;
}

const empty = Buffer.alloc(0) as Buffer;

/** The values of singular fields 1 to `count`; the strict form was checked. */
function fieldsOf(bytes: Buffer, count: number): (number | Buffer)[] {
  const values: (number | Buffer)[] = new Array(count).fill(0);
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) {
    values[cursor.field - 1] = cursor.wireType === 2 ? cursor.bytesValue() : cursor.value;
  }
  return values;
}
