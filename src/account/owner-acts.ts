import { AtedbError } from '../bytes/index.ts';
import type { AccountState } from './account-state.ts';
import type { Act } from './act.ts';
import { actKeyOf, roleOf } from './group-state.ts';
import {
  actsBytesMax,
  actsBytesReserve,
  actsMax,
  actsReserve,
  changedKeysMax,
  changedKeysReserve,
} from './limits.ts';
import { sudoKeyOf } from './user-state.ts';

/**
 * Whether an act is signed by who owns the account, if its signature verifies: a user's key of sudo or recovery, an owner of a group. A few acts
 * may be signed by others, too: by a delegate of the group, or the user's key beside that of sudo.
 */
export function isOwnersAct(before: AccountState, { signatures }: Act): boolean {
  const owners =
    before.kind === 'user'
      ? [sudoKeyOf(before), before.recoveryKey]
      : roleOf(before, 'owner').members.map(actKeyOf);
  return signatures.some((one) => owners.some((key) => key?.fingerprint.equals(one.fingerprint)));
}

/**
 * Refuse an act for which an account has no room left: whoever reads one reads all of its acts, and is told of all keys that were changed. The last
 * of it is the owner's, so that whoever may change something of an account doesn't keep itself from being removed.
 *
 * @throws AtedbError ACCOUNT_LIMIT, TOO_MANY_KEYS.
 */
export function checkRoom(before: AccountState, act: Act, after: AccountState): void {
  const isOwners = isOwnersAct(before, act);
  const account = act.account.text;
  const whose = isOwners ? '' : '; what is left is for the owner of the account';
  const refuse = (reason: 'ACCOUNT_LIMIT' | 'TOO_MANY_KEYS', limit: number, what: string) => {
    return new AtedbError(reason, `the account ${account} has ${what} at most${whose}`, {
      metadata: { account, limit: String(limit) },
    });
  };
  const acts = actsMax - (isOwners ? 0 : actsReserve);
  if (act.version >= acts) throw refuse('ACCOUNT_LIMIT', acts, `${acts} acts`);
  const bytes = actsBytesMax - (isOwners ? 0 : actsBytesReserve);
  if (after.actsBytes > bytes) throw refuse('ACCOUNT_LIMIT', bytes, `${bytes} bytes of acts`);
  const keys = changedKeysMax - (isOwners ? 0 : changedKeysReserve);
  // An act that changes no key takes no room of it.
  if (after.changed.length <= Math.max(keys, before.changed.length)) return;
  throw refuse('TOO_MANY_KEYS', keys, `${keys} keys that were replaced or taken back`);
}
