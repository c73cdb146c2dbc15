import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, signatureContexts } from '../crypto/index.ts';
import { type SignatureView, type TicketProofClaim, ticketProofBytes } from '../event/index.ts';
import type { Authority } from './authority.ts';
import type { StreamTies } from './key-proof.ts';

/**
 * Refuse a key that may not open a private chain, as things are now.
 *
 * @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED.
 */
export function checkMayOpen({ fingerprintHex }: PublicKey, authority: Authority): void {
  if (authority.admits(fingerprintHex)) return;
  const isChanged = authority.keys.isChanged(fingerprintHex);
  throw new AtedbError(
    isChanged ? 'KEY_REVOKED' : 'KEY_NOT_ALLOWED',
    isChanged
      ? `the key ${fingerprintHex} was replaced or revoked, and counts no more`
      : `the chain is private, and no rule of it names the key ${fingerprintHex}. Use another key, or have its owner let this one in (atedb share)`,
    { metadata: { fingerprint: fingerprintHex } },
  );
}

/**
 * Verify the proof that the other end of a stream has the key that it wants to open a private chain with. Whether that may,
 * `checkMayOpen` says. Runs in the thread pool.
 *
 * @throws AtedbError SIGNATURE_INVALID.
 */
export async function verifyTicketProof(
  { suite, fingerprint, signature }: SignatureView,
  key: PublicKey,
  stream: StreamTies & Omit<TicketProofClaim, 'fingerprint'>,
): Promise<void> {
  const proven = ticketProofBytes({ ...stream, fingerprint: key.fingerprint });
  const isNamed = key.suite === suite && key.fingerprint.equals(fingerprint);
  if (isNamed && (await key.verify(signatureContexts.ticket, proven, signature))) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the proof of key ${key.fingerprintHex} does not verify: it is for another server, chain or stream, or was damaged`,
    { metadata: { fingerprint: key.fingerprintHex } },
  );
}
