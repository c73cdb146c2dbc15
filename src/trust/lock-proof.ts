import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, signatureContexts } from '../crypto/index.ts';
import { childPrimaryKey, lockProofBytes, type SignatureView } from '../event/index.ts';
import type { Authority } from './authority.ts';
import type { StreamTies } from './key-proof.ts';

/** Who wants to lock what. */
export interface LockClaim {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** 16 bytes; undefined: the root of the chain. Counts where the object isn't there. */
  readonly parent: Buffer | undefined;
  /** What the primary key is made from; 16 bytes. Undefined: not said. */
  readonly label: Buffer | undefined;
  readonly key: PublicKey;
}

/**
 * Refuse a key that may not write an object, as things are now.
 *
 * @param timeUnixMs by which delegations count: milliseconds since 1970-01-01 UTC.
 * @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED, REQUEST_INVALID where the object's key isn't made as is said.
 */
export function checkMayLock(claim: LockClaim, authority: Authority, timeUnixMs: number): void {
  const { primaryKey, parent, label, key } = claim;
  const { fingerprintHex: fingerprint } = key;
  const object = primaryKey.toString('hex');
  const metadata = { primary_key: object, fingerprint };
  if (label !== undefined && !childPrimaryKey(parent, label).equals(primaryKey)) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `the primary key ${object} is not made from the parent and the label that are said`,
      { metadata: { field: 'label', ...metadata } },
    );
  }
  const isChanged = authority.keys.isChanged(fingerprint);
  const made = label === undefined ? undefined : { key: parent };
  const where = { parent: made, timeUnixMs };
  if (!isChanged && authority.mayWriteObject(fingerprint, primaryKey, where)) return;
  throw new AtedbError(
    isChanged ? 'KEY_REVOKED' : 'KEY_NOT_ALLOWED',
    isChanged
      ? `the key ${fingerprint} was replaced or revoked, and counts no more`
      : `the key ${fingerprint} may not write the object ${object}, and so may not lock it. Use another key, or ask its owner`,
    { metadata },
  );
}

/**
 * Verify the proof that the other end of a lock stream has the key that it names. Whether that may write the object,
 * `checkMayLock` says. Runs in the thread pool.
 *
 * @param stream what the proof must be tied to.
 * @throws AtedbError SIGNATURE_INVALID.
 */
export async function verifyLockProof(
  { suite, fingerprint, signature }: SignatureView,
  { key, primaryKey }: LockClaim,
  stream: StreamTies & { readonly serverFingerprint: Buffer; readonly chainId: Buffer },
): Promise<void> {
  const proven = lockProofBytes({ ...stream, fingerprint: key.fingerprint, primaryKey });
  const isNamed = key.suite === suite && key.fingerprint.equals(fingerprint);
  if (isNamed && (await key.verify(signatureContexts.lock, proven, signature))) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the proof of key ${key.fingerprintHex} does not verify: it is for another server, chain, stream or object, or was damaged`,
    { metadata: { fingerprint: key.fingerprintHex } },
  );
}
