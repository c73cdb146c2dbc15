import { gcm } from '@noble/ciphers/aes.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { p384 } from '@noble/curves/nist.js';
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { asBuffer } from './as-buffer.ts';
import { p384PointFault } from './p384-numbers.ts';
import { PortableEd25519SigningKey, PortableEd25519VerifyingKey } from './portable-ed25519.ts';
import { PortableMldsaSigningKey, PortableMldsaVerifyingKey } from './portable-mldsa.ts';
import type { AeadInput, AgreeingKey, Argon2Input, CryptoProvider } from './provider.ts';

/** Cryptography in JavaScript, without anything of the system's but its random bytes; on the calling thread, and slower. */
export const portableProvider: CryptoProvider = {
  name: 'portable',
  sha256: (bytes) => asBuffer(sha256(bytes)),
  sha256Text: (bytes) => asBuffer(sha256(bytes)).toString('latin1'),
  sha256OfParts: (parts) => {
    const digest = sha256.create();
    for (const part of parts) digest.update(part);
    return asBuffer(digest.digest());
  },
  sha512: (bytes) => asBuffer(sha512(bytes)),
  sha3_256: (bytes) => asBuffer(sha3_256(bytes)),
  shake256: (bytes, length) => asBuffer(shake256(bytes, { dkLen: length })),
  hmacSha256: (key, bytes) => asBuffer(hmac(sha256, key, bytes)),
  hkdfSha256: ({ keyMaterial, salt, info }, length) =>
    asBuffer(hkdf(sha256, keyMaterial, salt, info, length)),
  argon2id: portableArgon2id,
  aesGcmSeal: ({ key, nonce, aad }, plaintext) => asBuffer(gcm(key, nonce, aad).encrypt(plaintext)),
  aesGcmSealParts: ({ key, nonce, aad }, plaintext) => {
    const sealed = asBuffer(gcm(key, nonce, aad).encrypt(Buffer.concat(plaintext)));
    let end = 0;
    const parts = plaintext.map(({ length }) => {
      end += length;
      return sealed.subarray(end - length, end);
    });
    return [...parts, sealed.subarray(end)];
  },
  aesGcmOpen,
  signingKey: (seed) =>
    seed.algorithm === 'ed25519'
      ? new PortableEd25519SigningKey(seed.bytes)
      : new PortableMldsaSigningKey(seed.algorithm, seed),
  verifyingKey: (key) =>
    key.algorithm === 'ed25519'
      ? new PortableEd25519VerifyingKey(key.bytes)
      : new PortableMldsaVerifyingKey(key.algorithm, key),
  mlkemKey: (name, seed) => {
    const mlkem = mlkems[name];
    const { publicKey, secretKey } = mlkem.keygen(seed);
    return {
      publicKey: asBuffer(publicKey),
      decapsulate: (ciphertext) => asBuffer(mlkem.decapsulate(ciphertext, secretKey)),
    };
  },
  mlkemEncapsulate: (name, publicKey, coins) => {
    const { sharedSecret, cipherText } = mlkems[name].encapsulate(publicKey, coins);
    return { sharedSecret: asBuffer(sharedSecret), ciphertext: asBuffer(cipherText) };
  },
  agreeWith: async (curve, publicKey) => {
    const { utils } = curve === 'x25519' ? x25519 : p384;
    const secretKey = asBuffer(utils.randomSecretKey());
    const key = curve === 'x25519' ? x25519Key(secretKey) : p384Key(secretKey);
    secretKey.fill(0);
    const secret = key.agree(publicKey);
    return secret && { publicKey: key.publicKey, secret };
  },
  agreeingKey: (curve, secret) => (curve === 'x25519' ? x25519Key(secret) : p384Key(secret)),
};

const mlkems = { mlkem768: ml_kem768, mlkem1024: ml_kem1024 } as const;

function x25519Key(secret: Buffer): AgreeingKey {
  // The caller wipes what it passes.
  const kept = Uint8Array.from(secret);
  return {
    publicKey: asBuffer(x25519.getPublicKey(kept)),
    agree: (publicKey) => {
      try {
        return asBuffer(x25519.getSharedSecret(kept, publicKey));
      } catch {
        // It throws where the result is zero; the caller has checked the lengths.
        return undefined;
      }
    },
  };
}

function p384Key(secret: Buffer): AgreeingKey {
  const kept = Uint8Array.from(secret);
  return {
    publicKey: asBuffer(p384.getPublicKey(kept, false)),
    agree: (publicKey) => {
      if (p384PointFault(publicKey) !== undefined) return undefined;
      // The shared point, compressed: a byte for the sign of y, then x.
      return asBuffer(p384.getSharedSecret(kept, publicKey).subarray(1));
    },
  };
}

async function portableArgon2id(input: Argon2Input): Promise<Buffer> {
  const { passphrase, salt, memoryKib: m, passes: t, lanes: p, length: dkLen } = input;
  return asBuffer(await argon2idAsync(passphrase, salt, { m, t, p, dkLen }));
}

function aesGcmOpen({ key, nonce, aad }: AeadInput, sealed: Buffer): Buffer | undefined {
  if (sealed.length < 16) return undefined;
  try {
    return asBuffer(gcm(key, nonce, aad).decrypt(sealed));
  } catch {
    // Nothing else can be wrong here than the tag.
    return undefined;
  }
}
