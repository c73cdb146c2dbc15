import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeVectorTexts } from './support/vector-files/index.ts';
import { filePrefix } from './support/vector-files/vector-file.ts';

// That the vectors for clients in other languages are what the project makes now. What they say is held against both
// providers of cryptography in vector-checks.test.ts.

const folder = new URL('./vectors/', import.meta.url);

test('the files are what is made now, byte for byte, and there are no others', async () => {
  const texts = await makeVectorTexts('native');
  const there = readdirSync(folder).filter((name) => name.startsWith(filePrefix));
  expect(there.sort()).toEqual([...texts.keys()].sort());
  for (const [name, text] of texts) {
    const is = readFileSync(new URL(name, folder), 'utf8');
    // Not toBe: of two texts of a megabyte it would print the difference.
    expect(is === text, `${name} differs; run: npm run vectors`).toBe(true);
  }
}, 300_000);
