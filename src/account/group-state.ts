import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import { actInvalid } from './act-invalid.ts';
import type { GroupAct, GroupMember, RoleChange, RoleWrap } from './group-change.ts';
import { changedKeysMax, groupMembersMax, groupRolesMax } from './limits.ts';
import { checkRoleName, groupRoles, includesRole, roleAbove } from './roles.ts';
import type { ChangedKey, Step } from './user-state.ts';

/** A role of a group, as it is. */
export interface Role {
  readonly name: string;
  readonly key: PublicKey;
  /** Sorted by the fingerprints of their keys. */
  readonly members: readonly GroupMember[];
  /** Sorted by recipient: one for each member, and one for the role above. */
  readonly wraps: readonly RoleWrap[];
}

/** What a group is, after an act. */
export interface GroupState {
  readonly kind: 'group';
  readonly account: Owner;
  /** Of its last act. */
  readonly version: number;
  /** Hash of its last act. 32 bytes. */
  readonly head: Buffer;
  /** Bytes of all of its acts. */
  readonly actsBytes: number;
  /** Sorted by name. */
  readonly roles: readonly Role[];
  /** Keys that count no more, oldest first. */
  readonly changed: readonly ChangedKey[];
  readonly isRemoved: boolean;
}

/** What is read of an act here. */
interface GroupActOf {
  readonly account: Owner;
  readonly version: number;
  readonly hash: Buffer;
  readonly change:
    | GroupAct
    | { readonly kind: 'delegation_revocation'; readonly fingerprint: Buffer };
}

/** What a member signs acts of a group with that owners sign. */
export function actKeyOf({ key, sudoKey }: GroupMember): PublicKey {
  return sudoKey ?? key;
}

/** A role of a group. @throws AtedbError ACT_INVALID where it has none of this name. */
export function roleOf(
  { roles, account }: Pick<GroupState, 'roles' | 'account'>,
  name: string,
): Role {
  const role = roles.find((one) => one.name === name);
  if (role !== undefined) return role;
  throw actInvalid(`the group ${account.text} has no role ${name}`);
}

/** What the first act makes of a group. @throws AtedbError ACT_INVALID, GROUP_LIMIT. */
export function createGroup({ account, version, hash, change }: GroupActOf): Step<GroupState> {
  if (change.kind !== 'group_creation') throw actInvalid('the first act of a group creates it');
  const none = { kind: 'group', account, version, head: hash, actsBytes: 0, changed: [] } as const;
  const state = changeRoles({ ...none, roles: [], isRemoved: false }, change.roles, version);
  for (const name of groupRoles) roleOf(state, name);
  const members = state.roles.flatMap(({ members: all }) => all);
  const [owner] = roleOf(state, 'owner').members;
  if (owner === undefined || members.length !== 1) {
    throw actInvalid('a group is created with one member, who is its owner');
  }
  return { state, oneOf: [], all: [actKeyOf(owner)] };
}

/** What a later act makes of a group. @throws AtedbError ACT_INVALID, GROUP_LIMIT, TOO_MANY_KEYS. */
export function changeGroup(before: GroupState, act: GroupActOf): Step<GroupState> {
  const { change, version, hash } = act;
  const state = { ...before, version, head: hash };
  const owners = roleOf(before, 'owner').members.map(actKeyOf);
  const delegates = roleOf(before, 'delegate').members.map(({ key }) => key);
  switch (change.kind) {
    case 'group_creation':
      throw actInvalid('only the first act of a group creates it');
    case 'group_removal':
      return { state: { ...state, isRemoved: true }, oneOf: owners, all: [] };
    case 'delegation_revocation': {
      const { fingerprint } = change;
      const isOwn = before.roles.some(({ key }) => key.fingerprint.equals(fingerprint));
      if (isOwn || isChanged(before, fingerprint)) {
        throw actInvalid(
          `the key ${fingerprint.toString('hex')} is ${isOwn ? "a role's, which is replaced and not taken back" : 'taken back already'}`,
        );
      }
      const changed = [...before.changed, { fingerprint, version, role: 'delegated' as const }];
      checkCount(changed);
      return { state: { ...state, changed }, oneOf: once([...owners, ...delegates]), all: [] };
    }
    case 'group_change': {
      const isOwners = change.roles.some(({ name }) => name === 'owner' || name === 'delegate');
      const oneOf = isOwners ? owners : [...owners, ...delegates];
      return { state: changeRoles(state, change.roles, version), oneOf: once(oneOf), all: [] };
    }
  }
}

