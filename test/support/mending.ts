import { join } from 'node:path';
import { expect } from 'vitest';
import { type ChainMending, mendChain, type VerifiedChain } from '../../src/chain/index.ts';
import { diagnoseChain, repairChain } from '../../src/chain/repair-chain.ts';
import { type BatchSource, FolderBatches, type Storage } from '../../src/log/index.ts';
import type { MemoryStorage } from '../../src/log/memory-storage.ts';
import { floorNone } from '../../src/trust/index.ts';
import { verifyFolder } from '../../src/verify/index.ts';
import { type CompactWorld, chainFolder as folder } from './compact-world.ts';

/** Verify a chain as the command does. */
export const verify = async (storage: Storage): Promise<VerifiedChain> => {
  const { violations, history } = await verifyFolder({
    ...{ storage, folder, chainId: undefined, trustMode: undefined },
    ...{ headsOf: async () => [], allSignatures: true },
  });
  const found = violations.list.find(
    ({ file, commit, sequence }) =>
      file === undefined || commit !== undefined || sequence !== undefined,
  );
  return { violation: found?.what, retained: history?.retained ?? floorNone };
};

/** Mend a damaged chain, from somebody or from another disk. */
export function mend(
  storage: Storage,
  source: BatchSource | MemoryStorage,
  changes: Partial<Parameters<typeof mendChain>[2]> = {},
): Promise<ChainMending> {
  const common = { heads: [], apply: true, instead: new Map(), verify };
  return mendChain(storage, folder, {
    ...{ ...common, nowUnixMs: Date.now() },
    source: 'batchesFrom' in source ? source : new FolderBatches(source, folder),
    ...changes,
  });
}

/** What the chain's folder has, but for what counts for nothing: folders of repairs, files that can be made again. */
export async function filesOf(storage: MemoryStorage, at = folder): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const { name, isFolder } of await storage.list(at)) {
    const path = join(at, name);
    if (!isFolder) files.set(path.slice(folder.length + 1), storage.peek(path) as Buffer);
    else for (const [inner, bytes] of await filesOf(storage, path)) files.set(inner, bytes);
  }
  return files;
}

/** Names of its segments' files, in order. */
export async function segmentsOf(storage: MemoryStorage): Promise<string[]> {
  return [...(await filesOf(storage)).keys()].filter((name) => /^segment-.*\.log$/.test(name));
}

/** Flip a bit of a file. */
export function flip(storage: MemoryStorage, name: string, at: number): void {
  const bytes = Buffer.from(storage.peek(join(folder, name)) as Buffer);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  storage.poke(join(folder, name), bytes);
}

/** Finish the repair as the command does. */
export async function finish(storage: Storage): Promise<void> {
  await repairChain(storage, folder, await diagnoseChain(storage, folder));
}

/** The chain is all that was appended, and takes more. */
export async function expectWhole(world: CompactWorld, storage: MemoryStorage): Promise<number[]> {
  const again = world.clone(storage);
  expect((await verify(storage)).violation).toBeUndefined();
  await again.open(storage);
  expect(again.chain.log.trouble).toBeUndefined();
  const gone = await again.check();
  await again.close();
  return gone;
}
