import { treeDepthMax } from '../bytes/index.ts';
import type { AdmitRule, Authorisation, RetentionRule } from '../event/index.ts';
import { noRules } from './node-writer.ts';
import { RootRules } from './root-rules.ts';
import {
  everyone,
  type HeldReadRule,
  type HeldRule,
  heldReadRule,
  heldRule,
  latin1,
  type MutableNode,
  type NodeRecord,
  namesOf,
  newNode,
  rulesOf,
  storedNode,
  type TreeNode,
} from './tree-node.ts';
import { TreeRecording } from './tree-recording.ts';
import { deleteEntry, setEntry, type Undo } from './undo.ts';

/** The tree as plain data; nodes in any order. */
export interface TreeRecord extends TreeFrame {
  readonly nodes: readonly NodeRecord[];
}

/** The same without its nodes. */
export interface TreeFrame {
  /** Whether data is sealed where no rule for reading says otherwise. */
  readonly isConfidential: boolean;
  /** Whether only those whom rules name may open the chain. */
  readonly isPrivate: boolean;
  readonly rootRules: Authorisation;
}

/** Where a rule was found that counts for an object. */
export interface FoundRule {
  /** Undefined: that of the root of the chain, which has none of its own: its root keys. */
  readonly rule: HeldRule | undefined;
  readonly at: TreeNode;
}

const inClear: HeldReadRule = { kind: 'everyone' };
const tooDeep: HeldRule = { kind: 'nobody' };

/** Who is whose child, and what their rules are. Every change can be taken back. */
export class ObjectTree {
  readonly root: TreeNode;
  readonly #nodes = new Map<string, MutableNode>();
  /** Nodes with a rule for reading, the root too. */
  #readRules = 0;
  /** How often rules for writing and adding name each key, in hexadecimal, and everyone. */
  readonly #named = new Map<string, number>();

  readonly isPrivate: boolean;
  readonly #isConfidential: boolean;
  readonly #rootRules = new RootRules();
  /** The last one that was begun. */
  #recording: TreeRecording | undefined;
  #recordings = 0;

  constructor({ isConfidential, isPrivate, rootRules, nodes }: TreeRecord) {
    this.#isConfidential = isConfidential;
    this.isPrivate = isPrivate;
    this.root = newNode('', undefined);
    this.setRules(this.root, rootRules, []);
    for (const { key, isLive, isKept } of nodes) {
      const node = newNode(latin1(key), this.root);
      node.isLive = isLive;
      node.isKept = isKept;
      this.#nodes.set(node.key, node);
    }
    for (const { key, parent, rules } of nodes) {
      const node = this.#nodes.get(latin1(key)) as MutableNode;
      const above = parent === undefined ? this.root : this.find(latin1(parent));
      if (above === undefined) throw new Error('the parent of a node is missing');
      node.parent = above;
      (above as MutableNode).children += 1;
      if (rules !== noRules) this.setRules(node, rules, []);
    }
  }

  /** As plain data: the same for the same state, however that came about, since nodes are in the order of their keys. */
  record(): TreeRecord {
    const ordered = [...this.#nodes.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return { ...this.frame(), nodes: ordered.map(storedNode) };
  }

