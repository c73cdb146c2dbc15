import { AtedbError, FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';
import { parseRedaction, type Redaction, redactionBytes } from './redaction.ts';
import { parseRetention, type RetentionRule, retentionBytes } from './retention.ts';
import { parseSnapshot, type Snapshot, snapshotBytes } from './snapshot.ts';

/** Who may add children to an object. Fingerprints are 32 bytes, sorted, once each; 1 to 16. */
export type AddRule =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'any_of'; readonly fingerprints: readonly Buffer[] };

/** Who may write an object. */
export type WriteRule = AddRule | { readonly kind: 'inherit' };

/** Whether an object's data is sealed, and with which read key; its id is 32 bytes. */
export type ReadRule =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'read_key'; readonly readKeyId: Buffer }
  | { readonly kind: 'inherit' };

/** Who may open a private chain besides. Fingerprints are 32 bytes, sorted, once each; at most 1,024. */
export type AdmitRule = readonly Buffer[];

/** The rules that an event sets. What is absent stays as it is. */
export interface Authorisation {
  readonly write?: WriteRule | undefined;
  readonly add?: AddRule | undefined;
  readonly read?: ReadRule | undefined;
  /** At the root of a private chain alone. */
  readonly admit?: AdmitRule | undefined;
  /** At the root of the chain alone. */
  readonly retain?: RetentionRule | undefined;
}

/** What seals an event's data; 32 bytes each. */
export interface Confidentiality {
  readonly readKeyId: Buffer;
  readonly random: Buffer;
  readonly commitment: Buffer;
}

/** A read key for one reader. */
export interface WrappedKey {
  /** 32 bytes. */
  readonly readKeyId: Buffer;
  /** Fingerprint of the reader's key; 32 bytes. */
  readonly recipient: Buffer;
  /** The key, sealed for the recipient. */
  readonly wrapped: Buffer;
}

/** A key that counts no more. */
export interface KeyChange {
  /** 32 bytes. */
  readonly fingerprint: Buffer;
  /** Has its place in every rule. */
  readonly successor?: PublicKey | undefined;
}

/** What an event says of rights and keys. */
export interface EventAuthority {
  readonly authorisation?: Authorisation | undefined;
  /** At most 16. */
  readonly publicKeys?: readonly PublicKey[] | undefined;
  /** At most 32. */
  readonly wrappedKeys?: readonly WrappedKey[] | undefined;
  /** Fingerprints of keys that sign besides the writer's, sorted, once each; at most 15. */
  readonly signWith?: readonly Buffer[] | undefined;
  /** Fingerprint; 32 bytes. */
  readonly author?: Buffer | undefined;
  /** Whether the object goes to another parent than it has. */
  readonly moves?: boolean | undefined;
  /** The chain's roots from now on, sorted by fingerprint, once each. */
  readonly roots?: readonly PublicKey[] | undefined;
  readonly keyChange?: KeyChange | undefined;
  /** What the primary key is made from, with the parent; 16 bytes. */
  readonly label?: Buffer | undefined;
  /** An AuthAnswer message, as the auth service has signed it; see `parseAuthAnswer`. */
  readonly authAnswer?: Buffer | undefined;
  /** An IdentityRotation message; see `parseIdentityRotation`. */
  readonly serverIdentity?: Buffer | undefined;
  /** What may be gone from now on. */
  readonly snapshot?: Snapshot | undefined;
  /** Which events' data is erased. */
  readonly redaction?: Redaction | undefined;
}

/** Numbers of the fields in EventHeader. */
export const authorityFields = {
  authorisation: 6,
  confidentiality: 7,
  publicKeys: 8,
  wrappedKeys: 9,
  signWith: 10,
  author: 11,
  moves: 16,
  roots: 17,
  keyChange: 18,
  label: 19,
  authAnswer: 20,
  serverIdentity: 21,
  snapshot: 22,
  redaction: 23,
} as const;

const ruleFields = { everyone: 1, nobody: 2, anyOf: 3, inherit: 4 } as const;
const readRuleFields = { everyone: 1, readKeyId: 2, inherit: 3 } as const;
const nothing = Buffer.alloc(0);

function writeRuleBytes(rule: WriteRule): Buffer {
  const writer = new FieldWriter();
  switch (rule.kind) {
    case 'everyone':
      return writer.message(ruleFields.everyone, nothing).finish();
    case 'nobody':
      return writer.message(ruleFields.nobody, nothing).finish();
    case 'inherit':
      return writer.message(ruleFields.inherit, nothing).finish();
    case 'any_of':
      return writer.message(ruleFields.anyOf, fingerprintsBytes(rule.fingerprints)).finish();
  }
}

function fingerprintsBytes(fingerprints: readonly Buffer[]): Buffer {
  const list = new FieldWriter();
  for (const fingerprint of fingerprints) list.bytes(1, fingerprint);
  return list.finish();
}

