import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderDurable, writeFileAtomic } from '../store/index.ts';

/** What of a server's own folder is of this run of it alone. */
const isOfRun = (name: string): boolean => name === 'lock' || name.endsWith('.lock');

const folderMode = 0o700;
const fileMode = 0o600;

/**
 * Copy a server's own files, among them its keys, from one logs path to another: each whole, and for its owner alone.
 *
 * @param options.replaces whether files that are there are replaced.
 * @returns how many there are.
 */
export async function copySystemFiles(
  from: string,
  to: string,
  options: { readonly replaces: boolean },
): Promise<number> {
  return copyFolder(join(from, '_sys'), join(to, '_sys'), options.replaces);
}

async function copyFolder(from: string, to: string, replaces: boolean): Promise<number> {
  const names = await readdir(from).catch(() => []);
  let count = 0;
  if (names.length > 0) await makeFolderDurable(to, folderMode);
  for (const name of names) {
    const path = join(from, name);
    const entry = await lstat(path);
    if (entry.isDirectory()) count += await copyFolder(path, join(to, name), replaces);
    if (!entry.isFile() || isOfRun(name) || name.endsWith('.new')) continue;
    await writeFileAtomic(join(to, name), await readFile(path), {
      mode: fileMode,
      replace: replaces,
    });
    count += 1;
  }
  return count;
}
