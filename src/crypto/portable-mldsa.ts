import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { asBuffer } from './as-buffer.ts';
import type { KeyMaterial, SigningKey, VerifyingKey } from './provider.ts';

const algorithms = { mldsa44: ml_dsa44, mldsa65: ml_dsa65 } as const;
const noContext = Buffer.alloc(0);

type Mldsa = keyof typeof algorithms;

/** A key of noble's; it signs with fresh randomness, as FIPS 204 advises. */
export class PortableMldsaSigningKey implements SigningKey {
  readonly publicKey: Buffer;
  readonly #algorithm: Mldsa;
  readonly #secret: Uint8Array;
  readonly #context: Buffer;

  constructor(algorithm: Mldsa, { bytes, context = noContext }: KeyMaterial) {
    const { publicKey, secretKey } = algorithms[algorithm].keygen(bytes);
    this.publicKey = asBuffer(publicKey);
    this.#algorithm = algorithm;
    this.#secret = secretKey;
    this.#context = context;
  }

  async sign(message: Buffer): Promise<Buffer> {
    return this.signSync(message);
  }

  signSync(message: Buffer): Buffer {
    const { sign } = algorithms[this.#algorithm];
    return asBuffer(sign(message, this.#secret, { context: this.#context }));
  }
}

/** A public key of noble's. */
export class PortableMldsaVerifyingKey implements VerifyingKey {
  readonly #algorithm: Mldsa;
  readonly #key: Buffer;
  readonly #context: Buffer;

  constructor(algorithm: Mldsa, { bytes, context = noContext }: KeyMaterial) {
    this.#algorithm = algorithm;
    this.#key = Buffer.from(bytes);
    this.#context = context;
  }

  async verify(message: Buffer, signature: Buffer): Promise<boolean> {
    return this.verifySync(message, signature);
  }

  verifySync(message: Buffer, signature: Buffer): boolean {
    const { verify } = algorithms[this.#algorithm];
    return verify(signature, message, this.#key, { context: this.#context });
  }
}
