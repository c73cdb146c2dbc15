import { join } from 'node:path';
import { sha256 } from '../crypto/index.ts';
import { readWhole } from './durable-files.ts';
import { manifestName, parseSegmentName } from './layout.ts';
import type { Storage } from './storage.ts';

/** A text that is another one when a server has written to a chain's log. */
export async function logMark(storage: Storage, folder: string): Promise<string> {
  const manifest = (await readWhole(storage, join(folder, manifestName))) ?? Buffer.alloc(0);
  const last = (await storage.list(folder))
    .filter(({ name }) => parseSegmentName(name) !== undefined)
    .at(-1);
  const entry = last && (await storage.stat(join(folder, last.name)));
  return `${sha256(manifest).toString('hex')} ${last?.name} ${entry?.bytes}`;
}
