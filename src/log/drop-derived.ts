import { join } from 'node:path';
import { isTileName, parseKeysName, tilesName } from './layout.ts';
import { loadManifest } from './load-manifest.ts';
import { rebuildTiles } from './rebuild-tiles.ts';
import type { Storage } from './storage.ts';

/**
 * Remove from a chain's folder, which nobody uses, what its server would believe and nobody has compared with the segments: files that are known
 * to be wrong, and all files of keys. The server makes them again. Tiles that are wrong are made again at once where something is gone under a
 * snapshot: of that they alone have the hashes, and those of them that are right stay.
 *
 * @param wrong paths within the folder.
 */
export async function dropDerived(
  storage: Storage,
  folder: string,
  wrong: readonly string[],
): Promise<void> {
  const names = (await storage.list(folder)).filter(({ isFolder }) => !isFolder);
  const isDropped = (name: string) => wrong.includes(name) || parseKeysName(name) !== undefined;
  for (const { name } of names) if (isDropped(name)) await storage.remove(join(folder, name));
  await storage.syncFolder(folder);
  const { manifest } = await loadManifest(storage, folder);
  const tiles = join(folder, tilesName);
  if (manifest.forgotten !== undefined) {
    if (!wrong.some(isTileName) && (await storage.stat(tiles)) !== undefined) return;
    await (await rebuildTiles({ storage, folder, manifest })).tiles.flush();
    return;
  }
  // One doesn't hold without the others.
  if (!wrong.some(isTileName)) return;
  for (const { name, isFolder } of await storage.list(tiles)) {
    if (!isFolder) await storage.remove(join(tiles, name));
  }
  await storage.syncFolder(tiles);
}
