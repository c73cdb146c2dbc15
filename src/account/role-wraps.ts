import { hpkeInfos, type KeyPair, type PublicKey, sealTo } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import type { RoleWrap } from './group-change.ts';
import { decodeSeeds, encodeSeeds } from './key-seeds.ts';

/** Whose secret is wrapped: the key of a role of a group. */
export interface WrappedRole {
  readonly group: Owner;
  readonly role: string;
  readonly key: PublicKey;
}

const info = Buffer.from(hpkeInfos.roleKey);

/** What binds a wrap to its place: moved to another group, role or key, it doesn't open. */
function contextOf({ group, role, key }: WrappedRole) {
  const names = Buffer.from(`${group.text}\0${role}\0`);
  return { info, aad: Buffer.concat([names, key.fingerprint]) };
}

/** Wrap the secret of a role's key for some keys. @throws AtedbError REQUEST_INVALID for one that can only sign. */
export function wrapRole(
  key: KeyPair,
  { group, role }: Omit<WrappedRole, 'key'>,
  recipients: readonly PublicKey[],
): RoleWrap[] {
  const context = contextOf({ group, role, key: key.publicKey });
  const seeds = encodeSeeds(key);
  try {
    return recipients
      .map((recipient) => ({
        recipient: recipient.fingerprint,
        wrapped: sealTo(recipient, context, seeds),
      }))
      .sort((a, b) => Buffer.compare(a.recipient, b.recipient));
  } finally {
    seeds.fill(0);
  }
}

/**
 * Open the secret of a role's key.
 *
 * @returns undefined for what is for another key, or is not the secret of that role's key: who has wrapped it may have lied.
 */
export function openRole(
  wrapped: WrappedRole,
  { wrapped: sealed }: RoleWrap,
  key: KeyPair,
): KeyPair | undefined {
  const seeds = key.openSealed(contextOf(wrapped), sealed);
  if (seeds === undefined) return undefined;
  try {
    const opened = decodeSeeds(seeds);
    return opened?.publicKey.fingerprint.equals(wrapped.key.fingerprint) ? opened : undefined;
  } finally {
    seeds.fill(0);
  }
}