  /** The same without its nodes. */
  frame(): TreeFrame {
    return {
      isConfidential: this.#isConfidential,
      isPrivate: this.isPrivate,
      rootRules: { ...rulesOf(this.root), ...this.#rootRules.record() },
    };
  }

  /** Begin to record its nodes as they are now. A recording that is being made is completed first. */
  beginRecording(): TreeRecording {
    this.#recording?.step(Number.POSITIVE_INFINITY);
    this.#recordings += 1;
    (this.root as MutableNode).recorded = this.#recordings;
    this.#recording = new TreeRecording(this.#nodes.values(), this.#recordings);
    return this.#recording;
  }

  /** Number of objects that are remembered. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Whether any object's data is to be sealed. */
  get hasReadRules(): boolean {
    return this.#isConfidential || this.#readRules > 0;
  }

  /** Whether a rule for writing or adding names a key, in hexadecimal. */
  isNamed(fingerprint: string): boolean {
    return this.#named.has(fingerprint);
  }

  /** Whether a rule for writing or adding names everyone. */
  get namesEveryone(): boolean {
    return this.#named.has(everyone);
  }

  /**
   * Whether a rule of the root of the chain names a key, in hexadecimal, or lets it in besides. Rules of objects don't count: they are set
   * by those who may write the object, and who opens the chain is for its roots to say.
   */
  isAdmitted(fingerprint: string): boolean {
    const named = [this.root.write, this.root.add].some((rule) =>
      namesOf(rule).includes(fingerprint),
    );
    return named || this.#rootRules.isAdmitted(fingerprint);
  }

  /** Who may open the chain besides those whom rules of the root of the chain name. */
  get admitted(): AdmitRule {
    return this.#rootRules.admitted;
  }

  /** For how long data is kept; undefined: for ever. */
  get retention(): RetentionRule | undefined {
    return this.#rootRules.retention;
  }

  /** Find an object by its primary key in latin1. */
  find(key: string): TreeNode | undefined {
    return this.#nodes.get(key);
  }

  /** The rule for writing that counts for a node; undefined: that of the root keys. */
  writeRuleOf(node: TreeNode): FoundRule {
    let at = node;
    for (let steps = 0; steps <= treeDepthMax; steps += 1) {
      if (at.write !== undefined || at.parent === undefined) return { rule: at.write, at };
      at = at.parent;
    }
    // Above as many parents as there may be is the root of the chain, or the node is too deep.
    return at.parent === undefined ? { rule: at.write, at } : { rule: tooDeep, at };
  }

  /** The rule for reading that counts for a node; undefined: none does, and nothing may be written in clear or sealed. */
  readRuleOf(node: TreeNode): HeldReadRule | undefined {
    return this.readRuleAt(node)?.read ?? (this.#isConfidential ? undefined : inClear);
  }

  /** The node whose rule for reading counts for a node: itself, or one above it; undefined where none of them has one. */
  readRuleAt(node: TreeNode): TreeNode | undefined {
    if (this.#readRules === 0) return undefined;
    for (let at: TreeNode | undefined = node; at !== undefined; at = at.parent) {
      if (at.read !== undefined) return at;
    }
    return undefined;
  }

  /** Parents between a node and the root of the chain, the root not counted; as far as the limit and one. */
  depthOf(node: TreeNode): number {
    let depth = 0;
    for (let at = node.parent; at?.parent !== undefined; at = at.parent) {
      depth += 1;
      if (depth > treeDepthMax) break;
    }
    return node === this.root ? -1 : depth;
  }

  /** Whether a node is another one, or below it; as far as the limit. */
  isWithin(node: TreeNode, other: TreeNode): boolean {
    let at: TreeNode | undefined = node;
    for (let steps = 0; at !== undefined && steps <= 2 * treeDepthMax; steps += 1) {
      if (at === other) return true;
      at = at.parent;
    }
    // Deeper than anything may be: nothing is put below such a node.
    return at !== undefined;
  }

  /** Remember an object, as a child of a node. */
  insert(key: string, parent: TreeNode, isKept: boolean, undo: Undo): TreeNode {
    const node = newNode(key, parent);
    node.isKept = isKept;
    node.recorded = this.#recordings;
    setEntry(this.#nodes, key, node, undo);
    this.#count(parent, 1, undo);
    return node;
  }

  /** Have the rules that are said; those that aren't stay. */
  setRules(node: TreeNode, rules: Authorisation, undo: Undo): void {
    const { write, add, read } = rules;
    const own = node as MutableNode;
    this.#rootRules.set(rules, undo);
    if (write !== undefined) this.#setRule(own, 'write', heldRule(write), undo);
    if (add !== undefined) {
      this.#setRule(own, 'add', add.kind === 'nobody' ? undefined : heldRule(add), undo);
    }
    if (read === undefined) return;
    const was = own.read;
    const is = heldReadRule(read);
    this.#set(own, 'read', is, undo);
    this.#countReadRules(Number(is !== undefined) - Number(was !== undefined), undo);
  }

  /** Have another parent. */
  move(node: TreeNode, parent: TreeNode, undo: Undo): void {
    const before = node.parent as TreeNode;
    this.#set(node as MutableNode, 'parent', parent, undo);
    // It has come from elsewhere, so what its key was made from says nothing of where it is.
    this.#set(node as MutableNode, 'isKept', true, undo);
    this.#count(parent, 1, undo);
    this.#count(before, -1, undo);
    this.#forgetUnused(before, undo);
  }

  /** It was written: so it is live. */
  revive(node: TreeNode, undo: Undo): void {
    if (!node.isLive) this.#set(node as MutableNode, 'isLive', true, undo);
  }

  /** It is gone; what its children inherit stays, as long as there are any. */
  remove(node: TreeNode, undo: Undo): void {
    this.#set(node as MutableNode, 'isLive', false, undo);
    this.#forgetUnused(node, undo);
  }

  /** Forget a node that nothing depends on any more, and its parents that only it kept. */
  forgetIfPlain(node: TreeNode, undo: Undo): void {
    this.#forgetUnused(node, undo);
  }

  #forgetUnused(node: TreeNode, undo: Undo): void {
    let at: TreeNode = node;
    while (at.parent !== undefined && at.children === 0 && !(at.isLive && isTold(at, this.root))) {
      const { parent } = at;
      const forgotten = at as MutableNode;
      this.#recording?.keep(forgotten);
      deleteEntry(this.#nodes, forgotten.key, undo);
      if (forgotten.read !== undefined) this.#countReadRules(-1, undo);
      this.#countNames(forgotten.write, -1, undo);
      this.#countNames(forgotten.add, -1, undo);
      this.#count(parent, -1, undo);
      at = parent;
    }
  }

  #count(node: TreeNode, by: number, undo: Undo): void {
    this.#set(node as MutableNode, 'children', node.children + by, undo);
  }

  #setRule(
    node: MutableNode,
    which: 'write' | 'add',
    rule: HeldRule | undefined,
    undo: Undo,
  ): void {
    this.#countNames(node[which], -1, undo);
    this.#set(node, which, rule, undo);
    this.#countNames(rule, 1, undo);
  }

  #countNames(rule: HeldRule | undefined, by: number, undo: Undo): void {
    for (const name of namesOf(rule)) {
      const count = (this.#named.get(name) ?? 0) + by;
      if (count === 0) deleteEntry(this.#named, name, undo);
      else setEntry(this.#named, name, count, undo);
    }
  }

  #countReadRules(by: number, undo: Undo): void {
    if (by === 0) return;
    this.#readRules += by;
    undo.push(() => {
      this.#readRules -= by;
    });
  }

  #set<K extends keyof MutableNode>(
    node: MutableNode,
    field: K,
    value: MutableNode[K],
    undo: Undo,
  ): void {
    // How many children it has follows from these.
    if (field !== 'children') this.#recording?.keep(node);
    const before = node[field];
    node[field] = value;
    undo.push(() => {
      node[field] = before;
    });
  }
}

/** Whether a live node is anything but an object at the root without rules. */
function isTold(node: TreeNode, root: TreeNode): boolean {
  const hasRules = node.write !== undefined || node.add !== undefined || node.read !== undefined;
  return node.parent !== root || node.isKept || hasRules;
}
