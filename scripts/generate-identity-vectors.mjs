// Writes docs/identity-vectors.json: rotations of a server's identity, for those who verify them in another language.
import { writeFileSync } from 'node:fs';
import { makeIdentityVectors } from '../test/support/identity-vectors.ts';

const path = new URL('../docs/identity-vectors.json', import.meta.url);
writeFileSync(path, `${JSON.stringify(await makeIdentityVectors(), null, 2)}\n`);
