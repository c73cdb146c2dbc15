import { expect, test } from 'vitest';
import { Frontier, leafHash } from '../crypto/index.ts';
import { RecentRoots } from './recent-roots.ts';

const leaf = (index: number) => leafHash(Buffer.from(String(index)));

test.each([0, 1, 45])('has the root of every size from its start at %i on', (start) => {
  const before = new Frontier();
  for (let index = 0; index < start; index += 1) before.append(leaf(index));
  const recent = new RecentRoots(before.clone());
  const expected = [before.root()];
  for (let index = start; index < start + 130; index += 1) {
    recent.append(leaf(index));
    before.append(leaf(index));
    expected.push(before.root());
    expected.forEach((root, place) => {
      expect(recent.rootAt(start + place)).toEqual(root);
    });
    expect(recent.rootAt(start + expected.length)).toBeUndefined();
  }
  if (start > 0) expect(recent.rootAt(start - 1)).toBeUndefined();
});

test('forgets the oldest sizes of a long tree', () => {
  const recent = new RecentRoots(new Frontier());
  const tree = new Frontier();
  let middle = tree.root();
  for (let index = 0; index < 70_000; index += 1) {
    const hash = leaf(index);
    recent.append(hash);
    tree.append(hash);
    if (index + 1 === 30_000) middle = tree.root();
  }
  expect(recent.rootAt(1)).toBeUndefined();
  expect(recent.rootAt(30_000)).toEqual(middle);
  expect(recent.rootAt(70_000)).toEqual(tree.root());
});
