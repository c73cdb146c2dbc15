import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GroupRecord, GroupRecordSchema } from '../../gen/atedb/v1/auth_store_pb.js';
import type { Role } from '../account/index.ts';
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

/** Read roles that were stored. @throws AtedbError CHAIN_DAMAGED. */
export function fromGroup({ roles }: GroupRecord): Role[] {
  return roles.map(({ name, key, members, wraps }) => ({
    name,
    key: keyOf(key),
    members: members.map((member) => ({
      account: member.account === '' ? undefined : member.account,
      key: keyOf(member.key),
      sudoKey: member.sudoKey && keyOf(member.sudoKey),
    })),
    wraps: wraps.map(({ recipient, wrapped }) => ({
      recipient: Buffer.from(recipient),
      wrapped: Buffer.from(wrapped),
    })),
  }));
}

function keyOf(fields: PublicKeyFields | undefined): PublicKey {
  if (fields !== undefined) return PublicKey.fromFields(fields);
  throw new AtedbError('CHAIN_DAMAGED', "a record of accounts can't be read: a key is missing");
}
