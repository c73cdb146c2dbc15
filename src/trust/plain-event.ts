import { type Batch, layoutOf, layoutStride, writesObject } from '../event/index.ts';
import type { ObjectTree } from './object-tree.ts';

const latin1KeyBytes = 16;

/** Whether an event is about an object at the root of the chain that has no rules and gets none, in clear as it is to be. */
export function isPlain({ layout, bytes }: Batch, index: number, tree: ObjectTree): boolean {
  const at = index * layoutStride;
  if (layout[at + layoutOf.marks] !== 0 || layout[at + layoutOf.parentStart] !== 0) return false;
  if (tree.hasReadRules) return false;
  if (!writesObject(layout[at + layoutOf.kind] as number)) return false;
  if (tree.size === 0) return true;
  const start = layout[at + layoutOf.keyStart] as number;
  return tree.find(bytes.toString('latin1', start, start + latin1KeyBytes)) === undefined;
}
