import { AtedbError } from '../bytes/index.ts';
import { type HpkeContext, hpkeOverheadBytes, hpkeSeal } from './hpke.ts';
import { kemSuite } from './kem-suites.ts';
import type { PublicKey } from './public-key.ts';

/**
 * Encrypt a secret to the owner of a public key, with HPKE in base mode and the KEM of the key. Two results for one secret
 * differ. `KeyPair.openSealed` opens it.
 *
 * @param context `info` is one of `hpkeInfos`; the same is needed to open.
 * @returns HPKE's `enc`, then the ciphertext with its tag: `sealedToBytes` more than the plaintext.
 * @throws AtedbError REQUEST_INVALID for a key that can only sign.
 */
export function sealTo(publicKey: PublicKey, context: HpkeContext, plaintext: Buffer): Buffer {
  const { kem, fingerprintHex } = publicKey;
  if (kem === undefined) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `nothing can be encrypted to the key ${fingerprintHex}: it can only sign, as servers' keys. Name the key of a person`,
      { metadata: { fingerprint: fingerprintHex } },
    );
  }
  return hpkeSeal(kemSuite(kem.suite), kem.bytes, context, plaintext);
}

/** By how many bytes `sealTo` makes a secret larger for a key of this KEM suite. */
export function sealedToBytes(suite: number): number {
  return hpkeOverheadBytes(kemSuite(suite));
}
