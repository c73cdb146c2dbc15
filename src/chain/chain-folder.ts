import { join, sep } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { type ChainKey, parseChainKey } from '../event/index.ts';

const suffix = '.chain';

/** The folder of a chain: its key's path below the logs path, with `.chain` at its end. */
export function chainFolder(logsPath: string, key: ChainKey): string {
  return join(logsPath, ...key.text.split('/')) + suffix;
}

/** The chain key of a folder, from its path relative to the logs path; undefined where it is none. */
export function chainKeyOfFolder(relativePath: string): ChainKey | undefined {
  if (!relativePath.endsWith(suffix)) return undefined;
  try {
    return parseChainKey(relativePath.slice(0, -suffix.length).split(sep).join('/'));
  } catch (error) {
    if (error instanceof AtedbError) return undefined;
    throw error;
  }
}
