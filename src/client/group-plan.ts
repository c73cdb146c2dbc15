import {
  type GroupAct,
  type GroupMember,
  type GroupState,
  openersOf,
  type Role,
  type RoleChange,
  roleAbove,
  wrapRole,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair, type PublicKey } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';

/** Who gets a role, and who has it no more. */
export interface RoleEdit {
  readonly role: string;
  readonly added?: readonly GroupMember[] | undefined;
  /** Fingerprints of keys, in hexadecimal. */
  readonly removed?: readonly string[] | undefined;
}

/** What a group is, as far as a change is made of it. */
type Before = Pick<GroupState, 'account' | 'roles'>;

/** The key pairs of roles, as far as they are known here, by the roles' names. */
export type RoleKeys = ReadonlyMap<string, KeyPair>;

/** How a group is created: with new keys for all of these roles. */
export function planCreation(
  account: Owner,
  roles: readonly string[],
  owner: GroupMember,
): GroupAct {
  const edits = roles.map((role) => ({ role, added: role === 'owner' ? [owner] : [] }));
  return { kind: 'group_creation', roles: planRoles({ account, roles: [] }, new Map(), edits) };
}

/**
 * Make the change that an edit of a group takes: whatever somebody can open no more gets another key, wrapped for those who stay.
 *
 * @throws AtedbError GROUP_DENIED where a role's secret isn't known here, and is to be given to somebody; REQUEST_INVALID for an edit that
 * changes nothing, or names somebody who isn't there.
 */
export function planChange(before: Before, keys: RoleKeys, edits: readonly RoleEdit[]): GroupAct {
  return { kind: 'group_change', roles: planRoles(before, keys, edits) };
}

function planRoles(before: Before, keys: RoleKeys, edits: readonly RoleEdit[]): RoleChange[] {
  const members = membersAfter(before, edits);
  const editOf = new Map(edits.map((edit) => [edit.role, edit]));
  const fresh = freshKeys(before, members);
  const publicKey = (role: string): PublicKey | undefined =>
    fresh.get(role)?.publicKey ?? before.roles.find(({ name }) => name === role)?.key;
  const changes: RoleChange[] = [];
  for (const name of [...members.keys()].sort()) {
    const { added = [], removed = [] } = editOf.get(name) ?? {};
    const above = roleAbove(name);
    const isAboveNew = above !== undefined && fresh.has(above);
    const own = fresh.get(name);
    if (own === undefined && added.length + removed.length === 0 && !isAboveNew) continue;
    const aboveKey = above === undefined ? undefined : publicKey(above);
    const all = (members.get(name) ?? []).map(({ key }) => key);
    const wanted = own === undefined ? added.map(({ key }) => key) : all;
    const forAbove = aboveKey !== undefined && (own !== undefined || isAboveNew);
    const recipients = forAbove ? [...wanted, aboveKey] : wanted;
    const secret = own ?? keys.get(name);
    if (secret === undefined && recipients.length > 0) throw notOpened(before.account, name);
    changes.push({
      name,
      key: own?.publicKey,
      added,
      removed: removed.map((one) => Buffer.from(one, 'hex')).sort(Buffer.compare),
      wraps:
        secret === undefined
          ? []
          : wrapRole(secret, { group: before.account, role: name }, recipients),
    });
  }
  return changes;
}

/** Who has which role afterwards. */
function membersAfter(before: Before, edits: readonly RoleEdit[]): Map<string, GroupMember[]> {
  const after = new Map(before.roles.map(({ name, members }) => [name, [...members]]));
  for (const { role, added = [], removed = [] } of edits) {
    const had = after.get(role) ?? [];
    for (const fingerprint of removed) {
      if (had.some(({ key }) => key.fingerprintHex === fingerprint)) continue;
      throw invalid(`${fingerprint} has no role ${role} in the group ${before.account.text}`);
    }
    for (const { key } of added) {
      const isThere = had.some((one) => one.key.fingerprintHex === key.fingerprintHex);
      if (!isThere || removed.includes(key.fingerprintHex)) continue;
      throw invalid(`${key.fingerprintHex} has the role ${role} in ${before.account.text} already`);
    }
    const stay = had.filter(({ key }) => !removed.includes(key.fingerprintHex));
    after.set(role, [...stay, ...added]);
  }
  return after;
}

/** New keys for the roles that are new, and for those that somebody can open no more. */
function freshKeys(before: Before, members: Map<string, GroupMember[]>): Map<string, KeyPair> {
  const roles = [...members].map(([name, all]) => ({ name, members: all }) as unknown as Role);
  const lost = [...members.keys()].filter((name) => {
    if (!before.roles.some((role) => role.name === name)) return true;
    const can = new Set(openersOf({ roles }, name));
    return openersOf(before, name).some((fingerprint) => !can.has(fingerprint));
  });
  return new Map(lost.map((name) => [name, KeyPair.generate()]));
}

function notOpened({ text }: Owner, role: string): AtedbError {
  return new AtedbError(
    'GROUP_DENIED',
    `your key does not open the secret of the role ${role} of the group ${text}, and so can't give it to anybody. Ask an owner, or a delegate`,
    { metadata: { account: text } },
  );
}

function invalid(why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', why, { metadata: { field: 'member' } });
}
