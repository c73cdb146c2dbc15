import { AtedbError } from '../bytes/index.ts';
import { finishDeletion, markDeleted } from '../log/index.ts';
import { chainFolder } from './chain-folder.ts';
import { type OpenEntry, whenUnused } from './open-entry.ts';
import type { RegistryOptions } from './registry-options.ts';

/**
 * Delete an open chain, while nobody can begin to use it. It is deleted once the mark is durable: what fails later is done by
 * whoever looks for the chain next.
 *
 * @param options.drop forgets the entry, as soon as the chain can't be used any more.
 * @throws AtedbError as `markDeleted`.
 */
export async function deleteChain(
  { storage, logsPath, logger }: Pick<RegistryOptions, 'storage' | 'logsPath' | 'logger'>,
  entry: OpenEntry,
  options: { readonly wish: Buffer; readonly drop: () => void },
): Promise<void> {
  const { chain } = entry;
  const folder = chainFolder(logsPath, chain.key);
  const end = async (why: AtedbError) => {
    chain.end(why);
    options.drop();
    await whenUnused(entry);
    await chain.close();
  };
  try {
    await markDeleted(storage, folder, options.wish);
  } catch (error) {
    // What the disk doesn't say, it says to whoever opens the chain next.
    if (error instanceof AtedbError && error.metadata.outcome === 'unknown') await end(error);
    throw error;
  }
  await end(
    new AtedbError('CHAIN_DELETED', `a root of the chain ${chain.key.text} has deleted it`, {
      metadata: { chain_key: chain.key.text },
    }),
  );
  try {
    await finishDeletion(storage, folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    logger.warn(
      { chain: chain.key.text },
      `the chain is deleted, and some of its files are not removed yet: ${why}`,
    );
  }
}
