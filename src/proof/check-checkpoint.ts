import type { PublicKey } from '../crypto/index.ts';
import { type Genesis, parseCheckpoint, parsePublicKey, type TreeHead } from '../event/index.ts';
import {
  isOfLine,
  verifyCheckpoint,
  verifyCheckpointKeys,
  verifyIdentityLine,
} from '../trust/index.ts';
import type { ProofCheckpoint } from './proof.ts';
import { notProven } from './proof-error.ts';

/** A head that a server has signed. */
export interface ProvenCheckpoint {
  readonly note: string;
  /** Of the server. */
  readonly identity: PublicKey;
  /** Whether it is the one that the genesis names, or one that follows from it by rotations. A distributed chain's names none: whose it is, only its fingerprint tells. */
  readonly isOfGenesis: boolean;
}

/**
 * Check that a checkpoint is about a head, and signed by a server: the one that the genesis names, if it names one, or what rotations
 * lead to from there.
 *
 * @throws AtedbError VERIFICATION_FAILED; what the signatures' verification throws.
 */
export async function checkCheckpoint(
  { note, keys, identity: identityBytes, rotations }: ProofCheckpoint,
  { chainId, serverIdentity }: Genesis,
  { size, root }: TreeHead,
): Promise<ProvenCheckpoint> {
  const { head } = parseCheckpoint(note);
  if (head.size !== size || !head.root.equals(root)) {
    throw notProven('its checkpoint is of another head');
  }
  const identity = parsePublicKey(identityBytes);
  const line = await verifyIdentityLine(identity, rotations);
  if (serverIdentity !== undefined && !isOfLine(line, serverIdentity)) {
    throw notProven('its checkpoint is by another server than the genesis names');
  }
  await verifyCheckpoint(note, chainId, await verifyCheckpointKeys(keys, identity, line));
  return { note, identity, isOfGenesis: serverIdentity !== undefined };
}
