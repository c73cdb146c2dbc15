import { join } from 'node:path';
import type { StateSnapshot } from '../../gen/atedb/v1/log_pb.js';
import { readWhole } from './durable-files.ts';
import { snapshotName } from './layout.ts';
import { parseSnapshot } from './snapshot-file.ts';
import type { Storage } from './storage.ts';
import type { LogSurvey } from './survey.ts';

/** The snapshot that a surveyed chain's last segment starts from; undefined where there is none that can be used. */
export async function readSnapshot(
  at: { readonly storage: Storage; readonly folder: string },
  { chainId, sound, derived }: LogSurvey,
): Promise<{ file: string; snapshot: StateSnapshot } | undefined> {
  const active = sound.at(-1);
  if (active === undefined || active.segment === 0) return undefined;
  const file = snapshotName(active.segment);
  const bytes = derived.includes(file)
    ? undefined
    : await readWhole(at.storage, join(at.folder, file));
  if (bytes === undefined) return undefined;
  return { file, snapshot: parseSnapshot(bytes, { ...active, chainId }).snapshot };
}
