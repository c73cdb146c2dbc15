import { randomFillSync } from 'node:crypto';
import { inspect } from 'node:util';
import { AtedbError } from '../bytes/index.ts';
import {
  type CompositeKey,
  compositeBytes,
  compositePublicKeyOf,
  importCompositePublicKey,
  importCompositeSeed,
  signComposite,
  splitHalves,
  verifyComposite,
} from './composite.ts';
import { hashTags } from './domains.ts';
import { ed25519PointFault } from './ed25519-point.ts';
import { taggedHash } from './hash.ts';

/** The number of the suite ML-DSA-65 with Ed25519 in `atedb.v1.SignatureSuite`. */
export const suiteMldsa65Ed25519 = 1;

/** Sizes in bytes of the suite's encodings. */
export const lengths = {
  publicKey: compositeBytes.publicKey.mldsa65 + compositeBytes.publicKey.ed25519,
  seed: compositeBytes.seed.mldsa65 + compositeBytes.seed.ed25519,
  signature: compositeBytes.signature.mldsa65 + compositeBytes.signature.ed25519,
} as const;

/** A key that signatures are verified with. */
export class PublicKey {
  /** Number of its suite in `atedb.v1.SignatureSuite`. */
  readonly suite: number;
  /** As its suite encodes it. */
  readonly bytes: Buffer;
  /** Names the key: the tagged hash of suite and key. 32 bytes. */
  readonly fingerprint: Buffer;
  /** The fingerprint in hexadecimal. */
  readonly fingerprintHex: string;
  readonly #key: CompositeKey;

  private constructor(suite: number, bytes: Buffer, key: CompositeKey) {
    this.suite = suite;
    this.bytes = bytes;
    this.fingerprint = taggedHash(hashTags.key, Buffer.of(suite), bytes);
    this.fingerprintHex = this.fingerprint.toString('hex');
    this.#key = key;
  }

  /**
   * Take a key as its suite encodes it. The bytes are copied.
   *
   * @throws AtedbError UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a key of the wrong length, or
   * whose Ed25519 half is of small order or not canonical.
   */
  static parse(suite: number, key: Buffer): PublicKey {
    checkSuite(suite);
    checkLength('public key', key, lengths.publicKey);
    const bytes = Buffer.from(key);
    const fault = ed25519PointFault(splitHalves(bytes, 'publicKey').ed25519);
    if (fault !== undefined) {
      throw new AtedbError(
        'REQUEST_INVALID',
        `the Ed25519 half of a public key ${fault}; use a key pair that was made as its suite says`,
      );
    }
    return new PublicKey(suite, bytes, importCompositePublicKey(bytes));
  }

  /**
   * Whether a signature is this key's over the message in this context: both halves must verify. Runs in the thread
   * pool.
   *
   * @param context one of `signatureContexts`; at most 255 bytes.
   * @param signature may be any bytes.
   */
  verify(context: string, message: Buffer, signature: Buffer): Promise<boolean> {
    return verifyComposite(this.#key, context, message, signature);
  }

  toJSON(): object {
    return { suite: this.suite, fingerprint: this.fingerprintHex };
  }

  [inspect.custom](): string {
    return `PublicKey { ${this.fingerprintHex} }`;
  }
}

/**
 * A public key with its secret. The secret is a seed from which both halves follow; nothing but `exportSeed` shows it:
 * neither JSON nor `util.inspect` nor an error.
 */
export class KeyPair {
  readonly publicKey: PublicKey;
  readonly #seed: Buffer;
  readonly #key: CompositeKey;

  private constructor(publicKey: PublicKey, seed: Buffer, key: CompositeKey) {
    this.publicKey = publicKey;
    this.#seed = seed;
    this.#key = key;
  }

  /** Make a new key pair of the suite `suiteMldsa65Ed25519`. */
  static generate(): KeyPair {
    const seed = randomFillSync(Buffer.alloc(lengths.seed));
    try {
      return KeyPair.fromSeed(suiteMldsa65Ed25519, seed);
    } finally {
      seed.fill(0);
    }
  }

  /**
   * The key pair that follows from a seed: ML-DSA-65's 32 bytes, then Ed25519's 32. The seed is copied.
   *
   * @throws AtedbError UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a seed of the wrong length.
   */
  static fromSeed(suite: number, seed: Buffer): KeyPair {
    checkSuite(suite);
    checkLength('seed', seed, lengths.seed);
    // Not from Buffer's shared pool, which other buffers' `buffer` property would show.
    const kept = Buffer.alloc(lengths.seed);
    kept.set(seed);
    const key = importCompositeSeed(kept);
    const publicKey = PublicKey.parse(suite, compositePublicKeyOf(key));
    return new KeyPair(publicKey, kept, key);
  }

  /**
   * Sign a message in a context. Runs in the thread pool. Two signatures of one message differ.
   *
   * @param context one of `signatureContexts`; at most 255 bytes.
   */
  sign(context: string, message: Buffer): Promise<Buffer> {
    return signComposite(this.#key, context, message);
  }

  /** The seed, in a new buffer that the caller wipes. A secret: who has it can sign. */
  exportSeed(): Buffer {
    const seed = Buffer.alloc(lengths.seed);
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

function checkSuite(suite: number): void {
  if (suite === suiteMldsa65Ed25519) return;
  throw new AtedbError(
    'UNSUPPORTED',
    `signature suite ${suite} is not known here; ${suiteMldsa65Ed25519} (ML-DSA-65 with Ed25519) is`,
    { metadata: { suite: String(suite) } },
  );
}

function checkLength(what: string, bytes: Buffer, length: number): void {
  if (bytes.length === length) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `a ${what} is ${length} bytes, and this is ${bytes.length}`,
    {
      metadata: { bytes: String(bytes.length), length: String(length) },
    },
  );
}
