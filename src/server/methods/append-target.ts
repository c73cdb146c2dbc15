import { AtedbError } from '../../bytes/index.ts';
import type { ChainKey } from '../../event/index.ts';
import type { Call } from '../method.ts';
import { admit, admitCreator } from './admission.ts';
import { type AdmittedLease, type ChainServiceDeps, openRequested } from './deps.ts';

/**
 * Open the chain that is appended to; a genesis creates it, and whoever does that is let in with it.
 *
 * @param run the batch that is appended; empty where there is none, which creates nothing.
 * @throws AtedbError CHAIN_NOT_FOUND where there is none and the batch is no genesis; CHAIN_PRIVATE; as `ChainRegistry.openOrCreate`.
 */
export async function openForAppend(
  deps: ChainServiceDeps,
  key: ChainKey,
  run: Buffer,
  call: Call,
): Promise<AdmittedLease> {
  if (run.length === 0) {
    const opened = await openRequested(deps, { chainKey: key.text }, call);
    await deps.owners.appending(opened.chain);
    return opened;
  }
  const lease = await deps.registry.openOrCreate(key, run);
  if (lease !== undefined) {
    try {
      const admission = (lease.isNew ? admitCreator : admit)(deps, lease.chain, call);
      await deps.owners.appending(lease.chain);
      return Object.assign(lease, { admission });
    } catch (error) {
      lease[Symbol.dispose]();
      throw error;
    }
  }
  throw new AtedbError(
    'CHAIN_NOT_FOUND',
    `there is no chain ${key.text} on this server. Its first batch, a genesis, creates it`,
    { metadata: { chain_key: key.text } },
  );
}
