/** Signature algorithms that suites are made of. */
export type SignatureAlgorithm = 'mldsa44' | 'mldsa65' | 'ed25519';

/** A key that signatures of one algorithm are verified with. */
export interface VerifyingKey {
  /** Whether the signature, which may be any bytes, is this key's over the message. Off the calling thread if it can be. */
  verify(message: Buffer, signature: Buffer): Promise<boolean>;
  /** As `verify`, on the calling thread. */
  verifySync(message: Buffer, signature: Buffer): boolean;
}

/** A secret key that signs with one algorithm. */
export interface SigningKey {
  /** The raw public key that belongs to it. */
  readonly publicKey: Buffer;
  /** Sign off the calling thread if it can be. Two signatures of one message may differ. */
  sign(message: Buffer): Promise<Buffer>;
  /** As `sign`, on the calling thread. */
  signSync(message: Buffer): Buffer;
}

/** Which key of which algorithm; for ML-DSA with the context of all that it signs (FIPS 204), for Ed25519 without. */
export interface KeyMaterial {
  readonly algorithm: SignatureAlgorithm;
  /** The raw public key, or the seed of 32 bytes; the caller has checked its length. */
  readonly bytes: Buffer;
  /** At most 255 bytes. */
  readonly context?: Buffer | undefined;
}

/**
 * The primitives that all cryptography of atedb is made of, and nothing above them: an implementation is one such object.
 *
 * Ed25519 is verified in the strict, cofactorless form: S below the order, R compared as bytes, neither key nor R of small
 * order or in a second encoding. So all implementations give the same answer to every input, good or bad.
 */
export interface CryptoProvider {
  readonly name: 'native';

  signingKey(seed: KeyMaterial): SigningKey;
  /** A key that is none, as a point that isn't on the curve, verifies nothing. */
  verifyingKey(key: KeyMaterial): VerifyingKey;
}
