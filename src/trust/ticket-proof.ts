import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, signatureContexts } from '../crypto/index.ts';
import {
  type ParsedDelegation,
  type SignatureView,
  type TicketProofClaim,
  ticketProofBytes,
} from '../event/index.ts';
import type { CommitPlace } from './acting.ts';
import type { Authority } from './authority.ts';
import {
  checkDelegationPath,
  checkScopeOfPath,
  checkTimesOfPath,
  verifyDelegations,
} from './delegation-path.ts';
import type { StreamTies } from './key-proof.ts';

/**
 * Refuse a key that may not open a private chain, as things are now.
 *
 * @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED.
 */
export function checkMayOpen({ fingerprintHex }: PublicKey, authority: Authority): void {
  if (authority.admits(fingerprintHex)) return;
  throw notAdmitted(fingerprintHex, authority.keys.isChanged(fingerprintHex));
}

function notAdmitted(fingerprint: string, isChanged: boolean): AtedbError {
  return new AtedbError(
    isChanged ? 'KEY_REVOKED' : 'KEY_NOT_ALLOWED',
    isChanged
      ? `the key ${fingerprint} was replaced or revoked, and counts no more`
      : `the chain is private, and no rule of it names the key ${fingerprint}. Use another key, or have its owner let this one in (atedb share)`,
    { metadata: { fingerprint } },
  );
}

/**
 * Refuse a key that may not open a private chain by delegations, as things are now. The proof of the key has been verified. Who is let
 * in is told to nobody but themselves: so one that isn't, one that nobody knows and one that has signed nothing are all told the same,
 * after the same work.
 *
 * @param path delegations to the key, in their order.
 * @param shown the key that they begin with; undefined: one that the chain knows.
 * @param place.timeUnixMs milliseconds since 1970-01-01 UTC.
 * @throws AtedbError DELEGATION_INVALID, DELEGATION_OUT_OF_SCOPE, DELEGATION_EXPIRED, KEY_NOT_ALLOWED, KEY_REVOKED.
 */
export async function checkMayOpenBy(
  { path, shown }: { path: readonly ParsedDelegation[]; shown: PublicKey | undefined },
  key: PublicKey,
  authority: Authority,
  { chainKey, timeUnixMs }: CommitPlace,
): Promise<void> {
  const [first, last] = [path[0], path.at(-1)];
  checkDelegationPath(path);
  if (first === undefined || last?.subject.fingerprintHex !== key.fingerprintHex) {
    throw new AtedbError(
      'DELEGATION_INVALID',
      `the delegations that are shown are to the key ${last?.subject.fingerprintHex}, and ${key.fingerprintHex} is to be let in`,
      { metadata: { fingerprint: key.fingerprintHex } },
    );
  }
  checkScopeOfPath(path, chainKey, 'to read');
  checkTimesOfPath(path, timeUnixMs);
  const { keys } = authority;
  const named = shown?.fingerprintHex === first.issuerHex ? shown : keys.find(first.issuerHex);
  const issuer = authority.admits(first.issuerHex) ? named : undefined;
  // Another key has signed nothing here, and takes as long to say so.
  const isSigned = await verifyDelegations(path, issuer ?? first.subject).then(
    () => issuer !== undefined,
    () => false,
  );
  if (!isSigned) throw notAdmitted(key.fingerprintHex, false);
  const changed = path
    .flatMap(({ issuerHex, subject }) => [issuerHex, subject.fingerprintHex])
    .find((one) => keys.isChanged(one));
  if (changed !== undefined) throw notAdmitted(changed, true);
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
