import { join } from 'node:path';
import { sha256 } from '../crypto/index.ts';
import { readWhole } from './durable-files.ts';
import { manifestName, parseSegmentName } from './layout.ts';
import { recordBytesMax } from './log-limits.ts';
import type { Storage } from './storage.ts';

/** A text that is another one when a server has written to a chain's log. */
export async function logMark(storage: Storage, folder: string): Promise<string> {
  const path = join(folder, manifestName);
  const size = (await storage.stat(path))?.bytes ?? 0;
  const manifest = size > recordBytesMax ? undefined : await readWhole(storage, path);
  const last = (await storage.list(folder))
    .filter(({ name }) => parseSegmentName(name) !== undefined)
    .at(-1);
  const entry = last && (await storage.stat(join(folder, last.name)));
  const hash = manifest && sha256(manifest).toString('hex');
  return `${size} ${hash} ${last?.name} ${entry?.bytes}`;
}
