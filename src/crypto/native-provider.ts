import { createCipheriv, createDecipheriv, createHmac, hash } from 'node:crypto';
import {
  NativeMlkemKey,
  nativeEncapsulate,
  nativeX25519,
  nativeX25519PublicKey,
} from './native-kem.ts';
import { NativeSigningKey, NativeVerifyingKey } from './native-signatures.ts';
import type { AeadInput, CryptoProvider } from './provider.ts';

const cipher = 'aes-256-gcm';
const tagBytes = 16;

/** Node's own cryptography, which is OpenSSL's. */
export const nativeProvider: CryptoProvider = {
  name: 'native',
  sha3_256: (bytes) => hash('sha3-256', bytes, 'buffer'),
  shake256: (bytes, length) =>
    hash('shake256', bytes, { outputEncoding: 'buffer', outputLength: length }),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  aesGcmSeal,
  aesGcmOpen,
  signingKey: (seed) => new NativeSigningKey(seed),
  verifyingKey: (key) => new NativeVerifyingKey(key),
  mlkem768Key: (seed) => new NativeMlkemKey(seed),
  mlkem768Encapsulate: nativeEncapsulate,
  x25519PublicKey: nativeX25519PublicKey,
  x25519: nativeX25519,
};

function aesGcmSeal({ key, nonce, aad }: AeadInput, plaintext: Buffer): Buffer {
  const sealer = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  sealer.setAAD(aad);
  return Buffer.concat([sealer.update(plaintext), sealer.final(), sealer.getAuthTag()]);
}

function aesGcmOpen({ key, nonce, aad }: AeadInput, sealed: Buffer): Buffer | undefined {
  const middle = sealed.length - tagBytes;
  if (middle < 0) return undefined;
  const opener = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  opener.setAAD(aad);
  opener.setAuthTag(sealed.subarray(middle));
  const plaintext = opener.update(sealed.subarray(0, middle));
  try {
    opener.final();
  } catch {
    // Nothing else can be wrong here than the tag.
    plaintext.fill(0);
    return undefined;
  }
  return plaintext;
}