/** The group with some roles changed, all at once. */
function changeRoles(
  before: GroupState,
  changes: readonly RoleChange[],
  version: number,
): GroupState {
  const roles = new Map(before.roles.map((role) => [role.name, role]));
  let last = '';
  for (const change of changes) {
    checkRoleName(change.name);
    if (change.name <= last) throw actInvalid('its roles are not sorted by name, once each');
    last = change.name;
    roles.set(change.name, changedRole(roles.get(change.name), change));
  }
  const sorted = [...roles.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const retired = before.roles.filter(({ name, key }) => roles.get(name)?.key !== key);
  const changed = [
    ...before.changed,
    ...retired.map(({ name, key: { fingerprint } }) => {
      return { fingerprint, version, role: 'group' as const, roleName: name };
    }),
  ];
  const state = { ...before, roles: sorted, changed };
  checkKeys(before, state);
  checkLost(before, state);
  const whole = { ...state, roles: sorted.map((role) => withWraps(role, state)) };
  checkRecipients(whole, changes);
  if (roleOf(whole, 'owner').members.length === 0) {
    throw actInvalid(
      'the group would have no owner left. Give somebody else that role first, or delete the group',
    );
  }
  checkLimits(whole);
  checkCount(changed);
  return whole;
}

function changedRole(role: Role | undefined, change: RoleChange): Role {
  const { name, key = role?.key, added, removed, wraps } = change;
  if (key === undefined) throw actInvalid(`the role ${name} is new, and has no key`);
  checkSorted(`those removed from the role ${name}`, removed);
  checkSorted(
    `the wraps of the role ${name}`,
    wraps.map(({ recipient }) => recipient),
  );
  const gone = new Set(removed.map((one) => one.toString('hex')));
  const members = new Map(
    role?.members.map((member) => [member.key.fingerprintHex, member] as const) ?? [],
  );
  for (const fingerprint of gone) {
    if (!members.delete(fingerprint)) {
      throw actInvalid(`${fingerprint} is removed from the role ${name}, and doesn't have it`);
    }
  }
  for (const member of added) {
    const { key: own } = member;
    if (own.kem === undefined)
      throw actInvalid(`nothing can be encrypted to ${own.fingerprintHex}`);
    if (members.has(own.fingerprintHex)) {
      throw actInvalid(`${own.fingerprintHex} is added to the role ${name}, and has it`);
    }
    members.set(own.fingerprintHex, member);
  }
  const kept = change.key === undefined ? (role?.wraps ?? []) : [];
  const all = new Map([...kept, ...wraps].map((wrap) => [wrap.recipient.toString('hex'), wrap]));
  return {
    name,
    key,
    members: [...members.values()].sort((a, b) => byBytes(a.key.fingerprint, b.key.fingerprint)),
    wraps: [...all.values()],
  };
}

/** New keys of roles were nobody's in the group, so that what a key was for is never unclear. */
function checkKeys(before: GroupState, { roles }: GroupState): void {
  const names = new Set<string>();
  for (const { name, key } of roles) {
    const { fingerprintHex, fingerprint, kem } = key;
    if (names.has(fingerprintHex)) throw actInvalid(`two roles have the key ${fingerprintHex}`);
    names.add(fingerprintHex);
    if (before.roles.some((role) => role.key === key)) continue;
    if (kem === undefined) throw actInvalid(`nothing can be encrypted to the key of ${name}`);
    const wasHad = [
      ...before.roles.map((role) => role.key.fingerprint),
      ...before.changed.map((one) => one.fingerprint),
      ...roles.flatMap(({ members }) => members.map((one) => one.key.fingerprint)),
    ];
    if (!wasHad.some((one) => one.equals(fingerprint))) continue;
    throw actInvalid(`the new key of ${name}, ${fingerprintHex}, is one that the group had before`);
  }
}

/** Whoever could open a role's secret, and can't any more, must not be able to go on with it: it has another key. */
function checkLost(before: GroupState, after: GroupState): void {
  for (const { name, key } of before.roles) {
    if (after.roles.find((role) => role.name === name)?.key !== key) continue;
    const can = new Set(openersOf(after, name));
    const lost = openersOf(before, name).find((fingerprint) => !can.has(fingerprint));
    if (lost === undefined) continue;
    throw actInvalid(
      `the key ${lost} has the secret of the role ${name}, and is to have it no more: so the role gets another key in the same act`,
    );
  }
}

/** Fingerprints, in hexadecimal, of the keys of all who can open a role's secret. */
export function openersOf({ roles }: Pick<GroupState, 'roles'>, name: string): string[] {
  return roles
    .filter((role) => includesRole(role.name, name))
    .flatMap(({ members }) => members.map(({ key }) => key.fingerprintHex));
}

/** The role with the wraps that are wanted after an act. @throws AtedbError ACT_INVALID where one is missing, or is for nobody. */
function withWraps(role: Role, { roles, account }: GroupState): Role {
  const above = roleAbove(role.name);
  const wanted = role.members.map(({ key }) => key.fingerprintHex);
  if (above !== undefined) wanted.push(roleOf({ roles, account }, above).key.fingerprintHex);
  const wraps = new Map(role.wraps.map((wrap) => [wrap.recipient.toString('hex'), wrap]));
  const missing = wanted.find((recipient) => !wraps.has(recipient));
  if (missing !== undefined) {
    throw actInvalid(`the secret of the role ${role.name} is not wrapped for ${missing}`);
  }
  // Those of before that nobody wants any more are gone.
  const kept = [...new Set(wanted)].map((recipient) => wraps.get(recipient) as RoleWrap);
  return { ...role, wraps: kept.sort((a, b) => byBytes(a.recipient, b.recipient)) };
}

/** No act gives a secret to anybody who hasn't the role. */
function checkRecipients(after: GroupState, changes: readonly RoleChange[]): void {
  for (const { name, wraps } of changes) {
    const wanted = new Set(roleOf(after, name).wraps.map((one) => one.recipient.toString('hex')));
    for (const { recipient } of wraps) {
      if (wanted.has(recipient.toString('hex'))) continue;
      throw actInvalid(
        `the secret of the role ${name} is wrapped for ${recipient.toString('hex')}, which has no role that opens it`,
      );
    }
  }
}

function checkLimits({ roles, account }: GroupState): void {
  const members = roles.reduce((sum, role) => sum + role.members.length, 0);
  const tooMany =
    (members > groupMembersMax && `${members} members in all its roles, and ${groupMembersMax}`) ||
    (roles.length > groupRolesMax && `${roles.length} roles, and ${groupRolesMax}`);
  if (!tooMany) return;
  throw new AtedbError(
    'GROUP_LIMIT',
    `the group ${account.text} would have ${tooMany} is the limit`,
    {
      metadata: { account: account.text, limit: tooMany.split(' and ').at(-1) ?? '' },
    },
  );
}

function isChanged({ changed }: GroupState, fingerprint: Buffer): boolean {
  return changed.some((one) => one.fingerprint.equals(fingerprint));
}

function checkCount(changed: readonly ChangedKey[]): void {
  if (changed.length <= changedKeysMax) return;
  throw new AtedbError(
    'TOO_MANY_KEYS',
    `the group has replaced and taken back ${changedKeysMax} keys, which is the limit: nobody can be removed any more`,
    { metadata: { limit: String(changedKeysMax) } },
  );
}

function checkSorted(what: string, fingerprints: readonly Buffer[]): void {
  fingerprints.forEach((fingerprint, index) => {
    const previous = fingerprints[index - 1];
    if (previous !== undefined && byBytes(previous, fingerprint) >= 0) {
      throw actInvalid(`${what} are not sorted, once each`);
    }
  });
}

/** Keys, once each: a signer who is an owner and a delegate is one. */
function once(keys: readonly PublicKey[]): PublicKey[] {
  return [...new Map(keys.map((key) => [key.fingerprintHex, key])).values()];
}

function byBytes(a: Buffer, b: Buffer): number {
  return Buffer.compare(a, b);
}
