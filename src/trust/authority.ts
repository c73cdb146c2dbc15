import { type AtedbError, treeDepthMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  type AdmitRule,
  type Batch,
  type Genesis,
  layoutOf,
  layoutStride,
} from '../event/index.ts';
import { type Act, countsNoMore, requireChildKey, requireRoot } from './act.ts';
import { assumePlacement, type Placement } from './assume-placement.ts';
import { checkSealed } from './check-sealed.ts';
import { type CountingRules, countingRules, readRuleFor } from './counting-rules.ts';
import { isFromServer, serverOf } from './from-server.ts';
import { changeKey, changeRoots } from './key-changes.ts';
import { KeyRing, type KeyRingRecord } from './key-ring.ts';
import {
  type HeldReadRule,
  latin1,
  ObjectTree,
  type TreeNode,
  type TreeRecord,
} from './object-tree.ts';
import { type OwnerRecord, Ownership, type OwnershipRecord, ownershipOf } from './ownership.ts';
import { isPlain } from './plain-event.ts';
import { allows, notNamed, notPrivate, parentInvalid, refusal } from './rights.ts';
import { actorsOf, keysOfSigners, signersOf } from './signers.ts';
import { takeBackAll, type Undo } from './undo.ts';

/** Who may do what in a chain, as plain data. */
export interface AuthorityRecord extends TreeRecord, OwnershipRecord {
  readonly keys: KeyRingRecord;
}

const latin1KeyBytes = 16;

/** All keys that sign for an event: those that its right may come from, and its author's. */
function signersOfEvent({ actors, said: { author } }: Act): readonly string[] {
  return author === undefined ? actors : [...actors, author.toString('hex')];
}

function actorOf(batch: Batch): Pick<Act, 'actors'> {
  return { actors: [batch.seal.fingerprintHex] };
}

/**
 * Who may do what in a chain: its keys, its tree of objects, and the rules. Each event is decided on by the state before it, in
 * the order of the events, and changes the state for those behind it, in its own batch too. See docs/trust.md.
 */
export class Authority {
  readonly keys: KeyRing;
  readonly #tree: ObjectTree;
  readonly #ownership: Ownership;
  /** Rises with each batch that changes anything. */
  changes = 0;

  constructor(record: AuthorityRecord) {
    this.keys = new KeyRing(record.keys);
    this.#tree = new ObjectTree(record);
    this.#ownership = new Ownership(record);
  }

  /** Of a chain that has just begun. */
  static of(genesis: Genesis): Authority {
    const { roots, answer, isConfidential = false, isPrivate = false } = genesis;
    const others = answer?.writers ?? [];
    const writers = others.map(({ fingerprintHex }) => fingerprintHex);
    return new Authority({
      ...{ isConfidential, isPrivate, rootRules: {}, nodes: [] },
      keys: { roots, others, changed: [], writers },
      ...ownershipOf(genesis),
    });
  }

  /** As plain data. */
  record(): AuthorityRecord {
    return { keys: this.keys.record(), ...this.#tree.record(), ...this.#ownership.record() };
  }

  /** What the auth service has said last of the owner; undefined in chains without one. */
  get owner(): OwnerRecord | undefined {
    return this.#ownership.owner;
  }

  /** The identity of the server that keeps the chain, as events have it; undefined in distributed chains. */
  get serverIdentity(): PublicKey | undefined {
    return this.#ownership.serverIdentity;
  }

  /** As `Ownership.checkTakes`. */
  checkTakes(timeUnixMs: number): void {
    this.#ownership.checkTakes(timeUnixMs);
  }

  /**
   * Whether a key, in hexadecimal, may open the chain, if it is private: a root, one that a rule of the root of the chain names for writing
   * or adding, or one that it or the auth service lets in besides; or what has replaced one of those.
   */
  admits(fingerprint: string): boolean {
    if (this.keys.isChanged(fingerprint)) return false;
    if (this.#ownsRoot(fingerprint)) return true;
    const isLetIn = (name: string) => this.#tree.isAdmitted(name) || this.#ownership.admits(name);
    return this.keys.namesOf(fingerprint).some(isLetIn);
  }

  /** Whether a key is a root, or may write besides where the root of the chain has no rule for it, and it has none. */
  #ownsRoot(fingerprint: string): boolean {
    const { write } = this.#tree.root;
    return this.keys.isRoot(fingerprint) || (write === undefined && this.keys.isOwner(fingerprint));
  }

