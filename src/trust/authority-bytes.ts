import { checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import {
  authorisationBytes,
  authoritySnapshotForm,
  parseAuthorisation,
  parsePublicKey,
  publicKeyBytes,
} from '../event/index.ts';
import type { AuthorityRecord } from './authority.ts';
import type { NodeRecord } from './object-tree.ts';

/** Serialise who may do what as an AuthoritySnapshot message: the same bytes for the same state. */
export function encodeAuthority(record: AuthorityRecord): Buffer {
  const { keys, isConfidential, isPrivate, rootRules, nodes } = record;
  const writer = new FieldWriter();
  for (const root of keys.roots) writer.message(1, publicKeyBytes(root));
  for (const key of keys.others) writer.message(2, publicKeyBytes(key));
  for (const [fingerprint, current] of keys.changed) {
    const changed = new FieldWriter().bytes(1, Buffer.from(fingerprint, 'hex'));
    writer.message(3, changed.bytes(2, Buffer.from(current ?? '', 'hex')).finish());
  }
  const rules = authorisationBytes(rootRules);
  if (rules.length > 0) writer.message(4, rules);
  for (const node of nodes) writer.message(5, nodeBytes(node));
  return writer
    .varint(6, isConfidential ? 1 : 0)
    .varint(7, isPrivate ? 1 : 0)
    .finish();
}

function nodeBytes({ key, parent, rules, isLive, isKept }: NodeRecord): Buffer {
  const writer = new FieldWriter().bytes(1, key).bytes(2, parent);
  const own = authorisationBytes(rules);
  if (own.length > 0) writer.message(3, own);
  return writer
    .varint(4, isLive ? 0 : 1)
    .varint(5, isKept ? 1 : 0)
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
  while (cursor.next()) {
    if (cursor.field === 6) isConfidential = true;
    else if (cursor.field === 7) isPrivate = true;
    else parts[cursor.field]?.push(cursor.bytesValue());
  }
  const [, roots = [], others = [], changed = [], rootRules = [], nodes = []] = parts;
  return {
    keys: {
      roots: roots.map((root) => parsePublicKey(root)),
      others: others.map((key) => parsePublicKey(key)),
      changed: changed.map(parseChanged),
    },
    isConfidential,
    isPrivate,
    rootRules: rootRules[0] === undefined ? {} : parseAuthorisation(rootRules[0]),
    nodes: nodes.map(parseNode),
  };
}

function parseChanged(bytes: Buffer): readonly [string, string | undefined] {
  const cursor = new FieldCursor(bytes);
  cursor.next();
  const fingerprint = cursor.bytesValue().toString('hex');
  return [fingerprint, cursor.next() ? cursor.bytesValue().toString('hex') : undefined];
}

function parseNode(bytes: Buffer): NodeRecord {
  const cursor = new FieldCursor(bytes);
  let key: Buffer = Buffer.alloc(0);
  let parent: Buffer | undefined;
  let rules = {};
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
