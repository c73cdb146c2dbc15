import { FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { parsePublicKey, publicKeyBytes } from '../event/index.ts';

/** Who has a role in a group. */
export interface GroupMember {
  /** `name@domain` of the user whose key it is; undefined: no account is named for it. */
  readonly account: string | undefined;
  /** What the role's secret is wrapped for. */
  readonly key: PublicKey;
  /** What an owner signs acts with; undefined: the key. */
  readonly sudoKey: PublicKey | undefined;
}

/** The secret of a role's key, sealed for one who is to have it. */
export interface RoleWrap {
  /** Fingerprint of a key; 32 bytes. */
  readonly recipient: Buffer;
  readonly wrapped: Buffer;
}

/** What is changed of one role. */
export interface RoleChange {
  readonly name: string;
  /** Undefined: it stays. */
  readonly key: PublicKey | undefined;
  readonly added: readonly GroupMember[];
  /** Fingerprints of keys; 32 bytes each, sorted, once each. */
  readonly removed: readonly Buffer[];
  /** Sorted by recipient, once each. */
  readonly wraps: readonly RoleWrap[];
}

/** What an act of a group changes. */
export type GroupAct =
  | { readonly kind: 'group_creation'; readonly roles: readonly RoleChange[] }
  | { readonly kind: 'group_change'; readonly roles: readonly RoleChange[] }
  | { readonly kind: 'group_removal' };

const fields = {
  group_creation: 30,
  group_change: 31,
  group_removal: 32,
} as const satisfies Record<GroupAct['kind'], number>;

/** Whether a change is of a group. */
export function isGroupAct(change: { readonly kind: string }): change is GroupAct {
  return change.kind in fields;
}

/** Whether a field of an act's header is a change of a group. */
export function isGroupField(field: number): boolean {
  return field >= fields.group_creation && field <= fields.group_removal;
}

/** Write a change as the field of an act's header that it is. */
export function writeGroupAct(writer: FieldWriter, change: GroupAct): FieldWriter {
  const bytes = new FieldWriter(8_192);
  if (change.kind !== 'group_removal') {
    for (const role of change.roles) bytes.message(1, roleChangeBytes(role));
  }
  return writer.message(fields[change.kind], bytes.finish());
}

function roleChangeBytes({ name, key, added, removed, wraps }: RoleChange): Buffer {
  const writer = new FieldWriter(8_192).string(1, name);
  if (key !== undefined) writer.message(2, publicKeyBytes(key));
  for (const member of added) writer.message(3, memberBytes(member));
  for (const fingerprint of removed) writer.bytes(4, fingerprint);
  for (const { recipient, wrapped } of wraps) {
    writer.message(5, new FieldWriter().bytes(1, recipient).bytes(2, wrapped).finish());
  }
  return writer.finish();
}

function memberBytes({ account, key, sudoKey }: GroupMember): Buffer {
  const writer = new FieldWriter(8_192).string(1, account ?? '').message(2, publicKeyBytes(key));
  if (sudoKey !== undefined) writer.message(3, publicKeyBytes(sudoKey));
  return writer.finish();
}

/** Read a change, whose bytes are in the strict form. @throws AtedbError REQUEST_INVALID, UNSUPPORTED for its keys. */
export function parseGroupAct(field: number, bytes: Buffer): GroupAct {
  if (field === fields.group_removal) return { kind: 'group_removal' };
  const kind = field === fields.group_creation ? 'group_creation' : 'group_change';
  const roles: RoleChange[] = [];
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) roles.push(parseRoleChange(cursor.bytesValue()));
  return { kind, roles };
}

function parseRoleChange(bytes: Buffer): RoleChange {
  const cursor = new FieldCursor(bytes);
  let name = '';
  let key: PublicKey | undefined;
  const added: GroupMember[] = [];
  const removed: Buffer[] = [];
  const wraps: RoleWrap[] = [];
  while (cursor.next()) {
    if (cursor.field === 1) name = cursor.stringValue();
    else if (cursor.field === 2) key = parsePublicKey(cursor.bytesValue());
    else if (cursor.field === 3) added.push(parseMember(cursor.bytesValue()));
    else if (cursor.field === 4) removed.push(cursor.bytesValue());
    else wraps.push(parseWrap(cursor.bytesValue()));
  }
  return { name, key, added, removed, wraps };
}

function parseMember(bytes: Buffer): GroupMember {
  const cursor = new FieldCursor(bytes);
  let account: string | undefined;
  const keys: (PublicKey | undefined)[] = [];
  while (cursor.next()) {
    if (cursor.field === 1) account = cursor.stringValue();
    else keys[cursor.field - 2] = parsePublicKey(cursor.bytesValue());
  }
  const [key, sudoKey] = keys;
  // The strict form wants a key.
  return { account, key: key as PublicKey, sudoKey };
}

function parseWrap(bytes: Buffer): RoleWrap {
  const cursor = new FieldCursor(bytes);
  const parts: Buffer[] = [];
  while (cursor.next()) parts.push(cursor.bytesValue());
  const [recipient, wrapped] = parts;
  return { recipient: recipient as Buffer, wrapped: wrapped as Buffer };
}
