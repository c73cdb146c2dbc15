import { decapsulate, diffieHellman, encapsulate, type KeyObject } from 'node:crypto';
import { importPublicKey, importSeed, rawPublicKey } from './native-keys.ts';
import type { DecapsulatingKey } from './provider.ts';

/** A key of OpenSSL's. */
export class NativeMlkemKey implements DecapsulatingKey {
  readonly publicKey: Buffer;
  readonly #key: KeyObject;

  constructor(seed: Buffer) {
    this.#key = importSeed('mlkem768', seed);
    this.publicKey = rawPublicKey('mlkem768', this.#key);
  }

  decapsulate(ciphertext: Buffer): Buffer {
    return decapsulate(this.#key, ciphertext);
  }
}

/** See `CryptoProvider.mlkem768Encapsulate`. */
export function nativeEncapsulate(publicKey: Buffer): { sharedSecret: Buffer; ciphertext: Buffer } {
  const { sharedKey, ciphertext } = encapsulate(importPublicKey('mlkem768', publicKey));
  return { sharedSecret: sharedKey, ciphertext };
}

/** See `CryptoProvider.x25519PublicKey`. */
export function nativeX25519PublicKey(secret: Buffer): Buffer {
  return rawPublicKey('x25519', importSeed('x25519', secret));
}

/** See `CryptoProvider.x25519`. */
export function nativeX25519(secret: Buffer, publicKey: Buffer): Buffer | undefined {
  const keys = {
    privateKey: importSeed('x25519', secret),
    publicKey: importPublicKey('x25519', publicKey),
  };
  try {
    return diffieHellman(keys);
  } catch {
    // OpenSSL fails for this one reason: 32 bytes are always a point, of this curve or of its twist.
    return undefined;
  }
}
