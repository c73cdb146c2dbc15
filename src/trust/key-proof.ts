import { AtedbError } from '../bytes/index.ts';
import { signatureContexts } from '../crypto/index.ts';
import { type Genesis, keyProofBytes, type SignatureView } from '../event/index.ts';
import { allowedKey, type KeyTable } from './signatures.ts';

/**
 * Verify a proof that the other end of an append stream has a key. Runs in the thread pool.
 *
 * @param conversationId that was made for this stream, and for no other.
 * @throws AtedbError REQUEST_INVALID in a distributed chain, where a proof counts for nothing; KEY_NOT_ALLOWED where the
 * key may not write; SIGNATURE_INVALID.
 */
export async function verifyKeyProof(
  { suite, fingerprint, signature }: SignatureView,
  stream: { genesis: Genesis; keys: KeyTable; conversationId: Buffer },
): Promise<void> {
  const { genesis, keys, conversationId } = stream;
  const { serverIdentity, chainId } = genesis;
  if (serverIdentity === undefined) {
    throw new AtedbError(
      'REQUEST_INVALID',
      'a proof counts in centralized chains only, and this one is distributed: sign each batch',
      { metadata: { field: 'proof' } },
    );
  }
  const key = allowedKey(fingerprint, keys);
  const { fingerprint: serverFingerprint } = serverIdentity;
  const proven = keyProofBytes({ serverFingerprint, chainId, conversationId, fingerprint });
  const good =
    key.suite === suite && (await key.verify(signatureContexts.proof, proven, signature));
  if (good) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the proof of key ${key.fingerprintHex} does not verify: it is for another server, chain or stream, or was damaged`,
    { metadata: { fingerprint: key.fingerprintHex } },
  );
}
