import type { GroupMember, GroupState, UserState } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import type { RoleEdit } from './group-plan.ts';

/** How a group comes to know a user by the key that the user has now. */
export interface Renewal {
  readonly edits: readonly RoleEdit[];
  /** Roles that the user had under another key, sorted. */
  readonly renewed: readonly string[];
}

/**
 * The edits that give a member its roles, and take them from other keys of the same account: those that it has replaced, since an account has one.
 *
 * @param owner the member as it is as an owner, who signs with the key of sudo.
 * @param role that it is to have besides those that it has; undefined: none.
 */
export function renewal(
  group: Pick<GroupState, 'roles'>,
  owner: GroupMember,
  role?: string,
): Renewal {
  const { account, key } = owner;
  const edits = new Map<string, RoleEdit>();
  const renewed: string[] = [];
  for (const { name, members } of group.roles) {
    const stale = members.filter(
      (one) =>
        account !== undefined &&
        one.account === account &&
        !one.key.fingerprint.equals(key.fingerprint),
    );
    if (stale.length === 0) continue;
    renewed.push(name);
    const isThere = members.some((one) => one.key.fingerprint.equals(key.fingerprint));
    edits.set(name, {
      role: name,
      added: isThere ? [] : [asMember(owner, name)],
      removed: stale.map((one) => one.key.fingerprintHex),
    });
  }
  const had = group.roles.find(({ name }) => name === role)?.members ?? [];
  const isThere = had.some((one) => one.key.fingerprint.equals(key.fingerprint));
  if (role !== undefined && !edits.has(role) && !isThere) {
    edits.set(role, { role, added: [asMember(owner, role)] });
  }
  return { edits: [...edits.values()], renewed };
}

/**
 * Check that an account, as its acts say it, is the one that a group has for a member: that it had the key, and has replaced it. An auth service
 * could else make one up, with a key of its own, and would be given all that the member opens.
 *
 * @param user its acts were verified.
 * @throws AtedbError VERIFICATION_FAILED.
 */
export function checkIsMember(
  { account: group, roles }: Pick<GroupState, 'account' | 'roles'>,
  { account: { text: account }, key: now, changed }: UserState,
): void {
  for (const { key } of roles.flatMap(({ members }) =>
    members.filter((one) => one.account === account),
  )) {
    const { fingerprint, fingerprintHex } = key;
    const hadIt = changed.some((one) => one.role === 'key' && one.fingerprint.equals(fingerprint));
    if (hadIt || now.fingerprint.equals(fingerprint)) continue;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the account ${account} that the server shows has the key ${now.fingerprintHex}, and never had ${fingerprintHex}, by which the group ${group.text} knows it: it is another one, or an older state. Nothing was changed; the server can't be trusted`,
      { metadata: { account, fingerprint: now.fingerprintHex } },
    );
  }
}

/** Members of the other roles sign with their own key. */
function asMember({ account, key, sudoKey }: GroupMember, role: string): GroupMember {
  return { account, key, sudoKey: role === 'owner' ? sudoKey : undefined };
}
