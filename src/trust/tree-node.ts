import type { AddRule, Authorisation, ReadRule, WriteRule } from '../event/index.ts';
import { noRules, type StoredNode } from './node-writer.ts';

/** Stands among the names of keys, which are hexadecimal. */
export const everyone = 'everyone';

/** A rule for writing or adding, as it is held: keys by the hexadecimal of their fingerprints. */
export type HeldRule =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'any_of'; readonly fingerprints: readonly string[] };

/** A rule for reading, as it is held. */
export type HeldReadRule = Exclude<ReadRule, { readonly kind: 'inherit' }>;

/**
 * An object that the tree remembers: one that has a parent, rules of its own or children, or that didn't come to the root by the
 * right to the root. All others are at the root, have no rules, and are not in the tree.
 */
export interface TreeNode {
  /** The primary key in latin1, a character a byte; empty for the root of the chain. */
  readonly key: string;
  /** Undefined for the root of the chain alone. */
  readonly parent: TreeNode | undefined;
  /** Undefined: as the parent; at the root of the chain: its root keys. */
  readonly write: HeldRule | undefined;
  /** Undefined: nobody else. */
  readonly add: HeldRule | undefined;
  /** Undefined: as the parent; at the root of the chain: in clear. */
  readonly read: HeldReadRule | undefined;
  /** Number of the nodes whose parent it is. */
  readonly children: number;
  /** False: it was removed, and is remembered since it has children. */
  readonly isLive: boolean;
  /** It is remembered also where it has no parent, rules and children. */
  readonly isKept: boolean;
}

/** A node as it is held: as the others see it, and whether it is in the recording that is being made. */
export interface RecordedNode extends TreeNode {
  /** Number of the last recording that it is in, or needn't be in since it came later. */
  recorded: number;
}

export type MutableNode = { -readonly [K in keyof RecordedNode]: RecordedNode[K] };

/** A node as plain data; `parent` is a primary key. */
export type NodeRecord = StoredNode;

/** A primary key as the tree has it. */
export function latin1(key: Buffer): string {
  return key.toString('latin1');
}

/** What is stored of a node. */
export function storedNode(node: TreeNode): NodeRecord {
  const { key, parent, write, add, read, isLive, isKept } = node;
  const isRuled = write !== undefined || add !== undefined || read !== undefined;
  return {
    key: Buffer.from(key, 'latin1'),
    // The root of the chain has an empty key.
    parent: parent?.key ? Buffer.from(parent.key, 'latin1') : undefined,
    rules: isRuled ? rulesOf(node) : noRules,
    isLive,
    isKept,
  };
}

export function rulesOf({ write, add, read }: TreeNode): Authorisation {
  return { write: write && saidRule(write), add: add && saidRule(add), read };
}

export function namesOf(rule: HeldRule | undefined): readonly string[] {
  if (rule === undefined || rule.kind === 'nobody') return [];
  return rule.kind === 'everyone' ? [everyone] : rule.fingerprints;
}

export function heldRule(rule: WriteRule): HeldRule | undefined {
  if (rule.kind === 'inherit') return undefined;
  if (rule.kind !== 'any_of') return rule;
  return { kind: 'any_of', fingerprints: rule.fingerprints.map((key) => key.toString('hex')) };
}

function saidRule(rule: HeldRule): AddRule {
  if (rule.kind !== 'any_of') return rule;
  return { kind: 'any_of', fingerprints: rule.fingerprints.map((key) => Buffer.from(key, 'hex')) };
}

/** Copied, since what was read lies in a whole slice. */
export function heldReadRule(rule: ReadRule): HeldReadRule | undefined {
  if (rule.kind === 'inherit') return undefined;
  return rule.kind === 'everyone'
    ? rule
    : { kind: 'read_key', readKeyId: Buffer.from(rule.readKeyId) };
}

export function newNode(key: string, parent: TreeNode | undefined): MutableNode {
  return {
    key,
    parent,
    write: undefined,
    add: undefined,
    read: undefined,
    children: 0,
    isLive: true,
    isKept: false,
    recorded: 0,
  };
}
