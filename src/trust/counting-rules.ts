import type { ObjectTree } from './object-tree.ts';
import { type HeldReadRule, type HeldRule, latin1, type TreeNode } from './tree-node.ts';

// Which rules count for an object, as things are: for those who write, and those who ask.

/** The rules that count for an object, and where they were found: a primary key, or undefined for the root of the chain. */
export interface CountingRules {
  /** Where it is. */
  readonly parent: Buffer | undefined;
  /** Undefined: that of the root keys. */
  readonly write: HeldRule | undefined;
  readonly writeAt: Buffer | undefined;
  /** Undefined: nobody besides. */
  readonly add: HeldRule | undefined;
  /** Undefined: there is none yet, so that nothing can be written. */
  readonly read: HeldReadRule | undefined;
  readonly readAt: Buffer | undefined;
}

const noKey = Buffer.alloc(0);

/** An object's primary key; undefined for the root of the chain. */
function keyOf(node: TreeNode | undefined): Buffer | undefined {
  return node === undefined || node.key === '' ? undefined : Buffer.from(node.key, 'latin1');
}

/** See `Authority.readRuleFor`. */
export function readRuleFor(
  tree: ObjectTree,
  of: {
    readonly primaryKey: Buffer;
    readonly parent: Buffer | undefined;
    readonly inherits: boolean;
  },
): HeldReadRule | undefined {
  const { primaryKey, parent, inherits } = of;
  const node = inherits ? undefined : tree.find(latin1(primaryKey));
  // What moves inherits from where it comes to.
  const isThere = node !== undefined && node.parent?.key === latin1(parent ?? noKey);
  if (node !== undefined && (isThere || node.read !== undefined)) {
    return tree.readRuleOf(node);
  }
  const above = parent && tree.find(latin1(parent));
  return tree.readRuleOf(above ?? tree.root);
}

/** See `Authority.rulesFor`. */
export function countingRules(
  tree: ObjectTree,
  primaryKey: Buffer | undefined,
  parent: Buffer | undefined,
): CountingRules {
  const { root } = tree;
  const node = primaryKey === undefined ? root : tree.find(latin1(primaryKey));
  const above = parent && tree.find(latin1(parent));
  const at = node ?? above ?? root;
  const written = tree.writeRuleOf(at);
  const isNew = node === undefined;
  return {
    parent: isNew ? parent : keyOf(node.parent),
    write: written.rule,
    writeAt: keyOf(written.at),
    add: isNew ? undefined : node.add,
    read: tree.readRuleOf(at),
    readAt: keyOf(tree.readRuleAt(at)),
  };
}
