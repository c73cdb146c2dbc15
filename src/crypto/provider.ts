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

/** A secret key that what was encapsulated to its public key is opened with. */
export interface DecapsulatingKey {
  /** The raw public key that belongs to it. */
  readonly publicKey: Buffer;
  /** The shared secret. Of a ciphertext that was not made for this key some other 32 bytes (FIPS 203). */
  decapsulate(ciphertext: Buffer): Buffer;
}

/** The parameter sets of ML-KEM (FIPS 203) that KEMs are made of. */
export type MlkemName = 'mlkem768' | 'mlkem1024';

/** The curves that KEMs are made of. */
export type CurveName = 'x25519' | 'p384';

/** A secret key of a curve, which makes a secret with the public key of another one. */
export interface AgreeingKey {
  /** The raw public key that belongs to it: for P-384 the uncompressed point. */
  readonly publicKey: Buffer;
  /**
   * What both have in common: for P-384 the x coordinate. Undefined where there is nothing, since the other's point is of
   * small order, or on P-384 no point in the uncompressed form.
   */
  agree(publicKey: Buffer): Buffer | undefined;
}

/** What a new key of a curve has in common with another one. */
export interface Agreement {
  /** Of the new key. */
  readonly publicKey: Buffer;
  readonly secret: Buffer;
}

/** What AES-GCM works with. */
export interface AeadInput {
  /** 16, 24 or 32 bytes, for AES-128, AES-192 and AES-256. */
  readonly key: Buffer;
  /** 12 bytes; never twice with one key. */
  readonly nonce: Buffer;
  /** Bound to the ciphertext, but not in it. */
  readonly aad: Buffer;
}

/** What HKDF makes a key of. */
export interface HkdfInput {
  readonly keyMaterial: Buffer;
  readonly salt: Buffer;
  /** At most 1,024 bytes. */
  readonly info: Buffer;
}

/** What Argon2id (RFC 9106) makes a key of, and at what cost. */
export interface Argon2Input {
  readonly passphrase: Buffer;
  /** 16 bytes or more. */
  readonly salt: Buffer;
  /** Memory in KiB; at least eight times the lanes. */
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  /** Of the key, in bytes. */
  readonly length: number;
}

/** The implementations: Node's own cryptography, which is OpenSSL's, or one in JavaScript. */
export type ProviderName = 'native' | 'portable';

/**
 * The primitives that all cryptography of atedb is made of, and nothing above them: an implementation is one such object.
 * Callers check lengths; what they pass is not kept and not changed.
 *
 * Ed25519 is verified in the strict, cofactorless form: S below the order, R compared as bytes, neither key nor R of small
 * order or in a second encoding. So all implementations give the same answer to every input, good or bad.
 */
export interface CryptoProvider {
  readonly name: ProviderName;

  sha256(bytes: Buffer): Buffer;
  /** As text with one character a byte. */
  sha256Text(bytes: Buffer): string;
  /** Of parts, one after the other, without a copy of them. */
  sha256OfParts(parts: readonly Buffer[]): Buffer;
  sha512(bytes: Buffer): Buffer;
  sha3_256(bytes: Buffer): Buffer;
  /** SHAKE256 with this many bytes of output. */
  shake256(bytes: Buffer, length: number): Buffer;
  hmacSha256(key: Buffer, bytes: Buffer): Buffer;
  /** Both steps of HKDF (RFC 5869): the same as those of hkdf.ts one after the other, in one call. */
  hkdfSha256(input: HkdfInput, length: number): Buffer;
  argon2id(input: Argon2Input): Promise<Buffer>;

  /** The ciphertext, then the tag of 16 bytes. */
  aesGcmSeal(input: AeadInput, plaintext: Buffer): Buffer;
  /** The same of a plaintext in parts, without a copy of it: the ciphertext of each part, and last the tag. */
  aesGcmSealParts(input: AeadInput, plaintext: readonly Buffer[]): Buffer[];
  /** The plaintext; undefined for what was not sealed with the same input, whatever its length. */
  aesGcmOpen(input: AeadInput, sealed: Buffer): Buffer | undefined;

  signingKey(seed: KeyMaterial): SigningKey;
  /** A key that is none, as a point that isn't on the curve, verifies nothing. */
  verifyingKey(key: KeyMaterial): VerifyingKey;

  /** ML-KEM from its seed d ‖ z, 64 bytes. */
  mlkemKey(name: MlkemName, seed: Buffer): DecapsulatingKey;
  /**
   * Make a secret that only the owner of this public key can have too.
   *
   * @param coins what is otherwise random, 32 bytes: for test vectors. @throws Error from the native provider, which can't.
   */
  mlkemEncapsulate(
    name: MlkemName,
    publicKey: Buffer,
    coins?: Buffer,
  ): { sharedSecret: Buffer; ciphertext: Buffer };

  /**
   * Make a new key of a curve, and what it has in common with another one's public key. What takes long is done off the
   * calling thread if it can be. Undefined as `AgreeingKey.agree`.
   */
  agreeWith(curve: CurveName, publicKey: Buffer): Promise<Agreement | undefined>;

  /** From its secret: 32 bytes for X25519; for P-384 48, of which the caller has checked that they are a scalar. */
  agreeingKey(curve: CurveName, secret: Buffer): AgreeingKey;
}
