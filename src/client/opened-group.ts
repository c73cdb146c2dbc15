import {
  type Act,
  type GroupState,
  groupRoles,
  isGroupAct,
  openRole,
  type RoleWrap,
  roleOf,
  type WrappedRole,
} from '../account/index.ts';
import type { KeyPair } from '../crypto/index.ts';

/** A group, as its acts say it, with what a member's key opens of it. */
export interface OpenedGroup {
  readonly state: GroupState;
  /** The server's word: nobody has shown that the name is the group's. */
  readonly isUnverified: boolean;
  /** Key pairs of the roles that the member has, and of those below them, by their names. */
  readonly keys: ReadonlyMap<string, KeyPair>;
  /** Those that roles had before, as far as they were given to the member: they open what was sealed then. */
  readonly retired: readonly KeyPair[];
}

/** The highest role whose key is open, with that key; undefined: none. */
export function highestRole({ keys }: OpenedGroup): { role: string; key: KeyPair } | undefined {
  const role = [...groupRoles, ...keys.keys()].find((name) => keys.has(name));
  const key = role === undefined ? undefined : keys.get(role);
  return role === undefined || key === undefined ? undefined : { role, key };
}

/**
 * Open what a member's keys open: from acts that were verified.
 *
 * @param own the member's key, and those before it.
 */
export function openGroup(
  state: GroupState,
  acts: readonly Act[],
  own: readonly KeyPair[],
): Pick<OpenedGroup, 'keys' | 'retired'> {
  const opened = new Map(own.map((key) => [key.publicKey.fingerprintHex, key]));
  let closed = wrapsIn(acts);
  // A role's secret may be wrapped for that of another one, so each that opens may open more.
  for (let isMore = true; isMore; ) {
    isMore = false;
    closed = closed.filter(({ role, wrap }) => {
      if (opened.has(role.key.fingerprintHex)) return false;
      const recipient = opened.get(wrap.recipient.toString('hex'));
      const key = recipient && openRole(role, wrap, recipient);
      if (key === undefined) return recipient === undefined;
      opened.set(key.publicKey.fingerprintHex, key);
      isMore = true;
      return false;
    });
  }
  const keys = new Map<string, KeyPair>();
  for (const { name } of state.roles) {
    const key = opened.get(roleOf(state, name).key.fingerprintHex);
    if (key !== undefined) keys.set(name, key);
  }
  const current = new Set([...own, ...keys.values()]);
  return { keys, retired: [...opened.values()].filter((key) => !current.has(key)) };
}

/** All secrets of roles that were ever wrapped, each with whose it is. */
function wrapsIn(acts: readonly Act[]): { role: WrappedRole; wrap: RoleWrap }[] {
  const current = new Map<string, WrappedRole['key']>();
  const found: { role: WrappedRole; wrap: RoleWrap }[] = [];
  for (const { account: group, change } of acts) {
    if (!isGroupAct(change) || change.kind === 'group_removal') continue;
    for (const { name, key = current.get(name), wraps } of change.roles) {
      // Verified acts give each role a key.
      if (key === undefined) continue;
      current.set(name, key);
      for (const wrap of wraps) found.push({ role: { group, role: name, key }, wrap });
    }
  }
  return found;
}
