import { join } from 'node:path';
import { SubtreeHashes } from '../crypto/index.ts';
import type { Gap } from '../event/index.ts';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { tileName } from './layout.ts';
import type { Storage } from './storage.ts';

const hashBytes = 32;

/**
 * The leaf hashes of commits that are gone: the tiles alone still have them, and they are held against what the gap says.
 *
 * @param at.folder absolute path of the chain's folder.
 * @param firstCommit number of the first commit that is gone.
 * @throws AtedbError CHAIN_DAMAGED where the tiles don't have them: nothing else does.
 */
export async function leavesOfGap(
  { storage, folder }: { readonly storage: Storage; readonly folder: string },
  { commits, hashes }: Gap,
  firstCommit: number,
): Promise<Buffer[]> {
  const name = tileName(0);
  const path = join(folder, name);
  const offset = firstCommit * hashBytes;
  const isThere = (await storage.stat(path))?.kind === 'file';
  const bytes = isThere
    ? await withFile(storage, path, 'read', (file) => file.read(offset, commits * hashBytes))
    : Buffer.alloc(0);
  const leaves: Buffer[] = [];
  const gathered = new SubtreeHashes(firstCommit);
  for (let at = 0; at + hashBytes <= bytes.length; at += hashBytes) {
    const leaf = Buffer.from(bytes.subarray(at, at + hashBytes));
    leaves.push(leaf);
    gathered.append(leaf);
  }
  const fits =
    leaves.length === commits &&
    gathered.hashes.every((hash, place) => hashes[place]?.equals(hash) === true);
  if (fits) return leaves;
  const what = `it doesn't have the hashes of the commits ${firstCommit} to ${firstCommit + commits - 1}, which are gone from the segments: a backup may have them`;
  throw damageError({ file: name, offset, what });
}
