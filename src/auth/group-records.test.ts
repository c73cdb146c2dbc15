import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { GroupRecordSchema } from '../../gen/atedb/v1/auth_store_pb.js';
import { KeyPair } from '../crypto/index.ts';
import { fromGroup, toGroup } from './group-records.ts';

const pair = KeyPair.generate();
const wrap = { recipient: pair.publicKey.fingerprint, wrapped: Buffer.alloc(3, 1) };
const owner = { account: 'me@example.com', key: pair.publicKey, sudoKey: pair.publicKey };
const plain = { account: undefined, key: pair.publicKey, sudoKey: undefined };
const roles = [
  { name: 'observer', key: pair.publicKey, members: [plain], wraps: [] },
  { name: 'owner', key: pair.publicKey, members: [owner], wraps: [wrap] },
];

test('roles are read as they were stored', () => {
  const read = fromGroup(create(GroupRecordSchema, toGroup(roles)));
  expect(read.map((role) => ({ ...role }))).toEqual(roles);
  expect(read[1]?.members).toBe(read[1]?.members);
});

test('who asks for the key of a role has none of its members read', () => {
  const record = create(GroupRecordSchema, toGroup(roles));
  const [member] = record.roles[0]?.members ?? [];
  if (member !== undefined) member.key = undefined;
  const [observer] = fromGroup(record);
  expect(observer?.key.fingerprintHex).toBe(pair.publicKey.fingerprintHex);
  expect(() => observer?.members).toThrow(expect.objectContaining({ reason: 'CHAIN_DAMAGED' }));
});
