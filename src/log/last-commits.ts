import { join } from 'node:path';
import { toNumber } from './checked-record.ts';
import { damageError } from './damage.ts';
import { readWhole } from './durable-files.ts';
import { snapshotName } from './layout.ts';
import type { ActiveSegment } from './manifest.ts';
import type { LogPlace } from './scan-segment-file.ts';
import { parseSnapshot } from './snapshot-file.ts';

/**
 * Numbers of the commits with which writers have written last, of those before the active segment.
 *
 * @param since ids of those who have written to the active segment.
 * @throws AtedbError CHAIN_DAMAGED where the snapshot can't be used.
 */
export async function lastCommitsOf(
  { storage, folder, chainId }: LogPlace,
  active: ActiveSegment,
  since: readonly Buffer[],
): Promise<Set<number>> {
  const name = snapshotName(active.segment);
  const bytes = await readWhole(storage, join(folder, name));
  if (bytes === undefined) throw damageError({ file: name, offset: 0, what: 'it is gone' });
  const { snapshot } = parseSnapshot(bytes, { chainId, ...active });
  const later = new Set(since.map((id) => id.toString('hex')));
  const last = snapshot.writers.filter(
    ({ writerId }) => !later.has(Buffer.from(writerId).toString('hex')),
  );
  return new Set(last.map(({ lastCommit }) => toNumber(lastCommit, 'a commit')));
}
