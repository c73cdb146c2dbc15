import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  AccountSecretsSchema,
  ActHeaderSchema,
  ActSchema,
  UserCreationSchema,
  VaultKeysSchema,
} from '../../gen/atedb/v1/account_pb.js';
import {
  actOn,
  claimOf,
  creationOf,
  makeUserPairs,
  rotationTo,
  someSecrets,
} from '../../test/support/account-world.ts';
import { formOf } from '../../test/support/descriptor-form.ts';
import type { MessageForm } from '../bytes/index.ts';
import { actHeaderBytes, parseAct } from './act.ts';
import { accountSecretsForm, actForm, actHeaderForm, vaultKeysForm } from './forms.ts';
import { encodeSecrets, parseSecrets, secretsHash } from './secrets.ts';

const pairs = makeUserPairs();
const name = 'me@example.com';
const secrets = someSecrets(pairs.loginKey);

/** What a form says that descriptors say, too. */
function outline(form: MessageForm): unknown {
  return form.fields.map(({ number, name, kind, form: inner, oneof, repeated }) => ({
    number,
    name,
    kind,
    oneof,
    repeated,
    ...(inner && { form: outline(inner) }),
  }));
}

test.each([
  [actForm, ActSchema],
  [actHeaderForm, ActHeaderSchema],
  [accountSecretsForm, AccountSecretsSchema],
  [vaultKeysForm, VaultKeysSchema],
] as const)('the strict form of $0.name is as in the schema', (form, schema) => {
  expect(outline(form)).toEqual(outline(formOf(schema)));
});

test('what is written is what stubs read, and the other way round', async () => {
  const changes = [
    creationOf(pairs, secrets),
    claimOf(pairs.key),
    { kind: 'secrets_change', secretsHash: secretsHash(secrets) },
    rotationTo({ key: pairs.key, secrets }),
    { kind: 'delegation_revocation', fingerprint: pairs.key.publicKey.fingerprint },
    { kind: 'user_removal' },
  ] as const;
  for (const change of changes) {
    const act = await actOn(name, undefined, change, [pairs.key]);
    const read = fromBinary(ActSchema, act.bytes);
    expect(Buffer.from(toBinary(ActSchema, read))).toEqual(act.bytes);
    const header = fromBinary(ActHeaderSchema, read.header);
    expect(Buffer.from(toBinary(ActHeaderSchema, header))).toEqual(act.headerBytes);
    expect(header.account).toBe(name);
    expect(act.headerBytes.subarray(1, 5).toString('latin1')).toBe('AAC\u0001');
    expect(actHeaderBytes(act)).toEqual(act.headerBytes);
    expect(act.change.kind).toBe(change.kind);
  }
});

test('an act that is not in the strict form is refused, however it differs', async () => {
  const act = await actOn(name, undefined, claimOf(pairs.key), [pairs.key]);
  const refuse = (bytes: Uint8Array) => expect(() => parseAct(bytes)).toThrow(/strict form/);
  refuse(Buffer.alloc(0));
  refuse(Buffer.concat([act.bytes, Buffer.of(0x18, 1)]));
  refuse(act.bytes.subarray(0, act.bytes.length - 1));
  const read = fromBinary(ActSchema, act.bytes);
  refuse(toBinary(ActSchema, create(ActSchema, { ...read, signatures: [] })));
  const header = fromBinary(ActHeaderSchema, act.headerBytes);
  for (const other of [
    { magic: 1 },
    { account: '' },
    { timeUnixMs: 0n },
    { previous: Buffer.alloc(31, 1) },
    { what: { case: undefined } },
    { what: { case: 'userCreation', value: create(UserCreationSchema, {}) } },
  ] as const) {
    const altered = toBinary(ActHeaderSchema, create(ActHeaderSchema, { ...header, ...other }));
    refuse(toBinary(ActSchema, create(ActSchema, { ...read, header: altered })));
  }
});

test('an act with its signatures in another order, or one twice, is refused', async () => {
  const act = await actOn(name, undefined, creationOf(pairs, secrets), [
    pairs.key,
    pairs.sudoKey,
    pairs.recoveryKey,
  ]);
  const read = fromBinary(ActSchema, act.bytes);
  for (const signatures of [
    [...read.signatures].reverse(),
    [read.signatures[0], ...read.signatures].filter((one) => one !== undefined),
  ]) {
    const bytes = toBinary(ActSchema, create(ActSchema, { header: read.header, signatures }));
    expect(() => parseAct(bytes)).toThrow(/not sorted by fingerprint/);
  }
});

test('an act of which only one half names the one before it is refused', async () => {
  const { headerBytes } = await actOn(name, undefined, claimOf(pairs.key), [pairs.key]);
  const header = fromBinary(ActHeaderSchema, headerBytes);
  const { signatures } = fromBinary(
    ActSchema,
    (await actOn(name, undefined, claimOf(pairs.key), [pairs.key])).bytes,
  );
  for (const other of [{ version: 1n }, { previous: Buffer.alloc(32, 1) }]) {
    const altered = toBinary(ActHeaderSchema, create(ActHeaderSchema, { ...header, ...other }));
    const bytes = toBinary(ActSchema, create(ActSchema, { header: altered, signatures }));
    expect(() => parseAct(bytes)).toThrow(/names the one before it/);
  }
});

test('secrets are read as they were written, and refused with costs that nobody pays', () => {
  const parsed = parseSecrets(secrets);
  expect(encodeSecrets(parsed)).toEqual(secrets);
  const altered = (costs: object) =>
    encodeSecrets({ ...parsed, password: { ...parsed.password, ...costs } });
  expect(() => parseSecrets(altered({ memoryKib: 2 ** 31 }))).toThrow(/not ones that are paid/);
  expect(() => parseSecrets(altered({ passes: 65 }))).toThrow(/not ones that are paid/);
  expect(() => parseSecrets(encodeSecrets({ ...parsed, totpSecret: Buffer.alloc(15, 1) }))).toThrow(
    /must have 16/,
  );
  expect(() => parseSecrets(encodeSecrets({ ...parsed, loginKey: pairs.key.publicKey }))).toThrow(
    /KEM part/,
  );
});
