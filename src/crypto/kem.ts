import { randomFillSync } from 'node:crypto';
import { provider } from './current-provider.ts';
import type { Kem } from './kem-suites.ts';
import { isP384Scalar } from './p384-numbers.ts';
import type { AgreeingKey, DecapsulatingKey } from './provider.ts';

// The hybrid KEMs of draft-ietf-hpke-pq-04 and draft-irtf-cfrg-concrete-hybrid-kems: MLKEM768-X25519, which is X-Wing, and
// MLKEM1024-P384. Both secrets are hashed together, so that breaking one of them is not enough.

const mlkemSeedBytes = 64;

/** A secret that two have in common, and what carries it from one to the other. */
export interface Encapsulated {
  /** 32 bytes. */
  readonly sharedSecret: Buffer;
  /** As long as the KEM says. */
  readonly encapsulated: Buffer;
}

/** What an encapsulation is made of, where it is not made at random: for test vectors. All of it is secret. */
export interface EncapsulationCoins {
  /** ML-KEM's `m`: 32 bytes. */
  readonly mlkem: Buffer;
  /** The secret of the curve. */
  readonly curve: Buffer;
}

/** The secret half of a key that others encrypt to. */
export class KemPrivateKey {
  /** As long as the KEM says. */
  readonly publicKey: Buffer;
  readonly #kem: Kem;
  readonly #mlkem: DecapsulatingKey;
  readonly #curve: AgreeingKey;

  /** @param seed 32 bytes; the caller has checked their number. */
  constructor(kem: Kem, seed: Buffer) {
    const expanded = provider().shake256(seed, mlkemSeedBytes + kem.parts.curveSecret);
    const secret = expanded.subarray(mlkemSeedBytes);
    // Of all seeds one in 2^190 leads here, and the draft ends there, too.
    if (kem.curve === 'p384' && !isP384Scalar(secret)) throw new Error('the seed makes no key');
    this.#kem = kem;
    this.#mlkem = provider().mlkemKey(kem.mlkem, expanded.subarray(0, mlkemSeedBytes));
    this.#curve = provider().agreeingKey(kem.curve, secret);
    expanded.fill(0);
    this.publicKey = Buffer.concat([this.#mlkem.publicKey, this.#curve.publicKey]);
  }

  /** The shared secret, 32 bytes; undefined for what nobody can have made rightly. */
  decapsulate(encapsulated: Buffer): Buffer | undefined {
    const { lengths, parts } = this.#kem;
    if (encapsulated.length !== lengths.encapsulated) return undefined;
    const ephemeral = encapsulated.subarray(parts.mlkemCiphertext);
    const secret = this.#curve.agree(ephemeral);
    if (secret === undefined) return undefined;
    const mlkemSecret = this.#mlkem.decapsulate(encapsulated.subarray(0, parts.mlkemCiphertext));
    return combine(this.#kem, mlkemSecret, secret, ephemeral, this.#curve.publicKey);
  }
}

/**
 * Make a secret for the owner of a public key, in which `kemKeyFault` has found no fault.
 *
 * @param coins for test vectors, which only the portable provider can make.
 */
export function encapsulateTo(
  kem: Kem,
  publicKey: Buffer,
  coins?: EncapsulationCoins,
): Encapsulated {
  const mlkemKey = publicKey.subarray(0, kem.parts.mlkemKey);
  const curveKey = publicKey.subarray(kem.parts.mlkemKey);
  const { sharedSecret, ciphertext } = provider().mlkemEncapsulate(
    kem.mlkem,
    mlkemKey,
    coins?.mlkem,
  );
  const ephemeralSecret = coins === undefined ? randomCurveSecret(kem) : Buffer.from(coins.curve);
  const ephemeral = provider().agreeingKey(kem.curve, ephemeralSecret);
  const secret = ephemeral.agree(curveKey);
  ephemeralSecret.fill(0);
  // A key with a point of small order, or with none, was refused before.
  if (secret === undefined) throw new Error('a public key that is none was not refused');
  return {
    sharedSecret: combine(kem, sharedSecret, secret, ephemeral.publicKey, curveKey),
    encapsulated: Buffer.concat([ciphertext, ephemeral.publicKey]),
  };
}

/** As `encapsulateTo`, at random; what takes long is done off the calling thread, where the provider can. */
export async function encapsulateInThread(kem: Kem, publicKey: Buffer): Promise<Encapsulated> {
  const curveKey = publicKey.subarray(kem.parts.mlkemKey);
  const agreement = await provider().agreeWith(kem.curve, curveKey);
  if (agreement === undefined) throw new Error('a public key that is none was not refused');
  const mlkemKey = publicKey.subarray(0, kem.parts.mlkemKey);
  const { sharedSecret, ciphertext } = provider().mlkemEncapsulate(kem.mlkem, mlkemKey);
  return {
    sharedSecret: combine(kem, sharedSecret, agreement.secret, agreement.publicKey, curveKey),
    encapsulated: Buffer.concat([ciphertext, agreement.publicKey]),
  };
}

function randomCurveSecret({ curve, parts }: Kem): Buffer {
  const secret = Buffer.alloc(parts.curveSecret);
  do randomFillSync(secret);
  while (curve === 'p384' && !isP384Scalar(secret));
  return secret;
}

/** Make one secret of both, and wipe them. */
function combine(
  { label }: Kem,
  mlkem: Buffer,
  curve: Buffer,
  ephemeral: Buffer,
  publicKey: Buffer,
): Buffer {
  const parts = [mlkem, curve, ephemeral, publicKey, label];
  const input = Buffer.alloc(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(input, at);
  const combined = provider().sha3_256(input);
  for (const secret of [input, mlkem, curve]) secret.fill(0);
  return combined;
}
