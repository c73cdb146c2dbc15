import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type Batch, type Genesis, parseBatch, type SliceBatch } from '../event/index.ts';
import { verifyHeld } from './auth-answer.ts';
import { checkBatch } from './check-batch.ts';
import type { Provenance } from './check-gone.ts';
import { checkRedactions } from './check-redactions.ts';
import { claimedServer, genesisSigners, isFromServer } from './from-server.ts';
import type { FindKey, VerifiedBatch } from './replay-types.ts';
import { type KeyTable, keyTable, verifySignatures } from './signatures.ts';
import { keysShownIn, signersOf, unknownKey } from './signers.ts';
import { vouchedBy } from './vouching.ts';

/**
 * Verify one batch of a chain by itself: its form, its hashes, who vouches for it, and that its commit is of it. What a
 * replay knows besides is not checked: its writer's other batches, conditions, its place among all others, which an
 * inclusion proof shows, and that its signers may do what it does.
 *
 * @param findKey finds the public keys of signers that aren't roots.
 * @param provenance `trimmed` where data was asked to be left out: the caller then checks what is.
 *
 * @throws AtedbError VERIFICATION_FAILED.
 */
export async function verifyBatch(
  genesis: Genesis,
  { run, commit }: Pick<SliceBatch, 'run' | 'commit'>,
  findKey: FindKey,
  provenance: Exclude<Provenance, 'appended'> = 'stored',
): Promise<VerifiedBatch> {
  try {
    const batch = parseBatch(run);
    const isGenesis = checkBatch(batch, provenance) !== undefined;
    checkRedactions(batch, commit.firstSequence);
    const vouched = vouchedBy(batch, genesis.trustMode);
    await verifySignatures(batch.seal, await keysFor(batch, genesis, findKey));
    await verifyHeld(batch, genesis);
    const fits =
      commit.sealHash.equals(batch.seal.hash) &&
      commit.events === batch.count &&
      isGenesis === (commit.commit === 0) &&
      batch.seal.chainId.equals(genesis.chainId);
    if (!fits) throw new AtedbError('BATCH_INVALID', 'its commit or its chain is another');
    return { batch, commit, vouchedBy: vouched };
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `commit ${commit.commit} does not verify: ${error.message}. Nothing of it was used; the server, or its copy of the chain, can't be trusted`,
      { metadata: { commit: String(commit.commit) }, cause: error },
    );
  }
}

/** The public keys of a batch's signers. Whether they had the right to it is not known. */
async function keysFor(batch: Batch, genesis: Genesis, findKey: FindKey): Promise<KeyTable> {
  if (batch.isGenesis) return keyTable(genesisSigners(genesis));
  if (isFromServer(batch)) return keyTable([claimedServer(batch, genesis)]);
  const known = keyTable(genesis.roots);
  const found = new Map<string, PublicKey>();
  for (const signer of signersOf(batch)) {
    const key = known.get(signer) ?? keysShownIn(batch).get(signer) ?? (await findKey(signer));
    if (key?.fingerprintHex !== signer) throw unknownKey(signer);
    found.set(signer, key);
  }
  return found;
}
