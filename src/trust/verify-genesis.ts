import { AtedbError } from '../bytes/index.ts';
import { type Batch, type Genesis, parseBatch } from '../event/index.ts';
import { checkBatch } from './check-batch.ts';
import { keyTable, verifySignatures } from './signatures.ts';

/**
 * Verify the batch that begins a chain: everything that it says of itself, and the signature of every root.
 *
 * @param run the genesis event, then its seal.
 * @throws AtedbError GENESIS_INVALID, SIGNATURE_INVALID, and what `parseBatch` and `checkBatch` throw.
 */
export async function verifyGenesis(run: Buffer): Promise<{ genesis: Genesis; batch: Batch }> {
  const batch = parseBatch(run);
  const genesis = checkBatch(batch);
  if (genesis === undefined) {
    throw new AtedbError(
      'GENESIS_INVALID',
      'the first batch of a chain is its genesis, and this is not one',
    );
  }
  await verifySignatures(batch.seal, keyTable(genesis.roots));
  return { genesis, batch };
}
