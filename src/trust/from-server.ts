import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Batch, EventKind, Genesis } from '../event/index.ts';
import { unknownKey } from './signers.ts';

/** What a server adds to the chains that it keeps, in batches of its own, and what nobody else may add. */
const kinds: ReadonlySet<EventKind | 'gone'> = new Set(['auth_answer', 'server_identity']);

/** Whether events of a kind are the server's. */
export function isServersKind(kind: EventKind | 'gone'): boolean {
  return kinds.has(kind);
}

/** Whether a batch holds what servers add. `checkBatch` sees to it that it then holds nothing else. */
export function isFromServer(batch: Batch): boolean {
  return batch.count > 0 && kinds.has(batch.kindOf(0));
}

/** The keys that sign the genesis of a chain: its roots, or where an auth service names them the server alone. */
export function genesisSigners({ answer, roots, serverIdentity }: Genesis): readonly PublicKey[] {
  return answer === undefined || serverIdentity === undefined ? roots : [serverIdentity];
}

/**
 * The identity of the server that a batch of its own is from: the one that it had, or the one that the rotations in the batch lead to.
 *
 * @param identity as it was before the batch; undefined in a distributed chain, or where it isn't known.
 * @throws AtedbError KEY_NOT_ALLOWED where the batch is from another key.
 */
export function serverOf(batch: Batch, identity: PublicKey | undefined): PublicKey {
  let server = identity;
  for (let index = 0; index < batch.count; index += 1) {
    if (batch.kindOf(index) !== 'server_identity') continue;
    const { oldIdentity, newIdentity } = batch.rotationOf(index);
    if (server?.fingerprint.equals(oldIdentity.fingerprint)) server = newIdentity;
  }
  if (server?.fingerprintHex === batch.seal.fingerprintHex) return server;
  throw new AtedbError(
    'KEY_NOT_ALLOWED',
    `only the server that keeps the chain adds answers of auth services and identities, and the batch is from the key ${batch.seal.fingerprintHex}`,
    { metadata: { fingerprint: batch.seal.fingerprintHex, rule: 'server' } },
  );
}

/**
 * As `serverOf`, where it isn't known what came before: the key that the genesis names, or the one that the batch shows or leads to. Whether
 * that is the server's is not checked.
 *
 * @throws AtedbError KEY_UNKNOWN.
 */
export function claimedServer(batch: Batch, genesis: Genesis): PublicKey {
  const { fingerprintHex } = batch.seal;
  const named = genesis.serverIdentity;
  if (named?.fingerprintHex === fingerprintHex) return named;
  const shown = batch.sealKeys().find((key) => key.fingerprintHex === fingerprintHex);
  if (shown !== undefined) return shown;
  for (let index = batch.count - 1; index >= 0; index -= 1) {
    if (batch.kindOf(index) !== 'server_identity') continue;
    const { newIdentity } = batch.rotationOf(index);
    if (newIdentity.fingerprintHex === fingerprintHex) return newIdentity;
  }
  throw unknownKey(fingerprintHex);
}
