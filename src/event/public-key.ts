import { FieldCursor, FieldWriter } from '../bytes/index.ts';
import { PublicKey } from '../crypto/index.ts';

/** Read a serialised PublicKey message in the strict form. */
export function parsePublicKey(bytes: Buffer): PublicKey {
  const cursor = new FieldCursor(bytes);
  let suite = 0;
  let key = Buffer.alloc(0) as Buffer;
  while (cursor.next()) {
    if (cursor.field === 1) suite = cursor.value;
    else if (cursor.field === 2) key = cursor.bytesValue();
  }
  return PublicKey.parse(suite, key);
}

/** Serialise a public key as a PublicKey message. */
export function publicKeyBytes(key: PublicKey): Buffer {
  return new FieldWriter().varint(1, key.suite).bytes(2, key.bytes).finish();
}
