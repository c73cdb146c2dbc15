import type { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  type AdmitRule,
  type Batch,
  type Genesis,
  layoutOf,
  layoutStride,
  type ParsedDelegation,
  type RetentionRule,
} from '../event/index.ts';
import { type Act, countsNoMore, requireRoot, signersOfEvent } from './act.ts';
import {
  type Acting,
  actingKeys,
  type BatchChanges,
  type BatchPlace,
  isDelegable,
  noChanges,
  standingFor,
} from './acting.ts';
import { assumePlacement, type Placement } from './assume-placement.ts';
import type { AuthorityFrame, AuthorityRecord } from './authority-record.ts';
import { AuthorityRecording } from './authority-recording.ts';
import { type CountingRules, countingRules, readRuleFor } from './counting-rules.ts';
import { checkScopeOfPath } from './delegation-path.ts';
import { Delegations } from './delegations.ts';
import { isFromServer, serverOf } from './from-server.ts';
import { Horizon } from './horizon.ts';
import { changeKey, changeRoots } from './key-changes.ts';
import { KeyRing } from './key-ring.ts';
import { ObjectTree } from './object-tree.ts';
import { ObjectWriter } from './object-writer.ts';
import { type OwnerRecord, Ownership, ownershipOf } from './ownership.ts';
import { checkSealed, isPlain } from './plain-events.ts';
import { allows, notNamed, notPrivate, refusal } from './rights.ts';
import { actorsOf, keysOfSigners, signersOf } from './signers.ts';
import { type HeldReadRule, latin1, type TreeNode } from './tree-node.ts';
import { takeBackAll, type Undo } from './undo.ts';

const latin1KeyBytes = 16;

/**
 * Who may do what in a chain: its keys, its tree of objects, and the rules. Each event is decided on by the state before it, in
 * the order of the events, and changes the state for those behind it, in its own batch too. See docs/trust.md.
 */
export class Authority {
  readonly keys: KeyRing;
  readonly #delegations: Delegations;
  readonly #tree: ObjectTree;
  readonly #ownership: Ownership;
  readonly #objects: ObjectWriter;
  /** How far back the chain remembers everything. */
  readonly horizon: Horizon;
  /** Rises with each batch that changes anything. */
  changes = 0;
  /** What of the batch that was decided on last has changed anything. */
  lastChanges: BatchChanges = noChanges;

