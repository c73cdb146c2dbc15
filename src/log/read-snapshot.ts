import { join } from 'node:path';
import { readWhole } from './durable-files.ts';
import { snapshotName } from './layout.ts';
import { parseSnapshot, type StoredState } from './snapshot-file.ts';
import type { Storage } from './storage.ts';
import type { LogSurvey } from './survey.ts';

/** The snapshot that a surveyed chain's last segment starts from; undefined where there is none that can be used. */
export async function readSnapshot(
  at: { readonly storage: Storage; readonly folder: string },
  { chainId, sound, derived }: LogSurvey,
): Promise<({ file: string } & StoredState) | undefined> {
  const active = sound.at(-1);
  if (active === undefined || active.segment === 0) return undefined;
  const file = snapshotName(active.segment);
  const bytes = derived.includes(file)
    ? undefined
    : await readWhole(at.storage, join(at.folder, file));
  if (bytes === undefined) return undefined;
  return { file, ...parseSnapshot(bytes, { ...active, chainId }) };
}
