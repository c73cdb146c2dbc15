import { randomFillSync } from 'node:crypto';
import { inspect } from 'node:util';
import { checkLength } from './check-length.ts';
import { CompositeSigner } from './composite.ts';
import { type HpkeContext, hpkeOpen } from './hpke.ts';
import { KemPrivateKey } from './kem.ts';
import { kemMlkem768X25519, kemSuite } from './kem-suites.ts';
import { PublicKey } from './public-key.ts';
import { signatureSuite, suiteMldsa65Ed25519 } from './suites.ts';

/** How a new key pair is made. */
export interface KeyPairOptions {
  /** In `atedb.v1.SignatureSuite`; `suiteMldsa65Ed25519` unless it is given. */
  readonly suite?: number | undefined;
  /** Leave out the part that others encrypt to: for what only signs, as a server. */
  readonly forSigningOnly?: boolean | undefined;
}

/** The secret of a KEM part. */
export interface KemSeed {
  /** Number of its suite in `atedb.v1.KemSuite`. */
  readonly suite: number;
  readonly seed: Buffer;
}

/** What a key pair keeps of its KEM part. */
interface KemSecret extends KemSeed {
  readonly privateKey: KemPrivateKey;
}

/**
 * A public key with its secrets. The secrets are seeds, one that it signs with and another that it opens with what was
 * encrypted to it, from which all else follows; nothing but `exportSeed` and `exportKemSeed` shows them: neither JSON nor
 * `util.inspect` nor an error.
 */
export class KeyPair {
  readonly publicKey: PublicKey;
  readonly #seed: Buffer;
  readonly #signer: CompositeSigner;
  readonly #kem: KemSecret | undefined;

  private constructor(
    publicKey: PublicKey,
    secrets: { seed: Buffer; signer: CompositeSigner; kem: KemSecret | undefined },
  ) {
    this.publicKey = publicKey;
    this.#seed = secrets.seed;
    this.#signer = secrets.signer;
    this.#kem = secrets.kem;
  }

  /** Make a new key pair. @throws AtedbError UNSUPPORTED for a suite that is not known. */
  static generate(options: KeyPairOptions = {}): KeyPair {
    const { suite = suiteMldsa65Ed25519, forSigningOnly = false } = options;
    const seed = randomFillSync(Buffer.alloc(signatureSuite(suite).lengths.seed));
    const kemSeed = randomFillSync(Buffer.alloc(kemSuite(kemMlkem768X25519).lengths.seed));
    try {
      const kem = { suite: kemMlkem768X25519, seed: kemSeed };
      return KeyPair.fromSeed(suite, seed, forSigningOnly ? undefined : kem);
    } finally {
      seed.fill(0);
      kemSeed.fill(0);
    }
  }

  /**
   * The key pair that follows from seeds, which are copied.
   *
   * @param seed that it signs with: ML-DSA's 32 bytes, then Ed25519's 32.
   * @param kem that it opens with what was encrypted to it; 32 bytes that have nothing to do with the other seed.
   * @throws AtedbError UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a seed of the wrong length.
   */
  static fromSeed(suite: number, seed: Buffer, kem?: KemSeed): KeyPair {
    const known = signatureSuite(suite);
    checkLength('seed', seed, known.lengths.seed);
    const kept = keptSecret(seed);
    const signer = new CompositeSigner(known, kept);
    const kemSecret = kem === undefined ? undefined : kemSecretOf(kem);
    const publicKey = PublicKey.parse(
      suite,
      signer.publicKey,
      kemSecret && { suite: kemSecret.suite, bytes: kemSecret.privateKey.publicKey },
    );
    return new KeyPair(publicKey, { seed: kept, signer, kem: kemSecret });
  }

  /**
   * Sign a message in a context. Runs in the thread pool. Two signatures of one message differ.
   *
   * @param context one of `signatureContexts`; at most 255 bytes.
   */
  sign(context: string, message: Buffer): Promise<Buffer> {
    return this.#signer.sign(context, message);
  }

  /**
   * Open what `sealTo` has made for this key. Who made it isn't said: that is for a signature to say.
   *
   * @returns undefined for what was sealed to another key or in another context, or was changed, and where the key can
   * only sign.
   */
  openSealed(context: HpkeContext, sealed: Buffer): Buffer | undefined {
    if (this.#kem === undefined) return undefined;
    return hpkeOpen(kemSuite(this.#kem.suite), this.#kem.privateKey, context, sealed);
  }

  /** The seed, in a new buffer that the caller wipes. A secret: who has it can sign. */
  exportSeed(): Buffer {
    return keptSecret(this.#seed);
  }

  /** The seed of the KEM part as well; undefined where there is none. A secret: who has it can open what is sealed to it. */
  exportKemSeed(): KemSeed | undefined {
    const kem = this.#kem;
    return kem && { suite: kem.suite, seed: keptSecret(kem.seed) };
  }

  toJSON(): object {
    return { publicKey: this.publicKey.toJSON() };
  }

  [inspect.custom](): string {
    return `KeyPair { ${this.publicKey.fingerprintHex} }`;
  }
}

function kemSecretOf({ suite, seed }: KemSeed): KemSecret {
  checkLength('KEM seed', seed, kemSuite(suite).lengths.seed);
  const kept = keptSecret(seed);
  return { suite, seed: kept, privateKey: new KemPrivateKey(kemSuite(suite), kept) };
}

/** A copy that is not from Buffer's shared pool, which other buffers' `buffer` property would show. */
function keptSecret(seed: Buffer): Buffer {
  const kept = Buffer.alloc(seed.length);
  kept.set(seed);
  return kept;
}
