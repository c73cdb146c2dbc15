import { dirname } from 'node:path';
import {
  removeFolder,
  type Storage,
  type StorageEntry,
  setAsideFiles,
  setAsidePath,
} from '../log/index.ts';
import { bytesBelow } from './measured-storage.ts';
import { countOf, safeText } from './safe-text.ts';

/** What was set aside of a chain. */
export interface DroppedFiles {
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Whether it was removed, and not only looked at. */
  readonly isDone: boolean;
}

/**
 * Remove what crashes, repairs and restores have set aside of a chain. Servers don't touch it, so one may be at work; no repair may.
 *
 * @param apply whether to do it, or only to tell.
 * @throws what the storage throws.
 */
export async function dropSetAside(
  storage: Storage,
  folder: string,
  apply: boolean,
): Promise<DroppedFiles> {
  const files: { name: string; bytes: number }[] = [];
  for (const name of await setAsideFiles({ storage, folder })) {
    const path = setAsidePath(folder, name);
    const entry = await storage.stat(path);
    // What a link leads to is somebody else's by now.
    const isFolder = entry?.kind === 'folder' && entry.isLink !== true;
    files.push({ name, bytes: isFolder ? await bytesBelow(storage, path) : ownBytes(entry) });
    if (!apply) continue;
    if (isFolder) await removeFolder(storage, path);
    else await storage.remove(path);
    await storage.syncFolder(dirname(path));
  }
  return { folder, files, isDone: apply };
}

function ownBytes(entry: StorageEntry | undefined): number {
  return entry === undefined || entry.isLink === true ? 0 : entry.bytes;
}

/** In words, or as a line of JSON; ended by a newline. */
export function droppedText({ folder, files, isDone }: DroppedFiles, json: boolean): string {
  if (json) return `${JSON.stringify({ folder, setAside: files, isDone })}\n`;
  if (files.length === 0) return `${safeText(folder)}: nothing was set aside\n`;
  const did = isDone ? 'removed' : '--apply would remove';
  const lines = files.map(
    ({ name, bytes }) => `  ${did} ${safeText(name)} (${countOf(bytes, 'byte')})\n`,
  );
  return `${safeText(folder)}:\n${lines.join('')}`;
}