  constructor(record: AuthorityRecord) {
    this.keys = new KeyRing(record.keys);
    this.#delegations = new Delegations(record.delegations);
    this.#tree = new ObjectTree(record);
    this.#ownership = new Ownership(record);
    this.horizon = new Horizon(record.horizon);
    this.#objects = new ObjectWriter(this.#tree, {
      mayWrite: (act, node) => this.#mayWrite(act, node),
      mayAdd: (act, parent) => this.#mayAdd(act, parent),
      refused: (act, node, verb) => this.#refused(act, node, verb),
    });
  }

  /** Of a chain that has just begun. */
  static of(genesis: Genesis): Authority {
    const { roots, answer, isConfidential = false, isPrivate = false } = genesis;
    const others = answer?.writers ?? [];
    const writers = others.map(({ fingerprintHex }) => fingerprintHex);
    return new Authority({
      ...{ isConfidential, isPrivate, rootRules: {}, nodes: [], delegations: [] },
      keys: { roots, others, changed: [], writers },
      ...ownershipOf(genesis),
    });
  }

  /** As plain data. */
  record(): AuthorityRecord {
    return { ...this.#frame(), ...this.#tree.record() };
  }

  /** Begin to serialise it as it is now. What was begun before is completed. */
  beginRecording(): AuthorityRecording {
    return new AuthorityRecording(this.#frame(), this.#tree.beginRecording());
  }

  #frame(): AuthorityFrame {
    const delegations = this.#delegations.record();
    const ownership = this.#ownership.record();
    const { record: horizon } = this.horizon;
    const keys = this.keys.record();
    return { keys, delegations, ...this.#tree.frame(), ...ownership, horizon };
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

  /** For how long the data of its events is kept; undefined: for ever. */
  get retention(): RetentionRule | undefined {
    return this.#tree.retention;
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
   * good by `checkBatch`, its signers' keys by `keysOfSigners`, and the delegations that it shows by `verifyDelegations`.
   *
   * @param at.timeUnixMs of its commit, by which delegations count.
   * @param at.chainKey that delegations must name.
   * @returns how to take it back.
   * @throws AtedbError KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, DELEGATION_EXPIRED,
   * DELEGATION_OUT_OF_SCOPE, TOO_MANY_DELEGATIONS, SNAPSHOT_INVALID, naming the event where it is about one: AUTH_ANSWER_INVALID
   * likewise; AUTH_ANSWER_EXPIRED, OWNER_REMOVED: nothing has changed.
   */
  decide(batch: Batch, at: BatchPlace): Undo {
    const undo: Undo = [];
    try {
      if (isFromServer(batch)) {
        this.#ownership.decide(batch, at.timeUnixMs, this.keys, undo);
        this.changes += 1;
        this.lastChanges = { bySeal: true, byEvents: [], retention: this.retention };
        return undo;
      }
      this.#ownership.checkTakes(at.timeUnixMs);
      for (const key of batch.sealKeys()) this.keys.add(key, undo);
      this.#learnDelegations(batch.delegations(), at, undo);
      const writer = this.#standing([batch.seal.fingerprintHex], at.timeUnixMs);
      const bySeal = undo.length > 0;
      const byEvents: number[] = [];
      let mayWriteRoot: boolean | undefined;
      for (let index = 0; index < batch.count; index += 1) {
        // It changed nothing, and whoever says so has signed that.
        if (batch.isGone(index)) continue;
        mayWriteRoot ??= this.#counts(writer) && this.#mayWrite(writer, this.#tree.root);
        // Nearly all events of most chains: what follows decides the same of them, and takes longer.
        if (mayWriteRoot && isPlain(batch, index, this.#tree)) continue;
        const before = undo.length;
        this.#decideEvent(batch, index, at, undo);
        if (undo.length > before) byEvents.push(index);
        mayWriteRoot = undefined;
      }
      if (undo.length > 0) this.changes += 1;
      this.lastChanges = { bySeal, byEvents, retention: this.retention };
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
    this.checkNamed(signers, batch.delegations());
    return keysOfSigners(batch, signers, this.keys);
  }

  /**
   * Refuse keys, in hexadecimal, that no rule of the chain allows anything.
   *
   * @param shown delegations that they show, whatever those say.
   * @throws AtedbError KEY_NOT_ALLOWED.
   */
  checkNamed(actors: readonly string[], shown: readonly ParsedDelegation[] = []): void {
    const given = actors.flatMap((actor) => this.#delegations.givenBy(actor));
    const claimed = [...actors, ...given, ...shown.slice(0, 1).map(({ issuerHex }) => issuerHex)];
    const isNamed = claimed.some(
      (actor) => this.keys.isChanged(actor) || this.#hasRight(actor) || this.#tree.namesEveryone,
    );
    if (!isNamed) throw this.#notNamed(actors);
  }

  /** Whether a root, or a key that a rule names and not only everyone, is among keys in hexadecimal. */
  isAnyNamed(actors: readonly string[]): boolean {
    return actors.some((actor) => this.#hasRight(actor));
  }

  #notNamed(actors: readonly string[]): AtedbError {
    return notNamed(actors, { keys: this.keys, owner: this.owner?.owner });
  }

  /** Whether a key, in hexadecimal, is a root, or a rule names it: not only everyone. */
  #hasRight(actor: string): boolean {
    return (
      this.#ownsRoot(actor) ||
      this.keys.namesOf(actor).some((name) => this.#tree.isNamed(name)) ||
      // Who was let in may give its key up.
      (this.#tree.isPrivate && this.admits(actor))
    );
  }

  /** Know the delegations that a seal shows. */
  #learnDelegations(path: readonly ParsedDelegation[], at: BatchPlace, undo: Undo): void {
    const [first] = path;
    if (first === undefined) return;
    const { issuerHex } = first;
    checkScopeOfPath(path, at.chainKey);
    if (this.keys.isChanged(issuerHex) || !this.#hasRight(issuerHex)) {
      throw this.#notNamed([issuerHex]);
    }
    this.#delegations.learn(path, at.timeUnixMs, this.keys, undo);
  }

  #standing(actors: readonly string[], timeUnixMs: number): Acting {
    return standingFor(actors, timeUnixMs, { delegations: this.#delegations, keys: this.keys });
  }

  /**
   * Whether a key, in hexadecimal, may write an object as things are, or make it.
   *
   * @param where.parent where it is to be made, its key being made from that one; undefined: by a right to the root of the chain alone.
   * @param where.timeUnixMs by which delegations count.
   */
  mayWriteObject(
    actor: string,
    key: Buffer,
    {
      parent,
      timeUnixMs,
    }: { parent?: { key: Buffer | undefined } | undefined; timeUnixMs: number },
  ): boolean {
    const act = this.#standing([actor], timeUnixMs);
    if (!this.#counts(act)) return false;
    const node = this.#tree.find(latin1(key)) ?? this.#tree.root;
    if (this.#mayWrite(act, node)) return true;
    if (node !== this.#tree.root || parent === undefined) return false;
    const above = parent.key === undefined ? node : this.#tree.find(latin1(parent.key));
    return above?.isLive === true && this.#mayAdd(act, above);
  }

  #decideEvent(batch: Batch, index: number, place: BatchPlace, undo: Undo): void {
    const { layout, bytes } = batch;
    const at = index * layoutStride;
    const keyStart = layout[at + layoutOf.keyStart] as number;
    const parentStart = layout[at + layoutOf.parentStart] as number;
    const name = (start: number) => bytes.toString('latin1', start, start + latin1KeyBytes);
    const actors = actorsOf(batch, index);
    const delegableAtMs = isDelegable(batch, index) ? place.timeUnixMs : undefined;
    const acting =
      delegableAtMs === undefined
        ? { actors, standsFor: [] }
        : this.#standing(actors, delegableAtMs);
    const act: Act = {
      index,
      key: keyStart === 0 ? '' : name(keyStart),
      keyBytes: bytes.subarray(keyStart, keyStart + latin1KeyBytes),
      parent: parentStart === 0 ? undefined : name(parentStart),
      said: batch.authorityOf(index),
      ...acting,
      delegableAtMs,
    };
    const kind = batch.kindOf(index);
    // An event before it, in this batch too, may have ended them.
    for (const signer of signersOfEvent(act)) {
      if (this.keys.isChanged(signer)) throw countsNoMore(act, signer);
    }
    for (const key of act.said.publicKeys ?? []) this.keys.add(key, undo);
    const rights = { keys: this.keys, delegations: this.#delegations };
    if (kind === 'key_change') changeKey(act, rights, undo);
    else if (kind === 'roots') changeRoots(act, this.keys, this.owner?.owner, undo);
    else if (kind === 'rules' && keyStart === 0) this.#ruleRoot(act, undo);
    else if (kind === 'tombstone') this.#objects.remove(act, undo);
    else if (kind === 'redaction') this.#requireErasure(act);
    else if (kind === 'snapshot') {
      this.horizon.raise(act, batch, (place.firstSequence ?? 0) + index, this.keys, undo);
    } else {
      const node = this.#objects.write(act, undo);
      if (kind === 'data') checkSealed(batch, index, node, this.#tree);
    }
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

  #mayWrite(act: Acting, node: TreeNode): boolean {
    return allows(this.#tree.writeRuleOf(node).rule, actingKeys(act), this.keys);
  }

  #mayAdd(act: Acting, parent: TreeNode): boolean {
    if (this.#mayWrite(act, parent)) return true;
    return parent.add !== undefined && allows(parent.add, actingKeys(act), this.keys);
  }

  /** Whoever may write an object now, or is a root, may have data of it erased. It changes nothing of who may do what. */
  #requireErasure(act: Act): void {
    if (act.actors.some((actor) => this.keys.isRoot(actor))) return;
    const node = this.#tree.find(act.key) ?? this.#tree.root;
    if (!this.#mayWrite(act, node)) throw this.#refused(act, node, 'redact');
  }

  #refused(act: Act, node: TreeNode, verb: string): AtedbError {
    const found = this.#tree.writeRuleOf(node);
    const rules = [found.rule, ...(node.add === undefined ? [] : [node.add])];
    const late = this.#delegations.lateFor(act, (actors) =>
      rules.some((rule) => allows(rule, actors, this.keys)),
    );
    if (late !== undefined) return late;
    return refusal({ ...act, verb, found, add: node.add, keys: this.keys });
  }
}
