import { inspect } from 'node:util';
import { AtedbError } from '../bytes/index.ts';
import { checkLength } from './check-length.ts';
import { CompositeVerifier, splitHalves } from './composite.ts';
import { hashTags } from './domains.ts';
import { ed25519PointFault } from './ed25519-point.ts';
import { taggedHash } from './hash.ts';
import { type SignatureSuite, signatureSuite } from './suites.ts';

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
  readonly #verifier: CompositeVerifier;

  private constructor(suite: SignatureSuite, bytes: Buffer) {
    this.suite = suite.number;
    this.bytes = bytes;
    this.fingerprint = taggedHash(hashTags.key, Buffer.of(suite.number), bytes);
    this.fingerprintHex = this.fingerprint.toString('hex');
    this.#verifier = new CompositeVerifier(suite, bytes);
  }

  /**
   * Take a key as its suite encodes it. The bytes are copied.
   *
   * @throws AtedbError UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a key of the wrong length, or
   * whose Ed25519 half is of small order or not canonical.
   */
  static parse(suite: number, key: Buffer): PublicKey {
    const known = signatureSuite(suite);
    checkLength(`public key of the suite ${known.name}`, key, known.lengths.publicKey);
    const bytes = Buffer.from(key);
    const fault = ed25519PointFault(splitHalves(known, bytes, 'publicKey').ed25519);
    if (fault !== undefined) {
      throw new AtedbError(
        'REQUEST_INVALID',
        `the Ed25519 half of a public key ${fault}; use a key pair that was made as its suite says`,
      );
    }
    return new PublicKey(known, bytes);
  }

  /**
   * Whether a signature is this key's over the message in this context: both halves must verify. Runs in the thread
   * pool.
   *
   * @param context one of `signatureContexts`; at most 255 bytes.
   * @param signature may be any bytes.
   */
  verify(context: string, message: Buffer, signature: Buffer): Promise<boolean> {
    return this.#verifier.verify(context, message, signature);
  }

  toJSON(): object {
    return { suite: this.suite, fingerprint: this.fingerprintHex };
  }

  [inspect.custom](): string {
    return `PublicKey { ${this.fingerprintHex} }`;
  }
}
