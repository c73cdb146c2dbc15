import { ed25519 } from '@noble/curves/ed25519.js';
import { shake256 } from '@noble/hashes/sha3.js';
import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { messageRepresentative } from '../../../src/crypto/composite.ts';
import {
  KeyPair,
  kemMlkem768X25519,
  type PublicKey,
  signatureSuite,
  suiteMldsa44Ed25519,
} from '../../../src/crypto/index.ts';

// What vectors are made of: bytes that look random and follow from a name, and keys that sign without randomness, so that
// each run makes the same files.

/** Bytes that follow from a name. */
export function fixedBytes(name: string, length: number): Buffer {
  return Buffer.from(shake256(Buffer.from(`atedb vectors: ${name}`), { dkLen: length }));
}

/** A key pair whose signatures follow from what is signed. */
export interface FixedKey {
  readonly name: string;
  readonly suite: number;
  readonly seed: Buffer;
  /** Absent: the key can only sign. */
  readonly kemSeed: Buffer | undefined;
  readonly publicKey: PublicKey;
  readonly pair: KeyPair;
  sign(context: string, message: Buffer): Buffer;
}

/** Those that were made, since making one takes as long as signing. They follow from what is in the files. */
const secretKeys = new Map<string, Uint8Array>();

/** Both halves of a signature over bytes that were made from message and context, as the draft has it. */
export function signHalves(suite: number, seed: Buffer, representative: Buffer) {
  const known = signatureSuite(suite);
  const mldsa = known.mldsa === 'mldsa65' ? ml_dsa65 : ml_dsa44;
  const name = `${known.mldsa} ${seed.toString('hex')}`;
  const secretKey = secretKeys.get(name) ?? mldsa.keygen(seed.subarray(0, 32)).secretKey;
  secretKeys.set(name, secretKey);
  const options = { context: known.label, extraEntropy: false } as const;
  return {
    mldsa: Buffer.from(mldsa.sign(representative, secretKey, options)),
    ed25519: Buffer.from(ed25519.sign(representative, seed.subarray(32))),
  };
}

/** A key that follows from a name. */
export function fixedKey(
  name: string,
  {
    suite = suiteMldsa44Ed25519,
    signsOnly = true,
  }: { readonly suite?: number; readonly signsOnly?: boolean } = {},
): FixedKey {
  const seed = fixedBytes(`seed of ${name}`, 64);
  const kemSeed = signsOnly ? undefined : fixedBytes(`KEM seed of ${name}`, 32);
  const pair = KeyPair.fromSeed(
    suite,
    seed,
    kemSeed && { suite: kemMlkem768X25519, seed: kemSeed },
  );
  // Most cases of a file begin with the same batches, and signing is most of what making them takes.
  const signed = new Map<string, Buffer>();
  const sign = (context: string, message: Buffer) => {
    const representative = messageRepresentative(signatureSuite(suite), context, message);
    const known = signed.get(representative.toString('latin1'));
    if (known !== undefined) return known;
    const halves = signHalves(suite, seed, representative);
    const signature = Buffer.concat([halves.mldsa, halves.ed25519]);
    signed.set(representative.toString('latin1'), signature);
    return signature;
  };
  return { name, suite, seed, kemSeed, publicKey: pair.publicKey, pair, sign };
}

/** Bytes with one bit changed. */
export function flipped(bytes: Buffer, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  const place = at < 0 ? bytes.length + at : at;
  copy[place] = (copy[place] as number) ^ (1 << bit);
  return copy;
}

/** Bytes with others in a place. */
export function replaced(bytes: Buffer, at: number, by: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  by.copy(copy, at);
  return copy;
}
