import { inspect } from 'node:util';
import { AtedbError } from '../bytes/index.ts';
import { asBuffer } from './as-buffer.ts';
import { checkLength } from './check-length.ts';
import { CompositeVerifier, splitHalves } from './composite.ts';
import { hashTags } from './domains.ts';
import { ed25519PointFault } from './ed25519-point.ts';
import { taggedHash } from './hash.ts';
import { kemKeyFault } from './kem-key.ts';
import { kemSuite } from './kem-suites.ts';
import { type SignatureSuite, signatureSuite } from './suites.ts';

/** The part of a public key that others encrypt to. */
export interface KemPublicKey {
  /** Number of its suite in `atedb.v1.KemSuite`. */
  readonly suite: number;
  /** As its suite encodes it. */
  readonly bytes: Buffer;
}

/** A public key as the fields of its message. */
export interface PublicKeyFields {
  readonly suite: number;
  readonly key: Uint8Array;
  /** 0 where there is no KEM key. */
  readonly kemSuite: number;
  /** Empty where there is none. */
  readonly kemKey: Uint8Array;
}

/** A key that signatures are verified with, and, where it has a KEM part, that secrets are encrypted to. */
export class PublicKey {
  /** Number of its suite in `atedb.v1.SignatureSuite`. */
  readonly suite: number;
  /** The key that verifies, as its suite encodes it. */
  readonly bytes: Buffer;
  /** Absent where the key can only sign, as a server's. */
  readonly kem: KemPublicKey | undefined;
  /** Names the key: the tagged hash of both parts and their suites. 32 bytes. */
  readonly fingerprint: Buffer;
  /** The fingerprint in hexadecimal. */
  readonly fingerprintHex: string;
  readonly #suite: SignatureSuite;
  /** Made when it is used first: it takes ten times what all the rest does, and most keys that are read never verify anything. */
  #verifier: CompositeVerifier | undefined;

  private constructor(suite: SignatureSuite, bytes: Buffer, kem: KemPublicKey | undefined) {
    this.suite = suite.number;
    this.bytes = bytes;
    this.kem = kem;
    this.fingerprint = fingerprintOf(suite.number, bytes, kem);
    this.fingerprintHex = this.fingerprint.toString('hex');
    this.#suite = suite;
  }

  /**
   * Take a key as its suite encodes it, and the part that others encrypt to, if it has one. The bytes are copied.
   *
   * @throws AtedbError UNSUPPORTED for a suite that is not known; REQUEST_INVALID for a key of the wrong length, or
   * whose Ed25519 half is of small order or not canonical, or whose KEM part is.
   */
  static parse(suite: number, key: Buffer, kem?: KemPublicKey): PublicKey {
    const known = signatureSuite(suite);
    checkLength(`public key of the suite ${known.name}`, key, known.lengths.publicKey);
    const bytes = Buffer.from(key);
    const fault = ed25519PointFault(splitHalves(known, bytes, 'publicKey').ed25519);
    if (fault !== undefined) throw unfit(`the Ed25519 half of a public key ${fault}`);
    return new PublicKey(known, bytes, kem === undefined ? undefined : checkedKem(kem));
  }

  /** As `parse`, of a message's fields. @throws AtedbError also REQUEST_INVALID for half a KEM part. */
  static fromFields({ suite, key, kemSuite, kemKey }: PublicKeyFields): PublicKey {
    if ((kemSuite === 0) !== (kemKey.length === 0)) {
      throw unfit('a public key has one of KEM suite and KEM key, and not the other');
    }
    const kem = kemSuite === 0 ? undefined : { suite: kemSuite, bytes: asBuffer(kemKey) };
    return PublicKey.parse(suite, asBuffer(key), kem);
  }

  /** The fields of the key's message. */
  toFields() {
    const { suite, bytes: key, kem } = this;
    return { suite, key, kemSuite: kem?.suite ?? 0, kemKey: kem?.bytes ?? Buffer.alloc(0) };
  }

  /**
   * Whether a signature is this key's over the message in this context: both halves must verify. Runs in the thread
   * pool.
   *
   * @param context one of `signatureContexts`; at most 255 bytes.
   * @param signature may be any bytes.
   */
  verify(context: string, message: Buffer, signature: Buffer): Promise<boolean> {
    this.#verifier ??= new CompositeVerifier(this.#suite, this.bytes);
    return this.#verifier.verify(context, message, signature);
  }

  toJSON(): object {
    return { suite: this.suite, kemSuite: this.kem?.suite, fingerprint: this.fingerprintHex };
  }

  [inspect.custom](): string {
    return `PublicKey { ${this.fingerprintHex} }`;
  }
}

/**
 * The fingerprint: suite and key, KEM suite and KEM key, the suites in one byte each, and 0 for no KEM. A suite fixes the
 * length of its key, so these bytes can be read in one way only, and a key without a KEM part is never one with it.
 */
function fingerprintOf(suite: number, bytes: Buffer, kem: KemPublicKey | undefined): Buffer {
  const kemParts = kem === undefined ? [Buffer.of(0)] : [Buffer.of(kem.suite), kem.bytes];
  return taggedHash(hashTags.key, Buffer.of(suite), bytes, ...kemParts);
}

function checkedKem({ suite, bytes }: KemPublicKey): KemPublicKey {
  const known = kemSuite(suite);
  checkLength(`KEM key of the suite ${known.name}`, bytes, known.lengths.publicKey);
  const fault = kemKeyFault(known, bytes);
  if (fault !== undefined) throw unfit(`the KEM key of a public key ${fault}`);
  return { suite, bytes: Buffer.from(bytes) };
}

function unfit(what: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${what}; use a key pair that was made as its suite says`,
  );
}
