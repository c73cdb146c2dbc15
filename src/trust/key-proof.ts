import { AtedbError } from '../bytes/index.ts';
import { signatureContexts } from '../crypto/index.ts';
import { type Genesis, keyProofBytes, type SignatureView } from '../event/index.ts';
import type { Authority } from './authority.ts';
import { countingKey } from './signers.ts';

/** What ties a proof to one stream. Who verifies it has to say whether there is a tunnel. */
export interface StreamTies {
  /** Of the identity key that the server has: not one that it has given up, or whoever has that could pass a proof on. */
  readonly serverFingerprint: Buffer;
  /** That was made for this stream, and for no other. */
  readonly conversationId: Buffer;
  /** Of the tunnel that the stream is in; undefined without one. */
  readonly exporter: Buffer | undefined;
}

/**
 * Verify a proof that the other end of an append stream has a key. Runs in the thread pool.
 *
 * @param stream what the proof must be tied to.
 * @throws AtedbError REQUEST_INVALID in a distributed chain, where a proof counts for nothing; KEY_NOT_ALLOWED where the
 * key may write nothing; KEY_UNKNOWN, KEY_REVOKED; SIGNATURE_INVALID.
 */
export async function verifyKeyProof(
  { suite, fingerprint, signature }: SignatureView,
  stream: { genesis: Genesis; authority: Authority } & StreamTies,
): Promise<void> {
  const { genesis, authority, serverFingerprint, conversationId, exporter } = stream;
  const { trustMode, chainId } = genesis;
  if (trustMode === 'distributed') {
    throw new AtedbError(
      'REQUEST_INVALID',
      'a proof counts in centralized chains only, and this one is distributed: sign each batch',
      { metadata: { field: 'proof' } },
    );
  }
  const name = fingerprint.toString('hex');
  authority.checkNamed([name]);
  const key = countingKey(name, authority.keys);
  const proven = keyProofBytes({
    exporter,
    serverFingerprint,
    chainId,
    conversationId,
    fingerprint,
  });
  const good =
    key.suite === suite && (await key.verify(signatureContexts.proof, proven, signature));
  if (good) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the proof of key ${key.fingerprintHex} does not verify: it is for another server, chain or stream, or was damaged`,
    { metadata: { fingerprint: key.fingerprintHex } },
  );
}
