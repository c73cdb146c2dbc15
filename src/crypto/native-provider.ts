import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hash,
  hkdfSync,
} from 'node:crypto';
import { digestFrom } from './digest-memory.ts';
import {
  NativeMlkemKey,
  NativeP384Key,
  NativeX25519Key,
  nativeAgreeWith,
  nativeEncapsulate,
} from './native-kem.ts';
import { NativeSigningKey, NativeVerifyingKey } from './native-signatures.ts';
import type { AeadInput, Argon2Input, CryptoProvider } from './provider.ts';

const tagBytes = 16;

/** Node's own cryptography, which is OpenSSL's. */
export const nativeProvider: CryptoProvider = {
  name: 'native',
  sha256: (bytes) => digestFrom(hash('sha256', bytes, 'latin1')),
  sha256Text: (bytes) => hash('sha256', bytes, 'latin1'),
  sha256OfParts: (parts) => {
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    return digest.digest();
  },
  sha512: (bytes) => hash('sha512', bytes, 'buffer'),
  sha3_256: (bytes) => hash('sha3-256', bytes, 'buffer'),
  shake256: (bytes, length) =>
    hash('shake256', bytes, { outputEncoding: 'buffer', outputLength: length }),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  hkdfSha256: ({ keyMaterial, salt, info }, length) =>
    Buffer.from(hkdfSync('sha256', keyMaterial, salt, info, length)),
  argon2id: nativeArgon2id,
  aesGcmSeal: (input, plaintext) => Buffer.concat(aesGcmSealParts(input, [plaintext])),
  aesGcmSealParts,
  aesGcmOpen,
  signingKey: (seed) => new NativeSigningKey(seed),
  verifyingKey: (key) => new NativeVerifyingKey(key),
  mlkemKey: (name, seed) => new NativeMlkemKey(name, seed),
  mlkemEncapsulate: nativeEncapsulate,
  agreeWith: nativeAgreeWith,
  agreeingKey: (curve, secret) =>
    curve === 'x25519' ? new NativeX25519Key(secret) : new NativeP384Key(secret),
};

/** In the thread pool. */
function nativeArgon2id(input: Argon2Input): Promise<Buffer> {
  const parameters = {
    message: input.passphrase,
    nonce: input.salt,
    memory: input.memoryKib,
    passes: input.passes,
    parallelism: input.lanes,
    tagLength: input.length,
  };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function aesGcmSealParts({ key, nonce, aad }: AeadInput, plaintext: readonly Buffer[]): Buffer[] {
  const sealer = createCipheriv(cipherOf(key), key, nonce, { authTagLength: tagBytes });
  sealer.setAAD(aad);
  const sealed = plaintext.map((part) => sealer.update(part));
  // GCM holds nothing back, so this is empty.
  sealer.final();
  sealed.push(sealer.getAuthTag());
  return sealed;
}

function cipherOf({ length }: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return length === 16 ? 'aes-128-gcm' : length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

function aesGcmOpen({ key, nonce, aad }: AeadInput, sealed: Buffer): Buffer | undefined {
  const middle = sealed.length - tagBytes;
  if (middle < 0) return undefined;
  const opener = createDecipheriv(cipherOf(key), key, nonce, { authTagLength: tagBytes });
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
