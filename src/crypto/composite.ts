import assert from 'node:assert/strict';
import { provider } from './current-provider.ts';
import type { SigningKey, VerifyingKey } from './provider.ts';
import type { SignatureSuite } from './suites.ts';

// The composites of draft-ietf-lamps-pq-composite-sigs-19 with Ed25519 and SHA-512, over a provider's keys.

const prefix = Buffer.from('CompositeAlgorithmSignatures2025', 'ascii');
const contextBytesMax = 255;

/** What both halves sign (the draft's M′): prefix ‖ label ‖ length of ctx ‖ ctx ‖ SHA-512 of the message. */
export function messageRepresentative(
  { label }: SignatureSuite,
  context: string,
  message: Buffer,
): Buffer {
  const ctx = Buffer.from(context, 'utf8');
  assert(
    ctx.length <= contextBytesMax,
    `a context may have ${contextBytesMax} bytes, not ${ctx.length}`,
  );
  return Buffer.concat([prefix, label, Buffer.of(ctx.length), ctx, provider().sha512(message)]);
}

interface Halves {
  readonly mldsa: Buffer;
  readonly ed25519: Buffer;
}

/** Split an encoding, whose length the caller has checked, into its halves: slices. */
export function splitHalves(
  suite: SignatureSuite,
  bytes: Buffer,
  of: keyof SignatureSuite['halves'],
): Halves {
  const middle = suite.halves[of].mldsa;
  return { mldsa: bytes.subarray(0, middle), ed25519: bytes.subarray(middle) };
}

/** A public key: both halves must verify. */
export class CompositeVerifier {
  readonly #suite: SignatureSuite;
  readonly #mldsa: VerifyingKey;
  readonly #ed25519: VerifyingKey;

  /** @param publicKey encoded; the caller has checked its length. */
  constructor(suite: SignatureSuite, publicKey: Buffer) {
    const halves = splitHalves(suite, publicKey, 'publicKey');
    this.#suite = suite;
    this.#mldsa = provider().verifyingKey({
      algorithm: suite.mldsa,
      bytes: halves.mldsa,
      context: suite.label,
    });
    this.#ed25519 = provider().verifyingKey({ algorithm: 'ed25519', bytes: halves.ed25519 });
  }

  /** Whether both halves of a signature verify, in the thread pool. Any other length does not verify. */
  async verify(context: string, message: Buffer, signature: Buffer): Promise<boolean> {
    if (signature.length !== this.#suite.lengths.signature) return false;
    const halves = splitHalves(this.#suite, signature, 'signature');
    const representative = messageRepresentative(this.#suite, context, message);
    const [mldsaGood, ed25519Good] = await Promise.all([
      this.#mldsa.verify(representative, halves.mldsa),
      this.#ed25519.verify(representative, halves.ed25519),
    ]);
    return mldsaGood && ed25519Good;
  }

  /** As `verify`, on the calling thread: for the test at start. */
  verifySync(context: string, message: Buffer, signature: Buffer): boolean {
    if (signature.length !== this.#suite.lengths.signature) return false;
    const halves = splitHalves(this.#suite, signature, 'signature');
    const representative = messageRepresentative(this.#suite, context, message);
    return (
      this.#mldsa.verifySync(representative, halves.mldsa) &&
      this.#ed25519.verifySync(representative, halves.ed25519)
    );
  }
}

/** A private key: both halves sign. */
export class CompositeSigner {
  /** The encoded public key that belongs to it. */
  readonly publicKey: Buffer;
  readonly #suite: SignatureSuite;
  readonly #mldsa: SigningKey;
  readonly #ed25519: SigningKey;

  /** @param seed the caller has checked its length. */
  constructor(suite: SignatureSuite, seed: Buffer) {
    const halves = splitHalves(suite, seed, 'seed');
    this.#suite = suite;
    this.#mldsa = provider().signingKey({
      algorithm: suite.mldsa,
      bytes: halves.mldsa,
      context: suite.label,
    });
    this.#ed25519 = provider().signingKey({ algorithm: 'ed25519', bytes: halves.ed25519 });
    this.publicKey = Buffer.concat([this.#mldsa.publicKey, this.#ed25519.publicKey]);
  }

  /** Sign with both halves, in the thread pool. */
  async sign(context: string, message: Buffer): Promise<Buffer> {
    const representative = messageRepresentative(this.#suite, context, message);
    return Buffer.concat(
      await Promise.all([this.#mldsa.sign(representative), this.#ed25519.sign(representative)]),
    );
  }

  /** As `sign`, on the calling thread: for the test at start. */
  signSync(context: string, message: Buffer): Buffer {
    const representative = messageRepresentative(this.#suite, context, message);
    return Buffer.concat([
      this.#mldsa.signSync(representative),
      this.#ed25519.signSync(representative),
    ]);
  }
}
