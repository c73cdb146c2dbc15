import { join } from 'node:path';
import { randomSecret } from '../crypto/index.ts';
import { replaceFile } from './durable-files.ts';
import { encodeKeys } from './encode-keys.ts';
import type { KeysOf } from './keys-header.ts';
import type { SegmentKeys } from './keys-of-runs.ts';
import { keysName } from './layout.ts';
import type { Storage } from './storage.ts';

/**
 * Make the file of a closed segment's keys, durably. Rejects with what the storage throws.
 *
 * @param keptBytes bytes of data that a compaction has left although they were superseded.
 */
export async function writeKeysFile(
  at: { readonly storage: Storage; readonly folder: string },
  of: KeysOf,
  keys: SegmentKeys,
  keptBytes: number,
): Promise<void> {
  const bytes = await encodeKeys({ ...keys, ...of, keptBytes, filterSalt: randomSecret() });
  await replaceFile(at.storage, join(at.folder, keysName(of.segment, of.generation)), bytes);
}
