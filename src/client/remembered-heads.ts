import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainKey, TreeHead } from '../event/index.ts';
import { RememberedChain } from './remembered-chain.ts';

/** A head of a chain that was verified, of some server. */
export interface RememberedHead {
  /** `host:port`. */
  readonly server: string;
  /** 32 bytes. */
  readonly chainId: Buffer;
  readonly head: TreeHead;
}

/**
 * The heads that a home folder has of a chain, of all servers that it was read from.
 *
 * @throws AtedbError STORAGE_FAILED where a file of them is damaged.
 */
export async function rememberedHeads(home: string, chainKey: ChainKey): Promise<RememberedHead[]> {
  const heads: RememberedHead[] = [];
  for (const name of await namesIn(join(home, 'chains'))) {
    const server = name.replace(/_(\d+)$/, ':$1');
    const remembered = new RememberedChain({ home, server, chainKey, onError: () => undefined });
    const found = await remembered.load();
    if (found !== undefined) heads.push({ server, ...found });
  }
  return heads;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
