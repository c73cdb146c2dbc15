import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { hashOfFile, readWhole } from './durable-files.ts';
import { manifestName, segmentName } from './layout.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import type { RepairStep } from './plan-repair.ts';
import type { Storage } from './storage.ts';

/** A step that puts a whole file in the place of a damaged one. */
export type RestoreStep = Extract<RepairStep, { readonly kind: 'restore-segment' }>;

/**
 * Find closed segments of a chain that are damaged or gone, and that another folder has whole. What a file has to be is what the chain's own
 * manifest says: its size and SHA-256. So nothing is taken of the other folder's word, and what its copy would bring back that
 * was erased since isn't taken either. Nothing is written.
 *
 * @param from absolute path of a folder with the other files.
 * @throws AtedbError STORAGE_FAILED, and what the storage throws. Where the chain has no manifest that can be read, nothing is found.
 */
export async function findRestorable(
  storage: Storage,
  folder: string,
  from: string,
): Promise<RestoreStep[]> {
  const manifest = await readManifest(storage, folder);
  const steps: RestoreStep[] = [];
  for (const { segment, generation, bytes, sha256 } of manifest?.closed ?? []) {
    const file = segmentName(segment, generation);
    const is = (path: string) => isFile(storage, path, { bytes, sha256 });
    if ((await is(join(folder, file))) || !(await is(join(from, file)))) continue;
    const isThere = (await storage.stat(join(folder, file))) !== undefined;
    steps.push({ kind: 'restore-segment', file, from: join(from, file), bytes, sha256, isThere });
  }
  return steps;
}

async function readManifest(storage: Storage, folder: string): Promise<Manifest | undefined> {
  const bytes = await readWhole(storage, join(folder, manifestName));
  try {
    return bytes && parseManifest(bytes);
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return undefined;
    throw error;
  }
}

async function isFile(
  storage: Storage,
  path: string,
  of: { readonly bytes: number; readonly sha256: Buffer },
): Promise<boolean> {
  const entry = await storage.stat(path);
  if (entry?.kind !== 'file' || entry.bytes !== of.bytes) return false;
  return (await hashOfFile(storage, path)).equals(of.sha256);
}
