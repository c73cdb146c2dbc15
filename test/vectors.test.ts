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

test('every file says what it is, and no list is empty or longer than it says', () => {
  const { files } = JSON.parse(readFileSync(new URL('atedb-index.json', folder), 'utf8'));
  for (const { name, file, lists } of files) {
    const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    expect(vectors).toMatchObject({ format: 'atedb-vectors', version: 1, name, counts: lists });
    const found = Object.entries(vectors).filter(([, value]) => Array.isArray(value));
    const counts = found.map(([list, cases]) => [list, (cases as unknown[]).length]);
    expect(Object.fromEntries(counts)).toEqual(lists);
    for (const [list, count] of counts) expect(count, `${name}.${list}`).toBeGreaterThan(0);
  }
});
