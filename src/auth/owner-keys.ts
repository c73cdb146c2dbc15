import { type AccountState, type ChangedKey, roleOf } from '../account/index.ts';
import type { OwnerKeys } from './owner-source.ts';

/** What an auth service knows of an account beside its acts. */
export interface AccountNotes {
  /** How often the account was changed otherwise than by an act, up to now: it was verified. */
  readonly changes: number;
  /** Nobody has checked that the name is the account's. */
  readonly isUnverified: boolean;
}

/**
 * Whose keys count in the chains of an account. Its version counts acts and other changes, so each change makes it rise.
 *
 * @param sinceVersion from where on keys that were retired are told; undefined: none are, and the version is then the last one before a delegated
 * key was taken back. So a chain that is created asks at once for what came since, and takes back the same.
 */
export function ownerKeysOf(
  state: AccountState,
  { changes, isUnverified }: AccountNotes,
  sinceVersion: number | undefined,
): OwnerKeys {
  const { version, changed, isRemoved } = state;
  return {
    version: sinceVersion === undefined ? toldWithout(state) + changes : version + changes,
    ...keysOf(state),
    changed: changed
      // Chains know no keys that are for acts alone.
      .filter(({ role }) => role !== 'acts')
      .map((one) => ({
        // What was changed otherwise can only make this larger than it was then, so who asks since a version misses nothing.
        version: one.version + changes,
        fingerprint: one.fingerprint,
        successor: successorOf(one, state),
      }))
      .filter((one) => sinceVersion !== undefined && one.version > sinceVersion),
    isUnverified,
    isRemoved,
  };
}

/**
 * The version that is told where no retired keys are. Keys of the account that were replaced have no right in a chain that is new; those that
 * were delegated to have one by their delegation, as long as the chain doesn't know that it was taken back.
 */
function toldWithout({ version, changed }: AccountState): number {
  const first = changed.find(({ role }) => role === 'delegated');
  return first === undefined ? version : first.version - 1;
}

/** Whose keys count: a user's key; of a group those of its roles. */
function keysOf(state: AccountState): Pick<OwnerKeys, 'roots' | 'writers' | 'admitted'> {
  if (state.kind === 'user') return { roots: [state.key], writers: [], admitted: [] };
  const keyOf = (name: string) => roleOf(state, name).key;
  return {
    roots: [keyOf('owner'), keyOf('delegate')],
    writers: [keyOf('contributor')],
    admitted: [keyOf('observer').fingerprint],
  };
}

/** What has the place of a key that counts no more. */
function successorOf({ role, roleName }: ChangedKey, state: AccountState): Buffer | undefined {
  if (state.kind === 'user') return role === 'key' ? state.key.fingerprint : undefined;
  return state.roles.find(({ name }) => name === roleName)?.key.fingerprint;
}
