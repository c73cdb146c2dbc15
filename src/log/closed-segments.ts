import { join } from 'node:path';
import { damageError } from './damage.ts';
import { readWhole } from './durable-files.ts';
import { manifestName } from './layout.ts';
import { type ActiveSegment, type ClosedSegment, parseManifest } from './manifest.ts';
import type { Storage } from './storage.ts';

/** The closed segments of a chain, as its manifest has them. */
export interface ClosedSegments {
  readonly chainId: Buffer;
  /** Each with the one behind it. */
  readonly pairs: readonly (readonly [ClosedSegment, ActiveSegment])[];
}

/** Read which closed segments a chain has. @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW; what the storage throws. */
export async function closedSegments(storage: Storage, folder: string): Promise<ClosedSegments> {
  const bytes = await readWhole(storage, join(folder, manifestName));
  if (bytes === undefined) throw damageError({ file: manifestName, offset: 0, what: 'it is gone' });
  const { chainId, closed, active } = parseManifest(bytes);
  const pairs = closed.map((segment, place) => [segment, closed[place + 1] ?? active] as const);
  return { chainId, pairs };
}
