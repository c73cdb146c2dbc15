import { expect, test } from 'vitest';
import { treeDepthMax } from '../bytes/index.ts';
import { ObjectTree } from './object-tree.ts';
import type { TreeNode } from './tree-node.ts';

const empty = { isConfidential: false, isPrivate: false, rootRules: {}, nodes: [] };
const keyOf = (index: number) => String(index).padStart(16, '0');

/** A line of objects, each below the one before. */
function line(tree: ObjectTree, length: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let index = 0; index < length; index += 1) {
    nodes.push(tree.insert(keyOf(index), nodes.at(-1) ?? tree.root, false, []));
  }
  return nodes;
}

test('a tree as deep as moves can make it is stored, read again, and decides in bounded steps', () => {
  const tree = new ObjectTree(empty);
  const nodes = line(tree, 50_000);
  tree.setRules(nodes[0] as TreeNode, { write: { kind: 'everyone' } }, []);
  const again = new ObjectTree(tree.record());
  // To compare objects of that many nodes one by one takes seconds.
  expect(JSON.stringify(again.record()) === JSON.stringify(tree.record())).toBe(true);
  const [near, far] = [again.find(keyOf(64)), again.find(keyOf(65))] as [TreeNode, TreeNode];
  expect(again.writeRuleOf(near).rule).toEqual({ kind: 'everyone' });
  expect(again.writeRuleOf(far).rule).toEqual({ kind: 'nobody' });
  const deepest = again.find(keyOf(49_999)) as TreeNode;
  expect(again.depthOf(deepest)).toBe(65);
  // Nothing is put below it, whatever is above.
  expect(again.isWithin(deepest, near)).toBe(true);
});

test('the rule of the root of the chain counts below as many parents as there may be, and not one more', () => {
  const tree = new ObjectTree(empty);
  const nodes = line(tree, treeDepthMax + 2);
  const [near, far] = nodes.slice(treeDepthMax) as [TreeNode, TreeNode];
  expect([tree.depthOf(near), tree.depthOf(far)]).toEqual([treeDepthMax, treeDepthMax + 1]);
  expect(tree.writeRuleOf(near)).toEqual({ rule: undefined, at: tree.root });
  expect(tree.writeRuleOf(far).rule).toEqual({ kind: 'nobody' });
  tree.setRules(tree.root, { write: { kind: 'everyone' } }, []);
  expect(tree.writeRuleOf(near).rule).toEqual({ kind: 'everyone' });
  expect(tree.writeRuleOf(far).rule).toEqual({ kind: 'nobody' });
});

test('what nothing depends on is forgotten, up to what something else depends on', () => {
  const tree = new ObjectTree(empty);
  const [top, middle, bottom] = line(tree, 3) as [TreeNode, TreeNode, TreeNode];
  tree.remove(middle, []);
  expect(tree.size).toBe(3);
  tree.remove(bottom, []);
  // The middle was kept by its child, and the top, which is at the root without rules, by its own.
  expect(tree.size).toBe(0);
  expect(top.children).toBe(0);
});
