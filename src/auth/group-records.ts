import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GroupRecord, GroupRecordSchema } from '../../gen/atedb/v1/auth_store_pb.js';
import type { GroupMember, Role } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { PublicKey, type PublicKeyFields } from '../crypto/index.ts';

/** Roles as they are stored. */
export function toGroup(roles: readonly Role[]): MessageInitShape<typeof GroupRecordSchema> {
  return {
    roles: roles.map(({ name, key, members, wraps }) => ({
      name,
      key: key.toFields(),
      members: members.map((member) => ({
        account: member.account ?? '',
        key: member.key.toFields(),
        ...(member.sudoKey && { sudoKey: member.sudoKey.toFields() }),
      })),
      wraps: [...wraps],
    })),
  };
}

/**
 * Read roles that were stored. Their members are read when they are looked at first: whoever asks who owns a chain asks for the roles' keys alone, and
 * hundreds of keys take long.
 *
 * @throws AtedbError CHAIN_DAMAGED.
 */
export function fromGroup({ roles }: GroupRecord): Role[] {
  return roles.map(({ name, key, members, wraps }) => {
    let read: readonly GroupMember[] | undefined;
    return {
      name,
      key: keyOf(key),
      get members() {
        read ??= members.map(fromMember);
        return read;
      },
      wraps: wraps.map(({ recipient, wrapped }) => ({
        recipient: Buffer.from(recipient),
        wrapped: Buffer.from(wrapped),
      })),
    };
  });
}

function fromMember({ account, key, sudoKey }: GroupRecord['roles'][number]['members'][number]) {
  return {
    account: account === '' ? undefined : account,
    key: keyOf(key),
    sudoKey: sudoKey && keyOf(sudoKey),
  };
}

function keyOf(fields: PublicKeyFields | undefined): PublicKey {
  if (fields !== undefined) return PublicKey.fromFields(fields);
  throw new AtedbError('CHAIN_DAMAGED', "a record of accounts can't be read: a key is missing");
}
