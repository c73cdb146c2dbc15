import {
  createECDH,
  decapsulate,
  diffieHellman,
  type ECDH,
  encapsulate,
  type KeyObject,
} from 'node:crypto';
import { importPublicKey, importSeed, rawPublicKey } from './native-keys.ts';
import { p384PointFault } from './p384-numbers.ts';
import type { AgreeingKey, DecapsulatingKey, MlkemName } from './provider.ts';

/** A key of OpenSSL's. */
export class NativeMlkemKey implements DecapsulatingKey {
  readonly publicKey: Buffer;
  readonly #key: KeyObject;

  constructor(name: MlkemName, seed: Buffer) {
    this.#key = importSeed(name, seed);
    this.publicKey = rawPublicKey(name, this.#key);
  }

  decapsulate(ciphertext: Buffer): Buffer {
    return decapsulate(this.#key, ciphertext);
  }
}

/** See `CryptoProvider.mlkemEncapsulate`. */
export function nativeEncapsulate(
  name: MlkemName,
  publicKey: Buffer,
  coins?: Buffer,
): { sharedSecret: Buffer; ciphertext: Buffer } {
  if (coins !== undefined) throw new Error('only the portable provider encapsulates with coins');
  const { sharedKey, ciphertext } = encapsulate(importPublicKey(name, publicKey));
  return { sharedSecret: sharedKey, ciphertext };
}

/** X25519 by OpenSSL. */
export class NativeX25519Key implements AgreeingKey {
  readonly publicKey: Buffer;
  readonly #key: KeyObject;

  constructor(secret: Buffer) {
    this.#key = importSeed('x25519', secret);
    this.publicKey = rawPublicKey('x25519', this.#key);
  }

  agree(publicKey: Buffer): Buffer | undefined {
    const keys = { privateKey: this.#key, publicKey: importPublicKey('x25519', publicKey) };
    try {
      return diffieHellman(keys);
    } catch {
      // OpenSSL fails for this one reason: 32 bytes are always a point, of this curve or of its twist.
      return undefined;
    }
  }
}

/** ECDH on P-384 by OpenSSL. */
export class NativeP384Key implements AgreeingKey {
  readonly publicKey: Buffer;
  readonly #ecdh: ECDH;

  constructor(secret: Buffer) {
    this.#ecdh = createECDH('secp384r1');
    this.#ecdh.setPrivateKey(secret);
    this.publicKey = this.#ecdh.getPublicKey();
  }

  agree(publicKey: Buffer): Buffer | undefined {
    // OpenSSL checks that it is on the curve, but takes other encodings too.
    if (p384PointFault(publicKey) !== undefined) return undefined;
    return this.#ecdh.computeSecret(publicKey);
  }
}
