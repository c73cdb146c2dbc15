import { parseIndexName, parseKeysName, parseSegmentFileName, unfinishedSuffix } from './layout.ts';
import type { ClosedSegment } from './manifest.ts';
import type { Storage } from './storage.ts';

/**
 * Names of the files of closed segments that are of another generation than the one that counts, and of those that were not
 * finished: what rewriting has left that was cut off, or hasn't come to remove.
 *
 * @param closed all closed segments, as the manifest has them.
 */
export async function leftFiles(
  storage: Storage,
  folder: string,
  closed: readonly ClosedSegment[],
): Promise<string[]> {
  const generations = new Map(closed.map(({ segment, generation }) => [segment, generation]));
  const names = (await storage.list(folder)).filter(({ isFolder }) => !isFolder);
  return names
    .map(({ name }) => name)
    .filter((name) => {
      const isUnfinished = name.endsWith(unfinishedSuffix);
      const base = isUnfinished ? name.slice(0, -unfinishedSuffix.length) : name;
      const found = parseSegmentFileName(base) ?? parseIndexName(base) ?? parseKeysName(base);
      if (found === undefined) return false;
      const counts = generations.get(found.segment);
      // What isn't finished of the first generation may be just being made, and holds nothing that rewriting leaves out.
      if (isUnfinished) return found.generation > 0 && counts !== undefined;
      return counts !== undefined && counts !== found.generation;
    });
}
