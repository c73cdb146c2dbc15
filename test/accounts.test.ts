import { afterAll, beforeAll, expect, test } from 'vitest';
import { OwnerService } from '../gen/atedb/v1/answer_pb.js';
import { totpCodeAt } from '../src/account/index.ts';
import { type AtedbClient, KeyPair, makeTotpSecret } from '../src/client/index.ts';
import { actOn, claimOf } from './support/account-world.ts';
import { unaryCall } from './support/auth-calls.ts';
import { authClient, startAuthServer, TestPost } from './support/auth-server.ts';
import type { TestServer } from './support/test-server.ts';

// Accounts from end to end: a real server, its disk, and the SDK.

const password = 'correct horse battery';
const post = new TestPost();
let server: TestServer;
let client: AtedbClient;
let serial = 0;

beforeAll(async () => {
  server = await startAuthServer({ codeSender: post });
  client = await authClient(server);
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** A name that nobody has. */
function newName(): string {
  serial += 1;
  return `user${serial}@example.com`;
}

/** Create a user, and enter the code that was mailed. */
async function createUser(account: string, totpSecret?: Buffer) {
  const made = await client.accounts.create({ account, password, totpSecret });
  const { fingerprint } = made.key.publicKey;
  await client.accounts.verify({ account, fingerprint, code: post.codeFor(account) });
  return made;
}

const failed = { reason: 'LOGIN_FAILED' };

test('a user is created with the code that was mailed, and logs in with the password alone', async () => {
  const account = newName();
  const made = await client.accounts.create({ account, password });
  expect(made.isCodeSent).toBe(true);
  await expect(client.accounts.login({ account, password })).rejects.toMatchObject(failed);
  await expect(client.accounts.read(account)).rejects.toMatchObject({ reason: 'ACCOUNT_UNKNOWN' });
  const { fingerprint } = made.key.publicKey;
  const code = post.codeFor(account);
  await expect(
    client.accounts.verify({ account, fingerprint, code: 'AAAA-AAAA-AAAA' }),
  ).rejects.toMatchObject({ reason: 'CODE_INVALID' });
  await client.accounts.verify({ account, fingerprint, code: code.toLowerCase() });
  // The answer may be lost.
  await client.accounts.verify({ account, fingerprint, code });
  const found = await client.accounts.login({ account, password });
  expect(found).toMatchObject({ hasSecondFactor: false, isUnverified: false });
  expect(found.key.exportSeed()).toEqual(made.key.exportSeed());
  expect(found.key.exportKemSeed()).toEqual(made.key.exportKemSeed());
  for (const wrong of ['correct horse batterx', `${password} `, 'x']) {
    await expect(client.accounts.login({ account, password: wrong })).rejects.toMatchObject(failed);
  }
  await expect(client.accounts.login({ account: newName(), password })).rejects.toMatchObject(
    failed,
  );
});

test('whoever enters the code has the name, whoever else has asked for it', async () => {
  const account = newName();
  const mine = await client.accounts.create({ account, password });
  const code = post.codeFor(account);
  const theirs = await client.accounts.create({ account, password });
  const verify = (made: typeof mine, which: string) =>
    client.accounts.verify({ account, fingerprint: made.key.publicKey.fingerprint, code: which });
  await expect(verify(theirs, 'AAAA-AAAA-AAAA')).rejects.toMatchObject({ reason: 'CODE_INVALID' });
  await verify(mine, code);
  await expect(verify(theirs, code)).rejects.toMatchObject({ reason: 'CODE_INVALID' });
  const { state } = await client.accounts.read(account);
  expect(state.key.fingerprintHex).toBe(mine.key.publicKey.fingerprintHex);
});

test('strangers who use up the codes of a name are told so, and its owner is created all the same', async () => {
  const account = newName();
  for (let asked = 0; asked < 5; asked += 1) await client.accounts.create({ account, password });
  const mine = await client.accounts.create({ account, password });
  expect(mine).toMatchObject({ isCodeSent: true, wasSentBefore: true });
  const { fingerprint } = mine.key.publicKey;
  await client.accounts.verify({ account, fingerprint, code: post.codeFor(account) });
  await client.accounts.login({ account, password });
});

test('of many who enter their codes for one name at once, one has it', async () => {
  const account = newName();
  const made = [];
  for (let index = 0; index < 4; index += 1) {
    const { key } = await client.accounts.create({ account, password });
    made.push({ account, fingerprint: key.publicKey.fingerprint, code: post.codeFor(account) });
  }
  const outcomes = await Promise.allSettled(made.map((one) => client.accounts.verify(one)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  for (const reason of refused) expect(reason).toMatchObject({ reason: 'CODE_INVALID' });
});

test('who creates a user that is there, with its very password, changes nothing of it', async () => {
  const account = newName();
  const totpSecret = makeTotpSecret();
  const made = await createUser(account, totpSecret);
  const before = await client.accounts.read(account);
  await expect(client.accounts.create({ account, password })).rejects.toMatchObject({
    reason: 'ACCOUNT_EXISTS',
  });
  const after = await client.accounts.read(account);
  expect(after.state).toEqual(before.state);
  const found = await client.accounts.login({ account, password });
  expect(found.hasSecondFactor).toBe(true);
  expect(found.key.publicKey.fingerprintHex).toBe(made.key.publicKey.fingerprintHex);
});

test('a one-time code opens what changes the account, and counts once, also after a restart', async () => {
  const account = newName();
  const totpSecret = makeTotpSecret();
  await createUser(account, totpSecret);
  const login = { account, password };
  await expect(client.accounts.sudo(login)).rejects.toMatchObject(failed);
  await expect(client.accounts.sudo({ ...login, totpCode: '000000' })).rejects.toMatchObject(
    failed,
  );
  const totpCode = totpCodeAt(totpSecret, Date.now());
  const sudo = await client.accounts.sudo({ ...login, totpCode });
  expect(sudo.account.state.sudoKey?.fingerprintHex).toBe(sudo.sudoKey.publicKey.fingerprintHex);
  await expect(client.accounts.sudo({ ...login, totpCode })).rejects.toMatchObject(failed);
  await client.close();
  await server.restart();
  client = await authClient(server);
  await expect(client.accounts.sudo({ ...login, totpCode })).rejects.toMatchObject(failed);
  await expect(client.accounts.login({ ...login, totpCode })).rejects.toMatchObject(failed);
});

test('a password that was changed opens, and the one before does not', async () => {
  const account = newName();
  const { key } = await createUser(account);
  const newPassword = 'another horse, another battery';
  await client.accounts.changeCredentials({ account, password }, { password: newPassword });
  await expect(client.accounts.login({ account, password })).rejects.toMatchObject(failed);
  const found = await client.accounts.login({ account, password: newPassword });
  expect(found.key.publicKey.fingerprintHex).toBe(key.publicKey.fingerprintHex);
  await expect(
    client.accounts.changeCredentials({ account, password: newPassword }, { password: 'short' }),
  ).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
});

test('a second factor is set and taken away by who has shown what there was before', async () => {
  const account = newName();
  await createUser(account);
  const totpSecret = makeTotpSecret();
  const login = { account, password };
  await client.accounts.changeCredentials(login, { totpSecret });
  await expect(client.accounts.sudo(login)).rejects.toMatchObject(failed);
  const totpCode = totpCodeAt(totpSecret, Date.now());
  await client.accounts.changeCredentials({ ...login, totpCode }, { totpSecret: null });
  const sudo = await client.accounts.sudo(login);
  expect(sudo).toMatchObject({ hasSecondFactor: false });
  expect(sudo.account.acts).toHaveLength(3);
});

test('a recovery code and a mailed one recover an account, once', async () => {
  const account = newName();
  const totpSecret = makeTotpSecret();
  const { key, recoveryCode } = await createUser(account, totpSecret);
  const newPassword = 'yet another horse';
  const asked = post.sent.length;
  const recovery = { account, newPassword, askCode: async () => post.codeFor(account) };
  const wrong = { ...recovery, askCode: async () => 'AAAA-AAAA-AAAA', recoveryCode };
  await expect(client.accounts.recover(wrong)).rejects.toMatchObject(failed);
  const recovered = await client.accounts.recover({ ...recovery, recoveryCode });
  expect(post.sent.length).toBe(asked + 2);
  expect(recovered.recoveryCode).not.toBe(recoveryCode);
  expect(recovered.key.publicKey.fingerprintHex).toBe(key.publicKey.fingerprintHex);
  await expect(client.accounts.login({ account, password })).rejects.toMatchObject(failed);
  const sudo = await client.accounts.sudo({ account, password: newPassword });
  expect(sudo.hasSecondFactor).toBe(false);
  // The old code counts no more, and sends no mail.
  await expect(client.accounts.recover({ ...recovery, recoveryCode })).rejects.toMatchObject(
    failed,
  );
  expect(post.sent.length).toBe(asked + 2);
  const again = { ...recovery, recoveryCode: recovered.recoveryCode };
  await client.accounts.recover({ ...again, newPassword: password });
  await client.accounts.login({ account, password });
});

test('a user that was removed is gone for good, and its chains are told', async () => {
  const account = newName();
  await createUser(account);
  await client.accounts.remove({ account, password });
  await expect(client.accounts.login({ account, password })).rejects.toMatchObject(failed);
  const { state } = await client.accounts.read(account);
  expect(state.isRemoved).toBe(true);
  await expect(client.accounts.create({ account, password })).rejects.toMatchObject({
    reason: 'ACCOUNT_EXISTS',
  });
});

test('who has claimed a name with a key gives it a password, and nobody else does', async () => {
  await using local = await startAuthServer();
  await using here = await authClient(local);
  const account = newName();
  expect(await here.accounts.describe()).toEqual({ codesBy: 'none', terms: '' });
  const first = await here.accounts.create({ account: newName(), password });
  expect(first.isCodeSent).toBe(false);
  const key = KeyPair.generate();
  await claim(here, account, key);
  await expect(
    here.accounts.create({ account, password, key: KeyPair.generate() }),
  ).rejects.toMatchObject({ reason: 'ACCOUNT_EXISTS' });
  await expect(here.accounts.login({ account, password })).rejects.toMatchObject(failed);
  await here.accounts.create({ account, password, key });
  const found = await here.accounts.login({ account, password });
  expect(found).toMatchObject({ isUnverified: true });
  expect(found.key.publicKey.fingerprintHex).toBe(key.publicKey.fingerprintHex);
});

test('whoever did not accept the terms has no account', async () => {
  await using local = await startAuthServer({ terms: 'Be kind.' });
  await using here = await authClient(local);
  const account = newName();
  const { terms } = await here.accounts.describe();
  for (const acceptedTerms of [undefined, 'Be kind!']) {
    await expect(here.accounts.create({ account, password, acceptedTerms })).rejects.toMatchObject({
      reason: 'TERMS_NOT_ACCEPTED',
    });
  }
  await here.accounts.create({ account, password, acceptedTerms: terms });
});

test('nothing of accounts is sent without encryption, and nothing is answered', async () => {
  await using plain = await authClient(server, { encryption: 'plain' });
  await expect(plain.accounts.login({ account: newName(), password })).rejects.toMatchObject({
    reason: 'AUTH_LINK_UNSAFE',
  });
  // A client that need not encrypt does so for accounts all the same.
  await using auto = await authClient(server, { encryption: 'auto' });
  await expect(auto.accounts.login({ account: newName(), password })).rejects.toMatchObject(failed);
});

/** Have a name without a password. */
async function claim(here: AtedbClient, account: string, key: KeyPair): Promise<void> {
  const { bytes: act } = await actOn(account, undefined, claimOf(key), [key]);
  await unaryCall(here.server, OwnerService.method.claimOwner, { act });
}
