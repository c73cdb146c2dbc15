import {
  createECDH,
  decapsulate,
  diffieHellman,
  type ECDH,
  encapsulate,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { importPublicKey, importSeed, rawPublicKey } from './native-keys.ts';
import { p384PointFault } from './p384-numbers.ts';
import type { AgreeingKey, Agreement, CurveName, DecapsulatingKey, MlkemName } from './provider.ts';

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

const generate = promisify(generateKeyPair);

/**
 * See `CryptoProvider.agreeWith`. P-384 takes milliseconds, and goes to the thread pool; X25519 takes less than the way
 * there.
 */
export async function nativeAgreeWith(
  curve: CurveName,
  publicKey: Buffer,
): Promise<Agreement | undefined> {
  if (curve === 'x25519') {
    const secretKey = randomBytes(32);
    const key = new NativeX25519Key(secretKey);
    secretKey.fill(0);
    const secret = key.agree(publicKey);
    return secret && { publicKey: key.publicKey, secret };
  }
  if (p384PointFault(publicKey) !== undefined) return undefined;
  const { privateKey } = await generate('ec', { namedCurve: 'P-384' });
  const keys = { privateKey, publicKey: importPublicKey('p384', publicKey) };
  const secret = await new Promise<Buffer>((resolve, reject) => {
    diffieHellman(keys, (error, shared) => {
      if (error) reject(error);
      else resolve(shared);
    });
  });
  return { publicKey: rawPublicKey('p384', privateKey), secret };
}
