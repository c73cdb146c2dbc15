import { type KeyObject, sign, verify } from 'node:crypto';
import { ed25519PointFault } from './ed25519-point.ts';
import { importPublicKey, importSeed, rawPublicKey } from './native-keys.ts';
import type { KeyMaterial, SigningKey, VerifyingKey } from './provider.ts';

/** An Ed25519 signature is the point R, then the integer S. */
const ed25519PointBytes = 32;

/** A key as Node takes it, with the context of ML-DSA. */
interface KeyInContext {
  readonly key: KeyObject;
  readonly context?: Buffer;
}

function inContext(key: KeyObject, context: Buffer | undefined): KeyInContext {
  return context === undefined ? { key } : { key, context };
}

/** A key of OpenSSL's, which works in the thread pool. */
export class NativeSigningKey implements SigningKey {
  readonly publicKey: Buffer;
  readonly #key: KeyInContext;

  constructor({ algorithm, bytes, context }: KeyMaterial) {
    const key = importSeed(algorithm, bytes);
    this.publicKey = rawPublicKey(algorithm, key);
    this.#key = inContext(key, context);
  }

  sign(message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      sign(null, message, this.#key, (error, signature) => {
        if (error) reject(error);
        else resolve(signature);
      });
    });
  }

  signSync(message: Buffer): Buffer {
    return sign(null, message, this.#key);
  }
}

/** A public key of OpenSSL's. */
export class NativeVerifyingKey implements VerifyingKey {
  readonly #key: KeyInContext;
  readonly #isEd25519: boolean;
  /** Whether the key itself is such that it must not verify anything. */
  readonly #isFaulty: boolean;

  constructor({ algorithm, bytes, context }: KeyMaterial) {
    this.#key = inContext(importPublicKey(algorithm, bytes), context);
    this.#isEd25519 = algorithm === 'ed25519';
    this.#isFaulty = this.#isEd25519 && ed25519PointFault(bytes) !== undefined;
  }

  async verify(message: Buffer, signature: Buffer): Promise<boolean> {
    if (!this.#mayVerify(signature)) return false;
    return new Promise((resolve, reject) => {
      verify(null, message, this.#key, signature, (error, good) => {
        if (error) reject(error);
        else resolve(good);
      });
    });
  }

  verifySync(message: Buffer, signature: Buffer): boolean {
    return this.#mayVerify(signature) && verify(null, message, this.#key, signature);
  }

  /** What OpenSSL doesn't refuse by itself in every version; see `ed25519PointFault`. */
  #mayVerify(signature: Buffer): boolean {
    if (!this.#isEd25519) return true;
    if (this.#isFaulty || signature.length < ed25519PointBytes) return false;
    return ed25519PointFault(signature.subarray(0, ed25519PointBytes)) === undefined;
  }
}
