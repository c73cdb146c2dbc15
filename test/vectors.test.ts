import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// The vectors for clients in other languages, by their index. That they are what the project makes now is in vectors.slow.test.ts.

const folder = new URL('./vectors/', import.meta.url);

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