function readRuleBytes(rule: ReadRule): Buffer {
  const writer = new FieldWriter();
  if (rule.kind === 'everyone') return writer.message(readRuleFields.everyone, nothing).finish();
  if (rule.kind === 'inherit') return writer.message(readRuleFields.inherit, nothing).finish();
  return writer.bytes(readRuleFields.readKeyId, rule.readKeyId).finish();
}

/** Serialise rules. */
export function authorisationBytes({ write, add, read, admit, retain }: Authorisation): Buffer {
  const writer = new FieldWriter();
  if (write !== undefined) writer.message(1, writeRuleBytes(write));
  if (add !== undefined) writer.message(2, writeRuleBytes(add));
  if (read !== undefined) writer.message(3, readRuleBytes(read));
  if (admit !== undefined) writer.message(4, fingerprintsBytes(admit));
  if (retain !== undefined) writer.message(5, retentionBytes(retain));
  return writer.finish();
}

/** Write the fields of an event's authority that come before its type: 6 to 11. */
export function writeEarlyAuthority(
  header: FieldWriter,
  authority: EventAuthority,
  confidentiality: Confidentiality | undefined,
): void {
  const { authorisation, publicKeys = [], wrappedKeys = [], signWith = [], author } = authority;
  if (authorisation !== undefined) {
    header.message(authorityFields.authorisation, authorisationBytes(authorisation));
  }
  if (confidentiality !== undefined) {
    const { readKeyId, random, commitment } = confidentiality;
    const bytes = new FieldWriter().bytes(1, readKeyId).bytes(2, random).bytes(3, commitment);
    header.message(authorityFields.confidentiality, bytes.finish());
  }
  for (const key of publicKeys) header.message(authorityFields.publicKeys, publicKeyBytes(key));
  for (const { readKeyId, recipient, wrapped } of wrappedKeys) {
    const bytes = new FieldWriter().bytes(1, readKeyId).bytes(2, recipient).bytes(3, wrapped);
    header.message(authorityFields.wrappedKeys, bytes.finish());
  }
  for (const fingerprint of signWith) header.bytes(authorityFields.signWith, fingerprint);
  header.bytes(authorityFields.author, author);
}

/** Write the fields of an event's authority that come after its time: 16 to 23. */
export function writeLateAuthority(header: FieldWriter, authority: EventAuthority): void {
  const {
    moves = false,
    roots,
    keyChange,
    label,
    authAnswer,
    serverIdentity,
    snapshot,
    redaction,
  } = authority;
  header.varint(authorityFields.moves, moves ? 1 : 0);
  if (roots !== undefined) {
    const bytes = new FieldWriter();
    for (const root of roots) bytes.message(1, publicKeyBytes(root));
    header.message(authorityFields.roots, bytes.finish());
  }
  if (keyChange !== undefined) {
    const { fingerprint, successor } = keyChange;
    const bytes = new FieldWriter().bytes(1, fingerprint);
    if (successor !== undefined) bytes.message(2, publicKeyBytes(successor));
    header.message(authorityFields.keyChange, bytes.finish());
  }
  header.bytes(authorityFields.label, label);
  header.bytes(authorityFields.authAnswer, authAnswer);
  header.bytes(authorityFields.serverIdentity, serverIdentity);
  if (snapshot !== undefined) header.message(authorityFields.snapshot, snapshotBytes(snapshot));
  if (redaction !== undefined) header.message(authorityFields.redaction, redactionBytes(redaction));
}

/**
 * Read what a header, which is in the strict form, says of rights and keys. Buffers are slices of it.
 *
 * @throws AtedbError UNSUPPORTED, REQUEST_INVALID for a public key that is none; BATCH_INVALID where what must be sorted isn't.
 */
export function readAuthority(headerBytes: Buffer): EventAuthority {
  const cursor = new FieldCursor(headerBytes);
  let authorisation: Authorisation | undefined;
  const publicKeys: PublicKey[] = [];
  const wrappedKeys: WrappedKey[] = [];
  const signWith: Buffer[] = [];
  let author: Buffer | undefined;
  let moves = false;
  let roots: PublicKey[] | undefined;
  let keyChange: KeyChange | undefined;
  let label: Buffer | undefined;
  let authAnswer: Buffer | undefined;
  let serverIdentity: Buffer | undefined;
  let snapshot: Snapshot | undefined;
  let redaction: Redaction | undefined;
  while (cursor.next()) {
    switch (cursor.field) {
      case authorityFields.authorisation:
        authorisation = parseAuthorisation(cursor.bytesValue());
        break;
      case authorityFields.publicKeys:
        publicKeys.push(parsePublicKey(cursor.bytesValue()));
        break;
      case authorityFields.wrappedKeys:
        wrappedKeys.push(parseWrappedKey(cursor.bytesValue()));
        break;
      case authorityFields.signWith:
        signWith.push(cursor.bytesValue());
        break;
      case authorityFields.author:
        author = cursor.bytesValue();
        break;
      case authorityFields.moves:
        moves = cursor.value === 1;
        break;
      case authorityFields.roots:
        roots = parseRoots(cursor.bytesValue());
        break;
      case authorityFields.keyChange:
        keyChange = parseKeyChange(cursor.bytesValue());
        break;
      case authorityFields.label:
        label = cursor.bytesValue();
        break;
      case authorityFields.authAnswer:
        authAnswer = cursor.bytesValue();
        break;
      case authorityFields.serverIdentity:
        serverIdentity = cursor.bytesValue();
        break;
      case authorityFields.snapshot:
        snapshot = parseSnapshot(cursor.bytesValue());
        break;
      case authorityFields.redaction:
        redaction = redactionOf(cursor.bytesValue());
        break;
    }
  }
  checkSorted('the keys that sign with the writer', signWith);
  return {
    authorisation,
    publicKeys,
    wrappedKeys,
    signWith,
    author,
    moves,
    roots,
    keyChange,
    label,
    authAnswer,
    serverIdentity,
    snapshot,
    redaction,
  };
}

