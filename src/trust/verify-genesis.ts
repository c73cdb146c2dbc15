import { AtedbError } from '../bytes/index.ts';
import { type Batch, type Genesis, parseBatch } from '../event/index.ts';
import { verifyHeld } from './auth-answer.ts';
import { checkBatch } from './check-batch.ts';
import { genesisSigners } from './from-server.ts';
import { keyTable, verifySignatures } from './signatures.ts';

/**
 * Verify the batch that begins a chain: everything that it says of itself, the signature of every root, or of the server where an auth
 * service names the roots, and that service's.
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
  await verifySignatures(batch.seal, keyTable(genesisSigners(genesis)));
  await verifyHeld(batch, genesis);
  return { genesis, batch };
}
