import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { magics } from './forms.ts';
import { identityRotationForm, identityRotationHeaderForm } from './identity-rotation-forms.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';
import { signatureBytes } from './seal.ts';
import { parseSignature, type SignatureView } from './seal-view.ts';

/** That one identity key of a server is followed by another one. */
export interface IdentityRotationClaim {
  readonly oldIdentity: PublicKey;
  readonly newIdentity: PublicKey;
  /** By the server's clock: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** An IdentityRotation message as it was read. Its signatures are not verified. */
export interface ParsedIdentityRotation extends IdentityRotationClaim {
  /** What both signatures are over. */
  readonly headerBytes: Buffer;
  readonly oldSignature: SignatureView;
  readonly newSignature: SignatureView;
}

/** Serialise the header of a rotation: what both keys sign, each in a context of its own. */
export function identityRotationHeader(claim: IdentityRotationClaim): Buffer {
  return new FieldWriter()
    .fixed32(1, magics.identityRotation)
    .message(2, publicKeyBytes(claim.oldIdentity))
    .message(3, publicKeyBytes(claim.newIdentity))
    .varint(4, claim.timeUnixMs)
    .finish();
}

/** Serialise an IdentityRotation message. */
export function encodeIdentityRotation(
  headerBytes: Buffer,
  { oldIdentity, newIdentity }: IdentityRotationClaim,
  signatures: { readonly old: Buffer; readonly new: Buffer },
): Buffer {
  return new FieldWriter()
    .bytes(1, headerBytes)
    .message(2, signatureBytes(oldIdentity, signatures.old))
    .message(3, signatureBytes(newIdentity, signatures.new))
    .finish();
}

/**
 * Read an IdentityRotation message. The bytes are copied.
 *
 * @throws AtedbError NON_CANONICAL for what isn't in the strict form, or has one key twice; REQUEST_INVALID, UNSUPPORTED for its keys.
 */
export function parseIdentityRotation(message: Buffer): ParsedIdentityRotation {
  const bytes = Buffer.from(message);
  checkStrict(identityRotationForm, bytes);
  const [headerBytes, old, own] = messagesOf(bytes, [1, 2, 3]);
  checkStrict(identityRotationHeaderForm, headerBytes);
  const [oldKey, newKey] = messagesOf(headerBytes, [2, 3]);
  const oldIdentity = parsePublicKey(oldKey);
  const newIdentity = parsePublicKey(newKey);
  if (oldIdentity.fingerprint.equals(newIdentity.fingerprint)) {
    throw new AtedbError(
      'NON_CANONICAL',
      `a rotation leads from the key ${oldIdentity.fingerprintHex} to itself`,
    );
  }
  return {
    oldIdentity,
    newIdentity,
    timeUnixMs: timeOf(headerBytes),
    headerBytes,
    oldSignature: parseSignature(old),
    newSignature: parseSignature(own),
  };
}

/** The contents of fields that the strict form requires. */
function messagesOf<Fields extends readonly number[]>(
  bytes: Buffer,
  fields: readonly [...Fields],
): { [Field in keyof Fields]: Buffer } {
  const found = new Map<number, Buffer>();
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) {
    if (fields.includes(cursor.field)) found.set(cursor.field, cursor.bytesValue());
  }
  return fields.map((field) => found.get(field)) as { [Field in keyof Fields]: Buffer };
}

function timeOf(headerBytes: Buffer): number {
  const cursor = new FieldCursor(headerBytes);
  while (cursor.next()) if (cursor.field === 4) return cursor.value;
  return 0;
}
