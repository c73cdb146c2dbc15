import { checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  authorisationBytes,
  authoritySnapshotForm,
  parseAuthorisation,
  parsePublicKey,
  publicKeyBytes,
} from '../event/index.ts';
import type { AuthorityFrame, AuthorityRecord } from './authority-record.ts';
import type { KnownDelegation } from './delegations.ts';
import { NodeWriter, noRules } from './node-writer.ts';
import type { OwnerRecord } from './ownership.ts';
import type { NodeRecord } from './tree-node.ts';

/** Serialise who may do what as an AuthoritySnapshot message: the same bytes for the same state. */
export function encodeAuthority(record: AuthorityRecord): Buffer {
  const nodes = new NodeWriter();
  for (const node of record.nodes) nodes.add(node);
  const { before, behind } = encodeFrame(record);
  return Buffer.concat([before, ...nodes.finish(), behind]);
}

/** The message without its objects: what is before them, and what is behind. */
export function encodeFrame(record: AuthorityFrame): { before: Buffer; behind: Buffer } {
  return { before: bytesBefore(record), behind: bytesBehind(record) };
}

function bytesBefore({ keys, rootRules }: AuthorityFrame): Buffer {
  const writer = new FieldWriter();
  for (const root of keys.roots) writer.message(1, publicKeyBytes(root));
  for (const key of keys.others) writer.message(2, publicKeyBytes(key));
  for (const [fingerprint, current] of keys.changed) {
    const changed = new FieldWriter().bytes(1, Buffer.from(fingerprint, 'hex'));
    writer.message(3, changed.bytes(2, Buffer.from(current ?? '', 'hex')).finish());
  }
  const rules = authorisationBytes(rootRules);
  if (rules.length > 0) writer.message(4, rules);
  return writer.finish();
}

function bytesBehind(record: AuthorityFrame): Buffer {
  const { keys, delegations, isConfidential, isPrivate, serverIdentity, owner } = record;
  const writer = new FieldWriter().varint(6, isConfidential ? 1 : 0).varint(7, isPrivate ? 1 : 0);
  if (serverIdentity !== undefined) writer.message(8, publicKeyBytes(serverIdentity));
  if (owner !== undefined) writer.message(9, ownerBytes(owner, keys.writers ?? []));
  writer.varint(10, record.horizon?.size ?? 0).varint(11, record.horizon?.sequence ?? 0);
  for (const delegation of delegations) writer.message(16, delegationBytes(delegation));
  return writer.finish();
}

function ownerBytes(owner: OwnerRecord, writers: readonly string[]): Buffer {
  const bytes = new FieldWriter()
    .string(1, owner.owner)
    .message(2, publicKeyBytes(owner.identity))
    .varint(3, owner.version)
    .varint(4, owner.issuedUnixMs)
    .varint(5, owner.expiresUnixMs);
  for (const writer of writers) bytes.bytes(6, Buffer.from(writer, 'hex'));
  for (const admitted of owner.admitted) bytes.bytes(7, Buffer.from(admitted, 'hex'));
  return bytes
    .varint(8, owner.isUnverified ? 1 : 0)
    .varint(9, owner.isRemoved ? 1 : 0)
    .finish();
}

function delegationBytes(one: KnownDelegation): Buffer {
  return new FieldWriter()
    .bytes(1, Buffer.from(one.subject, 'hex'))
    .bytes(2, Buffer.from(one.issuer, 'hex'))
    .bytes(3, Buffer.from(one.serial, 'hex'))
    .varint(4, one.mayWrite ? 1 : 0)
    .varint(5, one.notBeforeUnixMs)
    .varint(6, one.expiresUnixMs)
    .finish();
}

/**
 * Read what `encodeAuthority` has written.
 *
 * @throws AtedbError NON_CANONICAL, REQUEST_INVALID, UNSUPPORTED where it is anything else.
 */
