import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Batch, ParsedDelegation, SealView } from '../event/index.ts';
import { checkDelegationPath, verifyDelegations } from './delegation-path.ts';
import type { KeyRing } from './key-ring.ts';
import { type KeyTable, verifySignatures } from './signatures.ts';

/**
 * Check that the delegations that a seal shows are one path, and of its signers: to one of them, or by one, who may so end what is not
 * known yet. So nobody makes a chain know any number of them.
 *
 * @throws AtedbError DELEGATION_INVALID, BATCH_INVALID.
 */
export function checkShownDelegations(batch: Batch, signers: readonly string[]): void {
  const path = batch.delegations();
  checkDelegationPath(path);
  const isOfSigners =
    signers.includes(path.at(-1)?.subject.fingerprintHex ?? '') ||
    path.some(({ issuerHex }) => signers.includes(issuerHex));
  if (isOfSigners) return;
  throw new AtedbError(
    'BATCH_INVALID',
    `the batch is not valid: its seal shows a delegation to ${path.at(-1)?.subject.fingerprintHex}, which is not one of its signers', nor is it by one`,
  );
}

/**
 * Find the key that delegations begin with.
 *
 * @param shown beside them.
 * @throws AtedbError KEY_UNKNOWN.
 */
export function issuerOfPath(
  path: readonly ParsedDelegation[],
  keys: Pick<KeyRing, 'find'>,
  shown: readonly PublicKey[],
): PublicKey | undefined {
  const [first] = path;
  if (first === undefined) return undefined;
  const { issuerHex } = first;
  const isIt = ({ fingerprintHex }: PublicKey) => fingerprintHex === issuerHex;
  const issuer = keys.find(issuerHex) ?? shown.find(isIt);
  if (issuer !== undefined) return issuer;
  throw new AtedbError(
    'KEY_UNKNOWN',
    `the chain doesn't know the public key ${issuerHex}, whose delegation is shown. Show it, too`,
    { metadata: { fingerprint: issuerHex } },
  );
}

/** As `issuerOfPath`, of those that a batch shows; undefined where it shows none. @throws AtedbError KEY_UNKNOWN. */
export function issuerOfShown(batch: Batch, keys: KeyRing): PublicKey | undefined {
  return issuerOfPath(batch.delegations(), keys, batch.sealKeys());
}

/**
 * Verify all that is signed in a batch: the delegations that its seal shows, and its seal. Runs in the thread pool.
 *
 * @param keys of its signers.
 * @param issuer of the first delegation; undefined where none is shown, or what they say isn't looked at.
 * @throws AtedbError DELEGATION_INVALID; as `verifySignatures`.
 */
export async function verifyAllSigned(
  batch: { readonly seal: SealView; delegations(): readonly ParsedDelegation[] },
  keys: KeyTable,
  issuer: PublicKey | undefined,
): Promise<void> {
  if (issuer !== undefined) await verifyDelegations(batch.delegations(), issuer);
  await verifySignatures(batch.seal, keys);
}
