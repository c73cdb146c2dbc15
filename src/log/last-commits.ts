import { join } from 'node:path';
import { toNumber } from './checked-record.ts';
import { damageError } from './damage.ts';
import { readWhole } from './durable-files.ts';
import { snapshotName } from './layout.ts';
import type { ActiveSegment } from './manifest.ts';
import type { LogPlace } from './scan-segment-file.ts';
import { parseSnapshot } from './snapshot-file.ts';

/**
 * Numbers of the commits with which writers had written last when the active segment began. For those that have written since
 * it is the last one before.
 *
 * @throws AtedbError CHAIN_DAMAGED where the snapshot can't be used.
 */
export async function lastCommitsOf(
  { storage, folder, chainId }: LogPlace,
  active: ActiveSegment,
): Promise<Set<number>> {
  const name = snapshotName(active.segment);
  const bytes = await readWhole(storage, join(folder, name));
  if (bytes === undefined) throw damageError({ file: name, offset: 0, what: 'it is gone' });
  const { snapshot } = parseSnapshot(bytes, { chainId, ...active });
  return new Set(snapshot.writers.map((writer) => toNumber(writer.lastCommit, 'a commit')));
}
