import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, signatureContexts } from '../crypto/index.ts';
import {
  childPrimaryKey,
  lockProofBytes,
  type ParsedDelegation,
  type SignatureView,
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

/** Who wants to lock what. */
export interface LockClaim {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** 16 bytes; undefined: the root of the chain. Counts where the object isn't there. */
  readonly parent: Buffer | undefined;
  /** What the primary key is made from; 16 bytes. Undefined: not said. */
  readonly label: Buffer | undefined;
  readonly key: PublicKey;
  /** Delegations to the key; none: it may by itself, or by those that the chain knows. */
  readonly path: readonly ParsedDelegation[];
  /** That they begin with; undefined: one that the chain knows. */
  readonly issuer: PublicKey | undefined;
}

/**
 * Refuse a key that may not write an object, as things are now.
 *
 * What it shows of delegations may still have to be verified: see `verifyLockProof`.
 *
 * @param place.timeUnixMs by which delegations count: milliseconds since 1970-01-01 UTC.
 * @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED, DELEGATION_INVALID, DELEGATION_OUT_OF_SCOPE, DELEGATION_EXPIRED, REQUEST_INVALID where the object's key isn't made as is said.
 */
export function checkMayLock(
  claim: LockClaim,
  authority: Authority,
  { chainKey, timeUnixMs }: CommitPlace,
): void {
  const { primaryKey, parent, label, key, path } = claim;
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
  const passed = path.map(({ issuerHex }) => issuerHex);
  const isChanged = [fingerprint, ...passed].some((one) => authority.keys.isChanged(one));
  const made = label === undefined ? undefined : { key: parent };
  const where = { parent: made, timeUnixMs };
  const mayWrite = (actor: string) => authority.mayWriteObject(actor, primaryKey, where);
  if (!isChanged && mayWrite(fingerprint)) return;
  if (path.length > 0) checkPathTo(key, path, { chainKey, timeUnixMs });
  if (!isChanged && passed.slice(0, 1).some(mayWrite)) return;
  throw new AtedbError(
    isChanged ? 'KEY_REVOKED' : 'KEY_NOT_ALLOWED',
    isChanged
      ? `the key ${fingerprint} was replaced or revoked, and counts no more`
      : `the key ${fingerprint} may not write the object ${object}, and so may not lock it. Use another key, or ask its owner`,
    { metadata },
  );
}

function checkPathTo(
  { fingerprintHex }: PublicKey,
  path: readonly ParsedDelegation[],
  { chainKey, timeUnixMs }: CommitPlace,
): void {
  checkDelegationPath(path);
  const subject = path.at(-1)?.subject.fingerprintHex;
  if (subject !== fingerprintHex) {
    throw new AtedbError(
      'DELEGATION_INVALID',
      `the delegations that are shown are to the key ${subject}, and ${fingerprintHex} locks`,
      { metadata: { fingerprint: fingerprintHex } },
    );
  }
  checkScopeOfPath(path, chainKey, 'to write');
  checkTimesOfPath(path, timeUnixMs);
}

/**
 * Verify the proof that the other end of a lock stream has the key that it names, and what it shows of delegations. Whether that may write the object,
 * `checkMayLock` says. Runs in the thread pool.
 *
 * @param stream what the proof must be tied to.
 * @param issuer of the first delegation; undefined where none is shown.
 * @throws AtedbError SIGNATURE_INVALID, DELEGATION_INVALID.
 */
export async function verifyLockProof(
  { suite, fingerprint, signature }: SignatureView,
  { key, primaryKey, path }: LockClaim,
  stream: StreamTies & { readonly serverFingerprint: Buffer; readonly chainId: Buffer },
  issuer: PublicKey | undefined,
): Promise<void> {
  const proven = lockProofBytes({ ...stream, fingerprint: key.fingerprint, primaryKey });
  const isNamed = key.suite === suite && key.fingerprint.equals(fingerprint);
  if (isNamed && (await key.verify(signatureContexts.lock, proven, signature))) {
    if (issuer !== undefined) await verifyDelegations(path, issuer);
    return;
  }
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the proof of key ${key.fingerprintHex} does not verify: it is for another server, chain, stream or object, or was damaged`,
    { metadata: { fingerprint: key.fingerprintHex } },
  );
}
