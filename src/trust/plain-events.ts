import {
  type Batch,
  eventMarks,
  layoutOf,
  layoutStride,
  readConfidentiality,
  writesObject,
} from '../event/index.ts';
import type { ObjectTree } from './object-tree.ts';
import { readRuleMismatch } from './rights.ts';
import type { TreeNode } from './tree-node.ts';

const keyBytes = 16;

/** Whether an event is about an object at the root of the chain that has no rules and gets none, in clear as it is to be. */
export function isPlain({ layout, bytes }: Batch, index: number, tree: ObjectTree): boolean {
  const at = index * layoutStride;
  if (layout[at + layoutOf.marks] !== 0 || layout[at + layoutOf.parentStart] !== 0) return false;
  if (tree.hasReadRules) return false;
  if (!writesObject(layout[at + layoutOf.kind] as number)) return false;
  if (tree.size === 0) return true;
  const start = layout[at + layoutOf.keyStart] as number;
  return tree.find(bytes.toString('latin1', start, start + keyBytes)) === undefined;
}

/**
 * The data of an object is sealed as the rule for it after the event says.
 *
 * @throws AtedbError READ_RULE_MISMATCH.
 */
export function checkSealed(batch: Batch, index: number, node: TreeNode, tree: ObjectTree): void {
  const isSealed = (batch.marksOf(index) & eventMarks.sealed) !== 0;
  const due = tree.readRuleOf(node);
  if (due?.kind === 'everyone' && !isSealed) return;
  const is = isSealed ? readConfidentiality(batch.headerOf(index))?.readKeyId : undefined;
  if (due?.kind === 'read_key' && is?.equals(due.readKeyId)) return;
  throw readRuleMismatch(index, due, is);
}
