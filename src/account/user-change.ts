import { FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { parsePublicKey, publicKeyBytes } from '../event/index.ts';

/** Keys of a user, and the hash of what it logs in with, as far as they are there. */
export interface UserKeys {
  /** The root key of its chains. */
  readonly key: PublicKey | undefined;
  /** What acts are signed with. */
  readonly sudoKey: PublicKey | undefined;
  /** That follows from the recovery code. */
  readonly recoveryKey: PublicKey | undefined;
  /** `secretsHash` of its AccountSecrets. 32 bytes. */
  readonly secretsHash: Buffer | undefined;
}

/** What an act of a user changes. */
export type UserChange =
  | ({ readonly kind: 'user_creation' } & UserKeys & { readonly key: PublicKey })
  | { readonly kind: 'secrets_change'; readonly secretsHash: Buffer }
  | ({ readonly kind: 'user_rotation' } & UserKeys)
  | { readonly kind: 'delegation_revocation'; readonly fingerprint: Buffer }
  | { readonly kind: 'user_removal' };

const fields = {
  user_creation: 10,
  secrets_change: 11,
  user_rotation: 12,
  delegation_revocation: 13,
  user_removal: 14,
} as const satisfies Record<UserChange['kind'], number>;

/** Whether a field of an act's header is a change of a user. */
export function isUserField(field: number): boolean {
  return field >= fields.user_creation && field <= fields.user_removal;
}

/** Write a change as the field of an act's header that it is. */
export function writeUserChange(writer: FieldWriter, change: UserChange): FieldWriter {
  return writer.message(fields[change.kind], bytesOf(change));
}

function bytesOf(change: UserChange): Buffer {
  switch (change.kind) {
    case 'user_creation':
    case 'user_rotation': {
      const writer = new FieldWriter(8_192);
      [change.key, change.sudoKey, change.recoveryKey].forEach((key, index) => {
        if (key !== undefined) writer.message(index + 1, publicKeyBytes(key));
      });
      return writer.bytes(4, change.secretsHash).finish();
    }
    case 'secrets_change':
      return new FieldWriter().bytes(1, change.secretsHash).finish();
    case 'delegation_revocation':
      return new FieldWriter().bytes(1, change.fingerprint).finish();
    case 'user_removal':
      return Buffer.alloc(0);
  }
}

/** Read a change, whose bytes are in the strict form. @throws AtedbError REQUEST_INVALID, UNSUPPORTED for its keys. */
export function parseUserChange(field: number, bytes: Buffer): UserChange {
  switch (field) {
    case fields.user_creation: {
      const keys = parseUserKeys(bytes);
      // The strict form wants a key.
      return { kind: 'user_creation', ...keys, key: keys.key as PublicKey };
    }
    case fields.user_rotation:
      return { kind: 'user_rotation', ...parseUserKeys(bytes) };
    case fields.secrets_change:
      return { kind: 'secrets_change', secretsHash: onlyBytes(bytes) };
    case fields.delegation_revocation:
      return { kind: 'delegation_revocation', fingerprint: onlyBytes(bytes) };
    default:
      return { kind: 'user_removal' };
  }
}

/** Read the fields of a creation or a rotation. */
export function parseUserKeys(bytes: Buffer): UserKeys {
  const cursor = new FieldCursor(bytes);
  const keys = new Map<number, PublicKey>();
  let secretsHash: Buffer | undefined;
  while (cursor.next()) {
    if (cursor.field === 4) secretsHash = cursor.bytesValue();
    else keys.set(cursor.field, parsePublicKey(cursor.bytesValue()));
  }
  return { key: keys.get(1), sudoKey: keys.get(2), recoveryKey: keys.get(3), secretsHash };
}

function onlyBytes(bytes: Buffer): Buffer {
  const cursor = new FieldCursor(bytes);
  cursor.next();
  return cursor.bytesValue();
}
