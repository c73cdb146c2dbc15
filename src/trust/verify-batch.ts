import { AtedbError } from '../bytes/index.ts';
import { type Genesis, parseBatch, type SliceBatch } from '../event/index.ts';
import { checkBatch } from './check-batch.ts';
import type { VerifiedBatch } from './replay-verifier.ts';
import { allowedKey, keyTable, verifySignatures } from './signatures.ts';
import { vouchedBy } from './vouching.ts';

/**
 * Verify one batch of a chain by itself: its form, its hashes, who vouches for it, and that its commit is of it. What a
 * replay knows besides is not checked: its writer's other batches, conditions, its place among all others, which an
 * inclusion proof shows.
 *
 * @throws AtedbError VERIFICATION_FAILED.
 */
export async function verifyBatch(
  genesis: Genesis,
  { run, commit }: Pick<SliceBatch, 'run' | 'commit'>,
): Promise<VerifiedBatch> {
  try {
    const batch = parseBatch(run);
    const keys = keyTable(genesis.roots);
    const isGenesis = checkBatch(batch) !== undefined;
    const vouched = vouchedBy(batch, genesis.trustMode);
    allowedKey(batch.seal.fingerprint, keys);
    await verifySignatures(batch.seal, keys);
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
