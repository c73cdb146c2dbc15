import { randomFillSync } from 'node:crypto';
import { inspect } from 'node:util';
import { checkLength } from './check-length.ts';
import { CompositeSigner } from './composite.ts';
import { PublicKey } from './public-key.ts';
import { signatureSuite, suiteMldsa65Ed25519 } from './suites.ts';

/** How a new key pair is made. */
export interface KeyPairOptions {
  /** In `atedb.v1.SignatureSuite`; `suiteMldsa65Ed25519` unless it is given. */
  readonly suite?: number | undefined;
}

/**
 * A public key with its secret. The secret is a seed from which both halves follow; nothing but `exportSeed` shows it:
 * neither JSON nor `util.inspect` nor an error.
 */
export class KeyPair {
  readonly publicKey: PublicKey;
  readonly #seed: Buffer;
  readonly #signer: CompositeSigner;

  private constructor(publicKey: PublicKey, seed: Buffer, signer: CompositeSigner) {
    this.publicKey = publicKey;
    this.#seed = seed;
    this.#signer = signer;
  }

  /** Make a new key pair. @throws AtedbError UNSUPPORTED for a suite that is not known. */
  static generate({ suite = suiteMldsa65Ed25519 }: KeyPairOptions = {}): KeyPair {
    const seed = randomFillSync(Buffer.alloc(signatureSuite(suite).lengths.seed));
    try {
      return KeyPair.fromSeed(suite, seed);
    } finally {
      seed.fill(0);
    }
  }

  /**
   * The key pair that follows from a seed: ML-DSA's 32 bytes, then Ed25519's 32. The seed is copied.
   *
   * @throws AtedbError UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a seed of the wrong length.
   */
  static fromSeed(suite: number, seed: Buffer): KeyPair {
    const known = signatureSuite(suite);
    checkLength('seed', seed, known.lengths.seed);
    // Not from Buffer's shared pool, which other buffers' `buffer` property would show.
    const kept = Buffer.alloc(known.lengths.seed);
    kept.set(seed);
    const signer = new CompositeSigner(known, kept);
    return new KeyPair(PublicKey.parse(suite, signer.publicKey), kept, signer);
  }

  /**
   * Sign a message in a context. Runs in the thread pool. Two signatures of one message differ.
   *
   * @param context one of `signatureContexts`; at most 255 bytes.
   */
  sign(context: string, message: Buffer): Promise<Buffer> {
    return this.#signer.sign(context, message);
  }

  /** The seed, in a new buffer that the caller wipes. A secret: who has it can sign. */
  exportSeed(): Buffer {
    const seed = Buffer.alloc(this.#seed.length);
    seed.set(this.#seed);
    return seed;
  }

  toJSON(): object {
    return { publicKey: this.publicKey.toJSON() };
  }

  [inspect.custom](): string {
    return `KeyPair { ${this.publicKey.fingerprintHex} }`;
  }
}
