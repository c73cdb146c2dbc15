import { expect, test } from 'vitest';
import { naiveRoot } from '../../test/support/naive-tree.ts';
import { leafHash, rootOfHashes } from './index.ts';

test('the root of hashes is that of the tree whose leaves they are', () => {
  const leaves = Array.from({ length: 260 }, (_, index) => Buffer.from(`leaf ${index}`));
  for (const size of [1, 2, 3, 7, 8, 9, 31, 32, 33, 255, 256, 257, 260]) {
    const some = leaves.slice(0, size);
    expect(rootOfHashes(Buffer.concat(some.map(leafHash)))).toEqual(naiveRoot(some));
  }
});