export function decodeAuthority(bytes: Buffer): AuthorityRecord {
  checkStrict(authoritySnapshotForm, bytes);
  const parts: Buffer[][] = [[], [], [], [], [], []];
  const cursor = new FieldCursor(bytes);
  let isConfidential = false;
  let isPrivate = false;
  let serverIdentity: PublicKey | undefined;
  let owned: ParsedOwner | undefined;
  const delegations: KnownDelegation[] = [];
  const horizon = { size: 0, sequence: 0 };
  while (cursor.next()) {
    if (cursor.field === 6) isConfidential = true;
    else if (cursor.field === 7) isPrivate = true;
    else if (cursor.field === 8) serverIdentity = parsePublicKey(cursor.bytesValue());
    else if (cursor.field === 9) owned = parseOwner(cursor.bytesValue());
    else if (cursor.field === 10) horizon.size = cursor.value;
    else if (cursor.field === 11) horizon.sequence = cursor.value;
    else if (cursor.field === 16) delegations.push(parseDelegationKnown(cursor.bytesValue()));
    else parts[cursor.field]?.push(cursor.bytesValue());
  }
  const [, roots = [], others = [], changed = [], rootRules = [], nodes = []] = parts;
  return {
    keys: {
      roots: roots.map((root) => parsePublicKey(root)),
      others: others.map((key) => parsePublicKey(key)),
      changed: changed.map(parseChanged),
      writers: owned?.writers ?? [],
    },
    serverIdentity,
    owner: owned?.owner,
    delegations,
    horizon: horizon.size === 0 ? undefined : horizon,
    isConfidential,
    isPrivate,
    rootRules: rootRules[0] === undefined ? {} : parseAuthorisation(rootRules[0]),
    nodes: nodes.map(parseNode),
  };
}

interface ParsedOwner {
  readonly owner: OwnerRecord;
  readonly writers: readonly string[];
}

function parseOwner(bytes: Buffer): ParsedOwner {
  const cursor = new FieldCursor(bytes);
  const writers: string[] = [];
  const admitted: string[] = [];
  let owner = '';
  let identity: PublicKey | undefined;
  let version = 0;
  let issuedUnixMs = 0;
  let expiresUnixMs = 0;
  let isUnverified = false;
  let isRemoved = false;
  while (cursor.next()) {
    if (cursor.field === 1) owner = cursor.stringValue();
    else if (cursor.field === 2) identity = parsePublicKey(cursor.bytesValue());
    else if (cursor.field === 3) version = cursor.value;
    else if (cursor.field === 4) issuedUnixMs = cursor.value;
    else if (cursor.field === 5) expiresUnixMs = cursor.value;
    else if (cursor.field === 6) writers.push(cursor.bytesValue().toString('hex'));
    else if (cursor.field === 7) admitted.push(cursor.bytesValue().toString('hex'));
    else if (cursor.field === 8) isUnverified = true;
    else isRemoved = true;
  }
  if (identity === undefined) throw new Error('the strict form has passed it');
  const said = { owner, identity, version, issuedUnixMs, expiresUnixMs };
  return { owner: { ...said, admitted, isUnverified, isRemoved }, writers };
}

function parseChanged(bytes: Buffer): readonly [string, string | undefined] {
  const cursor = new FieldCursor(bytes);
  cursor.next();
  const fingerprint = cursor.bytesValue().toString('hex');
  return [fingerprint, cursor.next() ? cursor.bytesValue().toString('hex') : undefined];
}

function parseDelegationKnown(bytes: Buffer): KnownDelegation {
  const cursor = new FieldCursor(bytes);
  const names = ['', '', '', ''];
  const found = { mayWrite: false, notBeforeUnixMs: 0, expiresUnixMs: 0 };
  while (cursor.next()) {
    if (cursor.field <= 3) names[cursor.field] = cursor.bytesValue().toString('hex');
    else if (cursor.field === 4) found.mayWrite = true;
    else if (cursor.field === 5) found.notBeforeUnixMs = cursor.value;
    else found.expiresUnixMs = cursor.value;
  }
  const [, subject = '', issuer = '', serial = ''] = names;
  return { subject, issuer, serial, ...found };
}

function parseNode(bytes: Buffer): NodeRecord {
  const cursor = new FieldCursor(bytes);
  let key: Buffer = Buffer.alloc(0);
  let parent: Buffer | undefined;
  let rules = noRules;
  let isLive = true;
  let isKept = false;
  while (cursor.next()) {
    if (cursor.field === 1) key = Buffer.from(cursor.bytesValue());
    else if (cursor.field === 2) parent = Buffer.from(cursor.bytesValue());
    else if (cursor.field === 3) rules = parseAuthorisation(cursor.bytesValue());
    else if (cursor.field === 4) isLive = false;
    else isKept = true;
  }
  return { key, parent, rules, isLive, isKept };
}
