import { AtedbError } from '../../bytes/index.ts';
import type { ChainLease } from '../../chain/index.ts';
import type { ChainKey } from '../../event/index.ts';
import type { ChainServiceDeps } from './deps.ts';

/**
 * Open the chain that is appended to; a genesis creates it.
 *
 * @throws AtedbError CHAIN_NOT_FOUND where there is none and the batch is no genesis; as `ChainRegistry.openOrCreate`.
 */
export async function openForAppend(
  deps: ChainServiceDeps,
  key: ChainKey,
  run: Buffer,
): Promise<ChainLease> {
  const lease = await deps.registry.openOrCreate(key, run);
  if (lease !== undefined) return lease;
  throw new AtedbError(
    'CHAIN_NOT_FOUND',
    `there is no chain ${key.text} on this server. Its first batch, a genesis, creates it`,
    { metadata: { chain_key: key.text } },
  );
}
