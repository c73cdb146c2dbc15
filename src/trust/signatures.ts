import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, signatureContexts } from '../crypto/index.ts';
import type { SealView } from '../event/index.ts';

/** Keys by the hexadecimal of their fingerprints. */
export type KeyTable = ReadonlyMap<string, PublicKey>;

/** The keys, ready to be looked up. */
export function keyTable(keys: readonly PublicKey[]): KeyTable {
  return new Map(keys.map((key) => [key.fingerprintHex, key]));
}

/**
 * Verify every signature of a seal over its header. Runs in the thread pool. Whether it has those that it must have is
 * `checkBatch` and `vouchedBy`.
 *
 * @throws AtedbError KEY_NOT_ALLOWED where a signer isn't among the keys, SIGNATURE_INVALID where a signature does
 * not verify.
 */
export async function verifySignatures(seal: SealView, keys: KeyTable): Promise<void> {
  await Promise.all(
    seal.signatures.map(async (signature) => {
      const key = keyOf(signature.fingerprint, keys);
      const good =
        key.suite === signature.suite &&
        (await key.verify(signatureContexts.seal, seal.headerBytes, signature.signature));
      if (!good) {
        throw new AtedbError(
          'SIGNATURE_INVALID',
          `the signature of key ${key.fingerprintHex} over the seal does not verify`,
          { metadata: { fingerprint: key.fingerprintHex } },
        );
      }
    }),
  );
}

function keyOf(fingerprint: Buffer, keys: KeyTable): PublicKey {
  const hex = fingerprint.toString('hex');
  const key = keys.get(hex);
  if (key === undefined) throw notAllowed(hex, keys);
  return key;
}

function notAllowed(fingerprint: string, keys: KeyTable): AtedbError {
  const allowed = [...keys.keys()];
  return new AtedbError(
    'KEY_NOT_ALLOWED',
    `the batch is signed by the key ${fingerprint}, and may be by ${allowed.join(', ')} alone`,
    { metadata: { fingerprint, allowed: allowed.join(',') } },
  );
}
