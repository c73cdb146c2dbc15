import { AtedbError, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { NotePublicKeys, type PublicKey } from '../crypto/index.ts';
import { signatureBytes } from './seal.ts';
import { parseSignature, type SignatureView } from './seal-view.ts';

/** A CheckpointKeys message as it was read. Its signature is not verified. */
export interface ParsedCheckpointKeys {
  readonly keys: NotePublicKeys;
  readonly signature: SignatureView;
}

/** The bytes that a server's identity signs, with the context `signatureContexts.checkpointKeys`: both have fixed lengths. */
export function checkpointKeysClaim(keys: NotePublicKeys): Buffer {
  return Buffer.concat([keys.ed25519, keys.mldsa44]);
}

/** Serialise a CheckpointKeys message. */
export function encodeCheckpointKeys(
  keys: NotePublicKeys,
  identity: PublicKey,
  signature: Buffer,
): Buffer {
  return new FieldWriter()
    .bytes(1, keys.ed25519)
    .bytes(2, keys.mldsa44)
    .message(3, signatureBytes(identity, signature))
    .finish();
}

/** Read a CheckpointKeys message. @throws AtedbError NON_CANONICAL, REQUEST_INVALID. */
export function parseCheckpointKeys(bytes: Buffer): ParsedCheckpointKeys {
  const cursor = new FieldCursor(bytes);
  const fields: (Buffer | undefined)[] = [];
  while (cursor.next()) {
    if (cursor.wireType === 2) fields[cursor.field] ??= cursor.bytesValue();
  }
  const [, ed25519, mldsa44, signature] = fields;
  if (ed25519 === undefined || mldsa44 === undefined || signature === undefined) {
    throw new AtedbError('NON_CANONICAL', 'checkpoint keys are two keys and a signature');
  }
  return {
    keys: new NotePublicKeys({ ed25519, mldsa44 }),
    signature: parseSignature(Buffer.from(signature)),
  };
}
