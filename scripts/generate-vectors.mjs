// Writes test/vectors/atedb-*.json, for clients in all languages: see docs/vectors.md.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeVectorTexts } from '../test/support/vector-files/index.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../test/vectors', import.meta.url));
const texts = await makeVectorTexts('native');
for (const name of readdirSync(folder)) {
  if (name.startsWith('atedb-') && name.endsWith('.json') && !texts.has(name)) {
    rmSync(join(folder, name));
  }
}
for (const [name, text] of texts) writeFileSync(join(folder, name), text);
