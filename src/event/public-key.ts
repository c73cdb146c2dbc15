import { FieldCursor, FieldWriter } from '../bytes/index.ts';
import { PublicKey } from '../crypto/index.ts';

/** Read a serialised PublicKey message in the strict form. @throws AtedbError as `PublicKey.fromFields`. */
export function parsePublicKey(bytes: Buffer): PublicKey {
  const cursor = new FieldCursor(bytes);
  let suite = 0;
  let key = Buffer.alloc(0) as Buffer;
  let kemSuite = 0;
  let kemKey = Buffer.alloc(0) as Buffer;
  while (cursor.next()) {
    if (cursor.field === 1) suite = cursor.value;
    else if (cursor.field === 2) key = cursor.bytesValue();
    else if (cursor.field === 3) kemSuite = cursor.value;
    else if (cursor.field === 4) kemKey = cursor.bytesValue();
  }
  return PublicKey.fromFields({ suite, key, kemSuite, kemKey });
}

/** Serialise a public key as a PublicKey message. */
export function publicKeyBytes(key: PublicKey): Buffer {
  return new FieldWriter()
    .varint(1, key.suite)
    .bytes(2, key.bytes)
    .varint(3, key.kem?.suite ?? 0)
    .bytes(4, key.kem?.bytes)
    .finish();
}
