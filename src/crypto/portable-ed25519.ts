import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { asBuffer } from './as-buffer.ts';
import { ed25519PointFault } from './ed25519-point.ts';
import type { SigningKey, VerifyingKey } from './provider.ts';

const { Point } = ed25519;
const order = Point.Fn.ORDER;
const pointBytes = 32;
const signatureBytes = 64;

type EdwardsPoint = typeof Point.BASE;

/** A key of noble's. */
export class PortableEd25519SigningKey implements SigningKey {
  readonly publicKey: Buffer;
  readonly #seed: Buffer;

  constructor(seed: Buffer) {
    // A copy, since the caller wipes its own, and not from the pool.
    this.#seed = Buffer.alloc(seed.length);
    this.#seed.set(seed);
    this.publicKey = asBuffer(ed25519.getPublicKey(this.#seed));
  }

  async sign(message: Buffer): Promise<Buffer> {
    return this.signSync(message);
  }

  signSync(message: Buffer): Buffer {
    return asBuffer(ed25519.sign(message, this.#seed));
  }
}

/**
 * A public key over noble's curve. Its own verification multiplies by the cofactor, in each of its modes; this is the
 * check without it, which RFC 8032 (5.1.7) allows, and OpenSSL makes: R is compared with S·B − k·A, byte for byte.
 */
export class PortableEd25519VerifyingKey implements VerifyingKey {
  readonly #bytes: Buffer;
  /** Undefined where the bytes are no point, or one that must not verify anything. */
  readonly #point: EdwardsPoint | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = Buffer.from(bytes);
    this.#point = pointOf(bytes);
  }

  async verify(message: Buffer, signature: Buffer): Promise<boolean> {
    return this.verifySync(message, signature);
  }

  verifySync(message: Buffer, signature: Buffer): boolean {
    if (this.#point === undefined || signature.length !== signatureBytes) return false;
    const pointR = signature.subarray(0, pointBytes);
    const scalarS = fromLittleEndian(signature.subarray(pointBytes));
    if (scalarS >= order || ed25519PointFault(pointR) !== undefined) return false;
    const hash = sha512.create().update(pointR).update(this.#bytes).update(message).digest();
    const challenge = fromLittleEndian(hash) % order;
    const expected = Point.BASE.multiplyUnsafe(scalarS).subtract(
      this.#point.multiplyUnsafe(challenge),
    );
    return pointR.equals(expected.toBytes());
  }
}

function pointOf(bytes: Buffer): EdwardsPoint | undefined {
  if (ed25519PointFault(bytes) !== undefined) return undefined;
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
