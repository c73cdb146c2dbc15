import { isTailName, manifestName, parseSegmentName, parseSetAsideName } from './layout.ts';
import type { Storage } from './storage.ts';

/** Whether a folder has files that only that of a log has. */
export async function holdsLog(storage: Storage, folder: string): Promise<boolean> {
  const names = await storage.list(folder);
  return names.some(
    ({ name, isFolder }) =>
      !isFolder && (name === manifestName || parseSegmentName(name) !== undefined),
  );
}

/** Names in a chain's folder of what was set aside, cut off or repaired, in order. @throws what the storage throws. */
export async function setAsideFiles(at: {
  readonly storage: Storage;
  readonly folder: string;
}): Promise<string[]> {
  const names = (await at.storage.list(at.folder)).map(({ name }) => name);
  return names.filter((name) => isSetAsideName(name) || isTailName(name)).sort();
}

/** Whether a folder of this name, in a log's, has what a repair set aside. */
export function isSetAsideName(name: string): boolean {
  return parseSetAsideName(name) !== undefined;
}
