import { type AtedbError, treeDepthMax } from '../bytes/index.ts';
import { type Act, requireChildKey } from './act.ts';
import type { ObjectTree } from './object-tree.ts';
import { parentInvalid } from './rights.ts';
import type { TreeNode } from './tree-node.ts';
import type { Undo } from './undo.ts';

/** Who may do what with an object as things are. */
export interface ObjectRights {
  mayWrite(act: Act, node: TreeNode): boolean;
  mayAdd(act: Act, parent: TreeNode): boolean;
  /** The refusal of what an event wanted to do with an object. */
  refused(act: Act, node: TreeNode, verb: string): AtedbError;
}

/** Has objects where events put them, if those may. */
export class ObjectWriter {
  readonly #tree: ObjectTree;
  readonly #rights: ObjectRights;

  constructor(tree: ObjectTree, rights: ObjectRights) {
    this.#tree = tree;
    this.#rights = rights;
  }

  /**
   * Write an object, or have other rules for it.
   *
   * @returns where it is.
   * @throws AtedbError PARENT_INVALID, KEY_NOT_ALLOWED; as `ObjectRights.refused` makes it.
   */
  write(act: Act, undo: Undo): TreeNode {
    const { key, parent, said } = act;
    const known = this.#tree.find(key);
    const node =
      known === undefined ? this.#create(act, undo) : this.#writeKnown(act, known, parent, undo);
    if (said.authorisation === undefined) return node;
    const ruled = node.key === key ? node : this.#tree.insert(key, node, false, undo);
    this.#tree.setRules(ruled, said.authorisation, undo);
    this.#tree.forgetIfPlain(ruled, undo);
    return ruled;
  }

  #writeKnown(act: Act, node: TreeNode, parent: string | undefined, undo: Undo): TreeNode {
    this.#requireWrite(act, node);
    const above = parent ?? '';
    const isThere = (node.parent as TreeNode).key === above;
    if (isThere === (act.said.moves === true)) {
      throw parentInvalid(act.index, isThere ? 'there' : 'elsewhere', node, above);
    }
    if (!isThere) this.#move(act, node, undo);
    else if (this.#tree.depthOf(node) > treeDepthMax) {
      throw parentInvalid(act.index, 'too_deep', node, above);
    }
    this.#tree.revive(node, undo);
    return node;
  }

  #move(act: Act, node: TreeNode, undo: Undo): void {
    const parent = this.#parentFor(act, undo);
    if (!this.#rights.mayAdd(act, parent)) throw this.#rights.refused(act, parent, 'move');
    if (this.#tree.isWithin(parent, node)) {
      throw parentInvalid(act.index, 'cycle', node, parent.key);
    }
    this.#checkDepth(act, parent);
    this.#tree.move(node, parent, undo);
  }

  /** An object that the tree doesn't know: it is new, or at the root of the chain and without rules. */
  #create(act: Act, undo: Undo): TreeNode {
    const { key, said, index } = act;
    const { root } = this.#tree;
    const moves = said.moves === true;
    if (moves && act.parent === undefined) throw parentInvalid(index, 'there', undefined, '');
    if (act.parent === key) throw parentInvalid(index, 'cycle', undefined, key);
    const ownsRoot = this.#rights.mayWrite(act, root);
    if (act.parent === undefined && ownsRoot) return root;
    // It comes from the root then.
    if (moves && !ownsRoot) throw this.#rights.refused(act, root, 'move');
    const parent = this.#parentFor(act, undo);
    if (!this.#rights.mayAdd(act, parent)) throw this.#rights.refused(act, parent, 'write');
    // Whoever has no right to the root has none to the objects that may be there.
    if (!ownsRoot) requireChildKey(act);
    if (said.authorisation !== undefined && !this.#rights.mayWrite(act, parent)) {
      throw this.#rights.refused(act, parent, 'set rules for');
    }
    this.#checkDepth(act, parent);
    return this.#tree.insert(key, parent, parent === root, undo);
  }

  /** The node of the parent that an event names. One that is not known is an object at the root without rules. */
  #parentFor({ parent, index }: Act, undo: Undo): TreeNode {
    if (parent === undefined) return this.#tree.root;
    const node = this.#tree.find(parent);
    if (node === undefined) return this.#tree.insert(parent, this.#tree.root, false, undo);
    if (node.isLive) return node;
    throw parentInvalid(index, 'gone', undefined, parent);
  }

  #checkDepth({ index, parent }: Act, above: TreeNode): void {
    if (this.#tree.depthOf(above) + 1 <= treeDepthMax) return;
    throw parentInvalid(index, 'too_deep', undefined, parent ?? '');
  }

  /** Remove an object. @throws AtedbError as `ObjectRights.refused` makes it. */
  remove(act: Act, undo: Undo): void {
    const node = this.#tree.find(act.key);
    if (node === undefined) {
      const { root } = this.#tree;
      if (!this.#rights.mayWrite(act, root)) throw this.#rights.refused(act, root, 'remove');
      return;
    }
    this.#requireWrite(act, node);
    this.#tree.remove(node, undo);
  }

  #requireWrite(act: Act, node: TreeNode): void {
    if (!this.#rights.mayWrite(act, node)) throw this.#rights.refused(act, node, 'write');
  }
}
