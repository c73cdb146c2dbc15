// Writes docs/wire-vectors.json, by an implementation of the tunnel that shares nothing with src/.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wireVectorsText } from '../test/support/wire-vectors.ts';

const target =
  process.argv[2] ?? fileURLToPath(new URL('../docs/wire-vectors.json', import.meta.url));
writeFileSync(target, wireVectorsText());
