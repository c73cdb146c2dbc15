import type { ReadRule } from '../event/index.ts';
import type { ObjectTree } from './object-tree.ts';
import { latin1, type TreeNode } from './tree-node.ts';

/** What an event says of where its object is, and of who reads it. */
export interface Placement {
  readonly kind: 'data' | 'tombstone' | 'rules';
  /** 16 bytes; undefined: the root of the chain, whose rules it sets. */
  readonly primaryKey: Buffer | undefined;
  /** 16 bytes; undefined for none. */
  readonly parent?: Buffer | undefined;
  readonly moves?: boolean | undefined;
  readonly read?: ReadRule | undefined;
}

/**
 * Have an object where an event puts it, and its rule for reading, before the chain has decided on the event. What it may do is not
 * looked at, nor what it says of who writes: it serves to seal what comes behind it.
 *
 * @returns whether that makes anything else of the tree.
 */
export function assumePlacement(tree: ObjectTree, event: Placement): boolean {
  const { kind, primaryKey, parent, moves = false, read } = event;
  if (primaryKey === undefined) return setRead(tree, tree.root, read);
  const key = latin1(primaryKey);
  const known = tree.find(key);
  if (kind === 'tombstone') {
    if (known !== undefined) tree.remove(known, []);
    return known !== undefined;
  }
  const isPlaced = known === undefined ? parent !== undefined : moves || !known.isLive;
  if (isPlaced) place(tree, key, known, parent);
  if (read === undefined) return isPlaced;
  return setRead(tree, tree.find(key) ?? tree.insert(key, tree.root, false, []), read);
}

function place(
  tree: ObjectTree,
  key: string,
  known: TreeNode | undefined,
  parent: Buffer | undefined,
): void {
  const name = parent && latin1(parent);
  const above =
    name === undefined ? tree.root : (tree.find(name) ?? tree.insert(name, tree.root, false, []));
  if (known === undefined) {
    if (name !== key) tree.insert(key, above, false, []);
    return;
  }
  if (known.parent !== above && !tree.isWithin(above, known)) tree.move(known, above, []);
  tree.revive(known, []);
}

function setRead(tree: ObjectTree, node: TreeNode, read: ReadRule | undefined): boolean {
  if (read !== undefined) tree.setRules(node, { read }, []);
  return read !== undefined;
}