function redactionOf(bytes: Buffer): Redaction {
  const redaction = parseRedaction(bytes);
  if (redaction !== undefined) return redaction;
  throw new AtedbError(
    'BATCH_INVALID',
    'a redaction names sequences, which ascend, or the one that they are all below, and not both',
  );
}

/** Read what seals the data of an event from its header; undefined where it is in clear. */
export function readConfidentiality(headerBytes: Buffer): Confidentiality | undefined {
  const cursor = new FieldCursor(headerBytes);
  while (cursor.next()) {
    if (cursor.field === authorityFields.confidentiality) {
      const [readKeyId, random, commitment] = bytesFields(cursor.bytesValue());
      return { readKeyId, random, commitment } as Confidentiality;
    }
  }
  return undefined;
}

/** Read rules, which are in the strict form. */
export function parseAuthorisation(bytes: Buffer): Authorisation {
  const cursor = new FieldCursor(bytes);
  let write: WriteRule | undefined;
  let add: AddRule | undefined;
  let read: ReadRule | undefined;
  let admit: AdmitRule | undefined;
  let retain: RetentionRule | undefined;
  while (cursor.next()) {
    if (cursor.field === 1) write = parseWriteRule(cursor.bytesValue());
    else if (cursor.field === 2) add = parseWriteRule(cursor.bytesValue()) as AddRule;
    else if (cursor.field === 3) read = parseReadRule(cursor.bytesValue());
    else if (cursor.field === 4) admit = parseAdmitRule(cursor.bytesValue());
    else retain = parseRetention(cursor.bytesValue());
  }
  return { write, add, read, admit, retain };
}

function parseWriteRule(bytes: Buffer): WriteRule {
  const cursor = new FieldCursor(bytes);
  cursor.next();
  if (cursor.field === ruleFields.everyone) return { kind: 'everyone' };
  if (cursor.field === ruleFields.nobody) return { kind: 'nobody' };
  if (cursor.field === ruleFields.inherit) return { kind: 'inherit' };
  const fingerprints = bytesFields(cursor.bytesValue());
  checkSorted('the keys of a rule', fingerprints);
  return { kind: 'any_of', fingerprints };
}

function parseAdmitRule(bytes: Buffer): AdmitRule {
  const fingerprints = bytesFields(bytes);
  checkSorted('the keys that are let in', fingerprints);
  return fingerprints;
}

function parseReadRule(bytes: Buffer): ReadRule {
  const cursor = new FieldCursor(bytes);
  cursor.next();
  if (cursor.field === readRuleFields.everyone) return { kind: 'everyone' };
  if (cursor.field === readRuleFields.inherit) return { kind: 'inherit' };
  return { kind: 'read_key', readKeyId: cursor.bytesValue() };
}

function parseWrappedKey(bytes: Buffer): WrappedKey {
  const [readKeyId, recipient, wrapped] = bytesFields(bytes);
  return { readKeyId, recipient, wrapped } as WrappedKey;
}

function parseRoots(bytes: Buffer): PublicKey[] {
  const roots = bytesFields(bytes).map((root) => parsePublicKey(root));
  checkSorted(
    'the roots',
    roots.map((root) => root.fingerprint),
  );
  return roots;
}

function parseKeyChange(bytes: Buffer): KeyChange {
  const [fingerprint, successor] = bytesFields(bytes);
  return {
    fingerprint: fingerprint as Buffer,
    successor: successor && parsePublicKey(successor),
  };
}

/** The contents of all fields of a message that has fields of bytes and messages only. */
function bytesFields(bytes: Buffer): Buffer[] {
  const cursor = new FieldCursor(bytes);
  const values: Buffer[] = [];
  while (cursor.next()) values.push(cursor.bytesValue());
  return values;
}

function checkSorted(what: string, fingerprints: readonly Buffer[]): void {
  fingerprints.forEach((fingerprint, index) => {
    const previous = fingerprints[index - 1];
    if (previous !== undefined && Buffer.compare(previous, fingerprint) >= 0) {
      throw new AtedbError(
        'BATCH_INVALID',
        `${what} are not sorted by fingerprint, once each: ${fingerprint.toString('hex')} is out of place`,
      );
    }
  });
}
