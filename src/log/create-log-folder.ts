import { dirname, join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { makeFolderDurable, replaceFile } from './durable-files.ts';
import { manifestName, unfinishedSuffix } from './layout.ts';
import type { ChainLogOptions } from './log-options.ts';
import { encodeManifest, type Manifest } from './manifest.ts';
import { type StartedSegment, startSegment } from './roll-segment.ts';

/** A chain folder that doesn't have its name yet. */
export interface UnfinishedLog extends StartedSegment {
  readonly manifest: Manifest;
  /** Give the folder its name, durably. To be called when the first batch is durable. */
  readonly finish: () => Promise<void>;
}

/**
 * Make the folder of a new chain, under a name that nobody takes for a chain's. It gets its own name when its first
 * batch is in it, so that a crash never leaves a chain without a genesis. What an earlier, interrupted creation left
 * under the unfinished name never held a batch that counted, and is written over.
 *
 * @throws AtedbError CHAIN_EXISTS.
 */
export async function createLogFolder(
  options: ChainLogOptions,
  chainId: Buffer,
): Promise<UnfinishedLog> {
  const { storage, folder, logsPath } = options;
  if ((await storage.stat(folder)) !== undefined) {
    throw new AtedbError('CHAIN_EXISTS', 'there is such a chain already');
  }
  const unfinished = folder + unfinishedSuffix;
  await makeFolderDurable(storage, unfinished, logsPath);
  const active = { segment: 0, firstCommit: 0, firstSequence: 0 };
  const manifest: Manifest = { chainId, closed: [], active, compacted: undefined };
  const header = {
    chainId,
    ...active,
    frontier: [],
    previousSha256: undefined,
    rewritten: undefined,
  };
  const started = await startSegment(storage, unfinished, header);
  try {
    await replaceFile(storage, join(unfinished, manifestName), encodeManifest(manifest));
  } catch (error) {
    await started.file.close();
    throw error;
  }
  const finish = async (): Promise<void> => {
    await storage.rename(unfinished, folder);
    await storage.syncFolder(dirname(folder));
  };
  return { ...started, manifest, finish };
}
