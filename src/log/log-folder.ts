import { basename, dirname, join } from 'node:path';
import {
  isTailName,
  manifestName,
  parseReplacedName,
  parseSegmentName,
  parseSetAsideName,
  replacedFolder,
} from './layout.ts';
import type { Storage } from './storage.ts';

/** Whether a folder has files that only that of a log has. */
export async function holdsLog(storage: Storage, folder: string): Promise<boolean> {
  const names = await storage.list(folder);
  return names.some(
    ({ name, isFolder }) =>
      !isFolder && (name === manifestName || parseSegmentName(name) !== undefined),
  );
}

/**
 * Names of what was set aside of a chain, cut off, repaired or replaced, in order: those in its folder, then those beside it. Data that was erased
 * since may be in any of it. @throws what the storage throws.
 */
export async function setAsideFiles(at: {
  readonly storage: Storage;
  readonly folder: string;
}): Promise<string[]> {
  const { storage, folder } = at;
  const names = (await storage.list(folder)).map(({ name }) => name);
  const found = names.filter((name) => isSetAsideName(name) || isTailName(name)).sort();
  // Some of them may have been removed: numbers have gaps.
  const beside = (await storage.list(dirname(folder)))
    .map(({ name }) => parseReplacedName(basename(folder), name))
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  return [...found, ...beside.map((number) => basename(replacedFolder(folder, number)))];
}

/** Absolute path of what was set aside of a chain, by such a name. */
export function setAsidePath(folder: string, name: string): string {
  return name.startsWith(basename(folder)) ? join(dirname(folder), name) : join(folder, name);
}

/** Whether a folder of this name, in a log's, has what a repair set aside. */
export function isSetAsideName(name: string): boolean {
  return parseSetAsideName(name) !== undefined;
}
