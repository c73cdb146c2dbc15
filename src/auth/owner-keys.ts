import type { AccountState } from '../account/index.ts';
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
 * @param sinceVersion from where on keys that were retired are told; undefined: none are.
 */
export function ownerKeysOf(
  state: AccountState,
  { changes, isUnverified }: AccountNotes,
  sinceVersion: number | undefined,
): OwnerKeys {
  const { version, key, changed, isRemoved } = state;
  return {
    version: version + changes,
    roots: [key],
    writers: [],
    admitted: [],
    changed: changed
      // Chains know no keys that are for acts alone.
      .filter(({ role }) => role !== 'acts')
      .map((one) => ({
        // What was changed otherwise can only make this larger than it was then, so who asks since a version misses nothing.
        version: one.version + changes,
        fingerprint: one.fingerprint,
        successor: one.role === 'key' ? key.fingerprint : undefined,
      }))
      .filter((one) => sinceVersion !== undefined && one.version > sinceVersion),
    isUnverified,
    isRemoved,
  };
}