  /** Who may open the chain, if it is private, besides roots and those whom rules of the root of the chain name: 32 bytes each. */
  get admitted(): AdmitRule {
    return this.#tree.admitted;
  }

  /** Number of objects that the tree remembers. */
  get objects(): number {
    return this.#tree.size;
  }

  /**
   * The rule for reading that counts for data of an object that is written below a parent now.
   *
   * @param parent that the event names; undefined for none.
   * @param options.inherits whether the event gives up the object's own rule.
   * @returns undefined where there is none yet, so that nothing can be written.
   */
  readRuleFor(
    primaryKey: Buffer,
    parent: Buffer | undefined,
    { inherits = false }: { readonly inherits?: boolean } = {},
  ): HeldReadRule | undefined {
    return readRuleFor(this.#tree, { primaryKey, parent, inherits });
  }

  /**
   * Have an object where an event of one's own puts it, before the chain has decided on the event: for what is sealed behind it.
   *
   * @returns whether that changes anything.
   */
  assume(event: Placement): boolean {
    return assumePlacement(this.#tree, event);
  }

  /**
   * The rules that count for an object now, or without one for the root of the chain.
   *
   * @param parent where the object is, if it is new; undefined for none.
   */
  rulesFor(primaryKey: Buffer | undefined, parent: Buffer | undefined): CountingRules {
    return countingRules(this.#tree, primaryKey, parent);
  }

  /**
   * Decide whether the keys that a batch is from may do what its events do, and have the state after it. The batch itself was found
   * good by `checkBatch`, and its signers' keys by `keysOfSigners`.
   *
   * @param timeUnixMs of its commit: milliseconds since 1970-01-01 UTC.
   * @returns how to take it back.
   * @throws AtedbError KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID,
   * AUTH_ANSWER_INVALID, naming the event; AUTH_ANSWER_EXPIRED, OWNER_REMOVED: nothing has changed.
   */
  decide(batch: Batch, timeUnixMs: number): Undo {
    const undo: Undo = [];
    try {
      if (isFromServer(batch)) {
        this.#ownership.decide(batch, timeUnixMs, this.keys, undo);
        this.changes += 1;
        return undo;
      }
      this.#ownership.checkTakes(timeUnixMs);
      for (const key of batch.sealKeys()) this.keys.add(key, undo);
      const writer = actorOf(batch);
      let mayWriteRoot: boolean | undefined;
      for (let index = 0; index < batch.count; index += 1) {
        mayWriteRoot ??= this.#counts(writer) && this.#mayWrite(writer, this.#tree.root);
        // Nearly all events of most chains: what follows decides the same of them, and takes longer.
        if (mayWriteRoot && isPlain(batch, index, this.#tree)) continue;
        this.#decideEvent(batch, index, undo);
        mayWriteRoot = undefined;
      }
      if (undo.length > 0) this.changes += 1;
      return undo;
    } catch (error) {
      takeBackAll(undo);
      throw error;
    }
  }

  /**
   * Find the keys that a batch is to be signed by, or proven. Looks at no event's right, so that strangers cost little: only
   * at whether any rule of the chain allows them anything.
   *
   * @throws AtedbError KEY_NOT_ALLOWED, KEY_UNKNOWN, KEY_REVOKED, BATCH_INVALID.
   */
  keysOf(batch: Batch): Map<string, PublicKey> {
    if (isFromServer(batch)) {
      const server = serverOf(batch, this.#ownership.serverIdentity);
      return new Map([[server.fingerprintHex, server]]);
    }
    const signers = signersOf(batch);
    this.checkNamed(signers);
    return keysOfSigners(batch, signers, this.keys);
  }

  /** Refuse keys, in hexadecimal, that no rule of the chain allows anything. @throws AtedbError KEY_NOT_ALLOWED. */
  checkNamed(actors: readonly string[]): void {
    const isNamed = actors.some(
      (actor) =>
        this.#ownsRoot(actor) ||
        this.keys.isChanged(actor) ||
        this.keys.namesOf(actor).some((name) => this.#tree.isNamed(name)) ||
        // Who was let in may give its key up.
        (this.#tree.isPrivate && this.admits(actor)),
    );
    if (!isNamed) throw notNamed(actors, this.keys);
  }

  /**
   * Whether a key, in hexadecimal, may write an object as things are, or make it.
   *
   * @param parent where it is to be made, its key being made from that one; undefined: by a right to the root of the chain alone.
   */
  mayWriteObject(actor: string, key: Buffer, parent?: { key: Buffer | undefined }): boolean {
    const act = { actors: [actor] };
    if (!this.#counts(act)) return false;
    const node = this.#tree.find(latin1(key)) ?? this.#tree.root;
    if (this.#mayWrite(act, node)) return true;
    if (node !== this.#tree.root || parent === undefined) return false;
    const above = parent.key === undefined ? node : this.#tree.find(latin1(parent.key));
    return above?.isLive === true && this.#mayAdd(act, above);
  }

  #decideEvent(batch: Batch, index: number, undo: Undo): void {
    const { layout, bytes } = batch;
    const at = index * layoutStride;
    const keyStart = layout[at + layoutOf.keyStart] as number;
    const parentStart = layout[at + layoutOf.parentStart] as number;
    const name = (start: number) => bytes.toString('latin1', start, start + latin1KeyBytes);
    const act: Act = {
      index,
      key: keyStart === 0 ? '' : name(keyStart),
      keyBytes: bytes.subarray(keyStart, keyStart + latin1KeyBytes),
      parent: parentStart === 0 ? undefined : name(parentStart),
      said: batch.authorityOf(index),
      actors: actorsOf(batch, index),
    };
    const kind = batch.kindOf(index);
    // An event before it, in this batch too, may have ended them.
    for (const signer of signersOfEvent(act)) {
      if (this.keys.isChanged(signer)) throw countsNoMore(act, signer);
    }
    this.#learnKeys(act, undo);
    if (kind === 'key_change') changeKey(act, this.keys, undo);
    else if (kind === 'roots') changeRoots(act, this.keys, this.owner?.owner, undo);
    else if (kind === 'rules' && keyStart === 0) this.#ruleRoot(act, undo);
    else if (kind === 'tombstone') this.#remove(act, undo);
    else {
      const node = this.#write(act, undo);
      if (kind === 'data') checkSealed(batch, index, this.#tree.readRuleOf(node));
    }
  }

  #learnKeys({ said }: Act, undo: Undo): void {
    for (const key of said.publicKeys ?? []) this.keys.add(key, undo);
  }

  /** Write an object, or have other rules for it. @returns where it is. */
  #write(act: Act, undo: Undo): TreeNode {
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
    if (!this.#mayAdd(act, parent)) throw this.#refused(act, parent, 'move');
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
    const ownsRoot = this.#mayWrite(act, root);
    if (act.parent === undefined && ownsRoot) return root;
    // It comes from the root then.
    if (moves && !ownsRoot) throw this.#refused(act, root, 'move');
    const parent = this.#parentFor(act, undo);
    if (!this.#mayAdd(act, parent)) throw this.#refused(act, parent, 'write');
    // Whoever has no right to the root has none to the objects that may be there.
    if (!ownsRoot) requireChildKey(act);
    if (said.authorisation !== undefined && !this.#mayWrite(act, parent)) {
      throw this.#refused(act, parent, 'set rules for');
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

  #remove(act: Act, undo: Undo): void {
    const node = this.#tree.find(act.key);
    if (node === undefined) {
      const { root } = this.#tree;
      if (!this.#mayWrite(act, root)) throw this.#refused(act, root, 'remove');
      return;
    }
    this.#requireWrite(act, node);
    this.#tree.remove(node, undo);
  }

  #ruleRoot(act: Act, undo: Undo): void {
    const { root } = this.#tree;
    requireRoot(act, this.keys, 'change the rules of the root of the chain');
    const rules = act.said.authorisation ?? {};
    if (rules.admit !== undefined && !this.#tree.isPrivate) throw notPrivate(act);
    this.#tree.setRules(root, rules, undo);
  }

  #counts({ actors }: Pick<Act, 'actors'>): boolean {
    return !actors.some((actor) => this.keys.isChanged(actor));
  }

  #mayWrite({ actors }: Pick<Act, 'actors'>, node: TreeNode): boolean {
    return allows(this.#tree.writeRuleOf(node).rule, actors, this.keys);
  }

  #mayAdd(act: Pick<Act, 'actors'>, parent: TreeNode): boolean {
    if (this.#mayWrite(act, parent)) return true;
    return parent.add !== undefined && allows(parent.add, act.actors, this.keys);
  }

  #requireWrite(act: Act, node: TreeNode): void {
    if (!this.#mayWrite(act, node)) throw this.#refused(act, node, 'write');
  }

  #refused(act: Act, node: TreeNode, verb: string): AtedbError {
    const found = this.#tree.writeRuleOf(node);
    return refusal({ ...act, verb, found, add: node.add, keys: this.keys });
  }
}
