import { join, relative } from 'node:path';
import type { ChainKey } from '../event/index.ts';
import { errorCode, type Storage, type StorageName } from '../log/index.ts';
import { chainKeyOfFolder } from './chain-folder.ts';

/** The keys of all chains below a logs path, in no order. Symbolic links are not followed. */
export async function findChains(storage: Storage, logsPath: string): Promise<ChainKey[]> {
  const keys: ChainKey[] = [];
  const folders = [logsPath];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const { name, isFolder } of await namesIn(storage, folder, folder === logsPath)) {
      if (!isFolder) continue;
      const path = join(folder, name);
      // A domain or a group may end as the folders of chains do, too.
      const key = chainKeyOfFolder(relative(logsPath, path));
      if (key === undefined) folders.push(path);
      else keys.push(key);
    }
  }
  return keys;
}

async function namesIn(storage: Storage, folder: string, isTop: boolean): Promise<StorageName[]> {
  try {
    return await storage.list(folder);
  } catch (error) {
    // A chain that is being created has got its name meanwhile; what may not be read (lost+found) is not ours.
    const isNoChain = ['ENOENT', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '');
    if (isNoChain && !isTop) return [];
    throw error;
  }
}
