import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { type KemSeed, KeyPair } from '../crypto/index.ts';
import { keySeedsForm } from './forms.ts';

/** The KeySeeds message of a key: a secret, which the caller wipes. */
export function encodeSeeds(key: KeyPair): Buffer {
  const seed = key.exportSeed();
  const kem = key.exportKemSeed();
  try {
    // Of one piece and large enough, so that no copy of what is in it is left behind.
    return new FieldWriter(256)
      .varint(1, key.publicKey.suite)
      .bytes(2, seed)
      .varint(3, kem?.suite ?? 0)
      .bytes(4, kem?.seed)
      .finish();
  } finally {
    seed.fill(0);
    kem?.seed.fill(0);
  }
}

/** The key of a KeySeeds message; undefined for what is none. */
export function decodeSeeds(bytes: Buffer): KeyPair | undefined {
  try {
    checkStrict(keySeedsForm, bytes);
    return readSeeds(bytes);
  } catch (error) {
    if (error instanceof AtedbError) return undefined;
    throw error;
  }
}

/** The key of a KeySeeds message in the strict form. @throws AtedbError UNSUPPORTED, REQUEST_INVALID. */
export function readSeeds(bytes: Buffer): KeyPair {
  const cursor = new FieldCursor(bytes);
  let suite = 0;
  let seed = Buffer.alloc(0) as Buffer;
  let kemSuite = 0;
  let kem: KemSeed | undefined;
  while (cursor.next()) {
    if (cursor.field === 1) suite = cursor.value;
    else if (cursor.field === 2) seed = cursor.bytesValue();
    else if (cursor.field === 3) kemSuite = cursor.value;
    else kem = { suite: kemSuite, seed: cursor.bytesValue() };
  }
  return KeyPair.fromSeed(suite, seed, kem);
}
