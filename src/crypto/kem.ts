import { randomFillSync } from 'node:crypto';
import { provider } from './current-provider.ts';
import type { DecapsulatingKey } from './provider.ts';

// MLKEM768-X25519 of draft-ietf-hpke-pq-04 and draft-irtf-cfrg-concrete-hybrid-kems, which is X-Wing: both secrets are
// hashed together, so that breaking one of them is not enough.

/** Sizes in bytes: ML-KEM-768's part comes first, then X25519's. */
const mlkemKeyBytes = 1184;
const mlkemCiphertextBytes = 1088;
const mlkemSeedBytes = 64;
const x25519Bytes = 32;

/** X-Wing's: it looks like one. */
const label = Buffer.from('\\.//^\\', 'ascii');

/** A secret that two have in common, and what carries it from one to the other. */
export interface Encapsulated {
  /** 32 bytes. */
  readonly sharedSecret: Buffer;
  /** 1,120 bytes. */
  readonly encapsulated: Buffer;
}

/** The secret half of a key that others encrypt to. */
export class KemPrivateKey {
  /** 1,216 bytes. */
  readonly publicKey: Buffer;
  readonly #mlkem: DecapsulatingKey;
  readonly #x25519: Buffer;

  /** @param seed 32 bytes; the caller has checked their number. */
  constructor(seed: Buffer) {
    const expanded = provider().shake256(seed, mlkemSeedBytes + x25519Bytes);
    this.#mlkem = provider().mlkem768Key(expanded.subarray(0, mlkemSeedBytes));
    this.#x25519 = Buffer.alloc(x25519Bytes);
    expanded.copy(this.#x25519, 0, mlkemSeedBytes);
    expanded.fill(0);
    this.publicKey = Buffer.concat([
      this.#mlkem.publicKey,
      provider().x25519PublicKey(this.#x25519),
    ]);
  }

  /** The shared secret, 32 bytes; undefined for what nobody can have made rightly. */
  decapsulate(encapsulated: Buffer): Buffer | undefined {
    if (encapsulated.length !== mlkemCiphertextBytes + x25519Bytes) return undefined;
    const ephemeral = encapsulated.subarray(mlkemCiphertextBytes);
    const secret = provider().x25519(this.#x25519, ephemeral);
    if (secret === undefined) return undefined;
    const mlkemSecret = this.#mlkem.decapsulate(encapsulated.subarray(0, mlkemCiphertextBytes));
    return combine(mlkemSecret, secret, ephemeral, this.publicKey.subarray(mlkemKeyBytes));
  }
}

/** Make a secret for the owner of a public key, which was checked when it was parsed. */
export function encapsulateTo(publicKey: Buffer): Encapsulated {
  const [mlkemKey, x25519Key] = [
    publicKey.subarray(0, mlkemKeyBytes),
    publicKey.subarray(mlkemKeyBytes),
  ];
  const { sharedSecret, ciphertext } = provider().mlkem768Encapsulate(mlkemKey);
  const ephemeralSecret = randomFillSync(Buffer.alloc(x25519Bytes));
  const ephemeral = provider().x25519PublicKey(ephemeralSecret);
  const secret = provider().x25519(ephemeralSecret, x25519Key);
  ephemeralSecret.fill(0);
  // A key with a point of small order isn't parsed, and the random secret is no multiple of the order.
  if (secret === undefined) throw new Error('a public key of small order was not refused');
  return {
    sharedSecret: combine(sharedSecret, secret, ephemeral, x25519Key),
    encapsulated: Buffer.concat([ciphertext, ephemeral]),
  };
}

/** Make one secret of both, and wipe them. */
function combine(mlkem: Buffer, x25519: Buffer, ephemeral: Buffer, publicKey: Buffer): Buffer {
  const input = Buffer.alloc(mlkem.length + x25519.length + 2 * x25519Bytes + label.length);
  let at = 0;
  for (const part of [mlkem, x25519, ephemeral, publicKey, label]) at += part.copy(input, at);
  const combined = provider().sha3_256(input);
  for (const secret of [input, mlkem, x25519]) secret.fill(0);
  return combined;
}
