import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files below a folder that hold some bytes, by their paths within it. */
export async function filesWith(folder: string, bytes: string | Buffer): Promise<string[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await filesNowWith(folder, bytes);
    } catch (error) {
      // One was renamed or removed meanwhile, by a server that is at work: under its new name it isn't in the list.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 20) throw error;
    }
  }
}

async function filesNowWith(folder: string, bytes: string | Buffer): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(bytes)) found.push(path.slice(folder.length + 1));
  }
  return found.sort();
}
