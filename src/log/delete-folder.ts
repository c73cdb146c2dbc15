import { basename, dirname, join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { storageError } from './damage.ts';
import { replaceFile } from './durable-files.ts';
import { deletedName, deletedSuffix, manifestName, parseReplacedName } from './layout.ts';
import { loadManifest } from './load-manifest.ts';
import type { Storage } from './storage.ts';

// A chain is deleted in two steps: a mark in its folder says so, durably, and from then on it is deleted; then its files go. A crash
// between them leaves a marked folder, and whoever looks for the chain next removes the rest.

/**
 * Make it durable that the chain of a folder is deleted. `finishDeletion` is to follow.
 *
 * @param wish what is kept of why, for as long as the mark is there.
 * @throws AtedbError STORAGE_FAILED: the chain is not deleted; or, with `outcome` `unknown` in its metadata, the disk doesn't say
 * whether it is, and it must not be used any more.
 */
export async function markDeleted(storage: Storage, folder: string, wish: Buffer): Promise<void> {
  const mark = join(folder, deletedName);
  try {
    await replaceFile(storage, mark, wish);
  } catch (error) {
    const failed = storageError('deleting the chain', error);
    try {
      // The mark may be there all the same.
      if ((await storage.stat(mark)) !== undefined) await storage.remove(mark);
      await storage.syncFolder(folder);
    } catch (cause) {
      throw new AtedbError(
        'STORAGE_FAILED',
        `${failed.message}, and so did taking it back: whether the chain is deleted is not known. Open it to see`,
        { metadata: { outcome: 'unknown' }, cause },
      );
    }
    throw failed;
  }
}

/**
 * Remove what is left of a chain that is marked as deleted. Does nothing for any other folder, or where there is none. Nobody may have
 * files of it open. May be called again after any failure.
 *
 * @throws the file system's errors: the chain is deleted, and some of its files are still there.
 */
export async function finishDeletion(storage: Storage, folder: string): Promise<void> {
  const aside = folder + deletedSuffix;
  const isMarked = (await storage.stat(join(folder, deletedName))) !== undefined;
  // What an earlier deletion under the same key has left.
  const isAside = (await storage.stat(aside)) !== undefined;
  if (isAside) await removeFolder(storage, aside);
  if (isMarked) {
    await removeReplaced(storage, folder);
    // Its name is free before its files go, however many they are; and no half of them is ever taken for a chain.
    await storage.rename(folder, aside);
    await storage.syncFolder(dirname(folder));
    await removeFolder(storage, aside);
  }
  if (isAside || isMarked) await storage.syncFolder(dirname(folder));
}

/**
 * Remove the copies of a deleted chain that restores have kept beside it, while its own folder is there: whoever finds its mark removes the rest.
 * What says whose a copy is goes last. A chain of another id that was there before isn't this one's root's to delete.
 */
async function removeReplaced(storage: Storage, folder: string): Promise<void> {
  const holder = dirname(folder);
  const chainId = await chainIdIn(storage, folder);
  if (chainId === undefined) return;
  for (const { name, isFolder } of await storage.list(holder)) {
    if (!isFolder || parseReplacedName(basename(folder), name) === undefined) continue;
    const path = join(holder, name);
    const isOne = (await chainIdIn(storage, path))?.equals(chainId) === true;
    // As a removal that was interrupted at its end leaves it.
    const isEmpty = (await storage.list(path)).length === 0;
    if (!isOne && !isEmpty) continue;
    await removeTree(storage, path, manifestName);
    await storage.syncFolder(holder);
  }
}

/** The id of the chain that a folder holds; undefined where nothing in it says that. */
async function chainIdIn(storage: Storage, folder: string): Promise<Buffer | undefined> {
  const entry = await storage.stat(folder);
  if (entry?.kind !== 'folder' || entry.isLink) return undefined;
  try {
    return (await loadManifest(storage, folder)).manifest.chainId;
  } catch (error) {
    if (error instanceof AtedbError) return undefined;
    throw error;
  }
}

/** Remove a folder with all that is in it: its mark last. Links are removed, and not followed; so is one in the folder's own place. */
export async function removeFolder(storage: Storage, folder: string): Promise<void> {
  if ((await storage.stat(folder))?.isLink === true) await storage.remove(folder);
  else await removeTree(storage, folder);
}

/** Remove a folder with all that is in it, and one file after all others are gone for good. */
async function removeTree(storage: Storage, folder: string, last = deletedName): Promise<void> {
  const names = await storage.list(folder);
  for (const { name, isFolder } of names) {
    const path = join(folder, name);
    if (isFolder) await removeTree(storage, path);
    else if (name !== last) await storage.remove(path);
  }
  if (names.some(({ name, isFolder }) => name === last && !isFolder)) {
    await storage.syncFolder(folder);
    await storage.remove(join(folder, last));
  }
  await storage.removeFolder(folder);
}
