import type { PublicKey } from '../crypto/index.ts';
import type { AccountState } from './account-state.ts';

/** A key that counts no more, as the owner's chains are told. */
export interface OwnerChange {
  /** 32 bytes. */
  readonly fingerprint: Buffer;
  /** The key that has its place; undefined: nothing has. */
  readonly successor: PublicKey | undefined;
  /** Of the owner's keys since it counts no more: see `OwnerKeys.version`. */
  readonly version: number;
}

/** What the chains of an owner are to know of it: what an auth answer says. */
export interface OwnerKeys {
  /** Name of the account. */
  readonly owner: string;
  /** Rises with whatever of this changes; from 1 on. */
  readonly version: number;
  /** Who may write where no rule says otherwise, and change rules and roots. 1 to 16. */
  readonly roots: readonly PublicKey[];
  /** Who besides may write where no rule says otherwise. At most 16. */
  readonly writers: readonly PublicKey[];
  /** Fingerprints of who besides is let into private chains. At most 16. */
  readonly admitted: readonly Buffer[];
  /** All keys that count no more, oldest first. */
  readonly changed: readonly OwnerChange[];
  /** Nobody has proven that the name is its user's. */
  readonly isUnverified: boolean;
  /** The account is gone, and nothing may change its chains any more. */
  readonly isRemoved: boolean;
}

/**
 * The keys of an owner, from the state of its account.
 *
 * @param changes of the account that are no acts: it was verified.
 */
export function ownerKeysOf(
  state: AccountState,
  { changes, isUnverified }: { readonly changes: number; readonly isUnverified: boolean },
): OwnerKeys {
  const { account, version, key, changed, isRemoved } = state;
  return {
    owner: account.text,
    version: 1 + version + changes,
    roots: [key],
    writers: [],
    admitted: [],
    changed: changed
      // Chains know no keys that are for acts alone.
      .filter(({ role }) => role !== 'acts')
      .map((one) => ({
        fingerprint: one.fingerprint,
        successor: one.role === 'key' ? key : undefined,
        // What has changed besides can only move it up, so who asks for what has changed since a version misses nothing.
        version: 1 + one.version + changes,
      })),
    isUnverified,
    isRemoved,
  };
}
