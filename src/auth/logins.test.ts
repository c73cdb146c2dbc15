import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AccountDisk } from '../../test/support/account-store.ts';
import { accountDisk, openAccountStore } from '../../test/support/account-store.ts';
import {
  actOn,
  claimOf,
  creationOf,
  makeUserPairs,
  someSecrets,
} from '../../test/support/account-world.ts';
import { loginProofBytes, totpCodeAt } from '../account/index.ts';
import { KeyPair, passphraseCosts, signatureContexts } from '../crypto/index.ts';
import { parseOwner } from '../event/index.ts';
import { Accounts } from './accounts.ts';
import { Attempts } from './attempts.ts';
import { Logins } from './logins.ts';
import { Recoveries } from './recoveries.ts';
import type { SentCodes } from './sent-codes.ts';

const name = 'me@example.com';
const pairs = makeUserPairs();
const totpSecret = Buffer.from('12345678901234567890');
const minutes = 60_000;

/** An auth service on a disk, with one account, and a clock of the test's. */
async function world(options: { readonly disk?: AccountDisk; readonly secret?: Buffer } = {}) {
  const disk = options.disk ?? (await accountDisk());
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const store = await openAccountStore(disk, { now });
  const accounts = new Accounts({ store, now });
  if (options.disk === undefined) {
    const secrets = someSecrets(pairs.loginKey, 1, options.secret);
    const keys = [pairs.key, pairs.sudoKey, pairs.recoveryKey];
    const act = await actOn(name, undefined, creationOf(pairs, secrets), keys);
    await accounts.submit({ act, secrets, isUnverified: false, isRecovery: false });
  }
  const attempts = new Attempts({ store, now });
  const logins = new Logins({ accounts, attempts, macKey: Buffer.alloc(32, 1), now });
  const login = async (
    key: KeyPair,
    { account = name, address = '192.0.2.1', code }: LoginOptions = {},
  ) => {
    const claim = {
      account: parseOwner(account),
      serverFingerprint: Buffer.alloc(32, 1),
      conversationId: randomBytes(32),
    };
    const { suite, fingerprint } = key.publicKey;
    const signature = await key.sign(signatureContexts.login, loginProofBytes(claim));
    return logins.finish({ claim, signature: { suite, fingerprint, signature }, code }, address);
  };
  return { disk, clock, store, accounts, attempts, logins, login };
}

interface LoginOptions {
  readonly account?: string;
  readonly address?: string;
  readonly code?: string;
}

const wrong = KeyPair.generate({ forSigningOnly: true });
const failed = { reason: 'LOGIN_FAILED' };
const locked = { reason: 'LOGIN_LOCKED' };

test('after five wrong passwords the account is locked, for the right one too, and longer each time', async () => {
  const { login, clock, store } = await world();
  for (const lockMs of [30_000, 5 * minutes, 60 * minutes, 24 * 60 * minutes]) {
    for (let tries = 0; tries < 5; tries += 1)
      await expect(login(wrong)).rejects.toMatchObject(failed);
    await expect(login(pairs.loginKey)).rejects.toMatchObject({
      ...locked,
      metadata: { locked_until_unix_ms: String(clock.nowMs + lockMs) },
    });
    clock.nowMs += lockMs - 1;
    await expect(login(pairs.loginKey)).rejects.toMatchObject(locked);
    clock.nowMs += 1;
  }
  await login(pairs.loginKey);
  // Counting begins anew.
  for (let tries = 0; tries < 4; tries += 1)
    await expect(login(wrong)).rejects.toMatchObject(failed);
  await login(pairs.loginKey);
  await store.close();
});

test('what is locked stays locked over a restart, however the service was ended', async () => {
  const before = await world();
  for (let tries = 0; tries < 5; tries += 1) {
    await expect(before.login(wrong)).rejects.toMatchObject(failed);
  }
  // Nothing that isn't durable survives; the store is not closed.
  before.disk.powerCut(() => false);
  const after = await world({ disk: before.disk });
  await expect(after.login(pairs.loginKey)).rejects.toMatchObject(locked);
  await after.store.close();
});

test('passwords that are tried at the same time are counted one by one', async () => {
  const { login, store } = await world();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, (_, index) => login(wrong, { address: `192.0.2.${index}` })),
  );
  const reasons = outcomes.map((one) => (one.status === 'rejected' ? one.reason.reason : 'in'));
  expect(reasons.filter((reason) => reason === 'LOGIN_FAILED')).toHaveLength(5);
  expect(reasons.filter((reason) => reason === 'LOGIN_LOCKED')).toHaveLength(35);
  await store.close();
});

test('a stranger who locks the account does not keep out its owner, where that one was let in before', async () => {
  const { login, clock, store, disk } = await world();
  const [home, elsewhere, stranger] = ['192.0.2.1', '192.0.2.2', '203.0.113.1'].map((address) => ({
    address,
  }));
  await login(pairs.loginKey, home);
  for (let tries = 0; tries < 5; tries += 1) {
    await expect(login(wrong, stranger)).rejects.toMatchObject(failed);
  }
  await expect(login(pairs.loginKey, elsewhere)).rejects.toMatchObject(locked);
  await login(pairs.loginKey, home);
  // Which does not give the stranger more tries.
  await expect(login(wrong, stranger)).rejects.toMatchObject(locked);
  // What is tried from there is counted for itself, over a restart.
  for (let tries = 0; tries < 4; tries += 1) {
    await expect(login(wrong, home)).rejects.toMatchObject(failed);
  }
  disk.powerCut(() => false);
  const after = await world({ disk });
  await expect(after.login(wrong, home)).rejects.toMatchObject(failed);
  await expect(after.login(pairs.loginKey, home)).rejects.toMatchObject(locked);
  after.clock.nowMs = clock.nowMs + 31_000;
  await after.login(pairs.loginKey, home);
  await after.login(pairs.loginKey, elsewhere);
  void store;
  await after.store.close();
});

test('a place is forgotten 30 days after somebody was let in', async () => {
  const { login, clock, store } = await world();
  const [home, stranger] = [{ address: '192.0.2.1' }, { address: '203.0.113.1' }];
  await login(pairs.loginKey, home);
  clock.nowMs += 30 * 24 * 60 * minutes;
  for (let tries = 0; tries < 5; tries += 1) {
    await expect(login(wrong, stranger)).rejects.toMatchObject(failed);
  }
  await expect(login(pairs.loginKey, home)).rejects.toMatchObject(locked);
  await store.close();
});

test('an address that tries many accounts is locked, and others are not', async () => {
  const { login, store } = await world();
  for (let tries = 0; tries < 25; tries += 1) {
    await expect(login(wrong, { account: `u${tries}@example.com` })).rejects.toMatchObject(failed);
  }
  await expect(login(pairs.loginKey)).rejects.toMatchObject(locked);
  await login(pairs.loginKey, { address: '192.0.2.2' });
  await store.close();
});

test('accounts that there are not, and those without a password, are told apart by nothing', async () => {
  const { login, logins, accounts, clock, store } = await world();
  const claimed = 'claimed@example.com';
  const key = KeyPair.generate();
  await accounts.claim((await actOn(claimed, undefined, claimOf(key), [key])).bytes);
  for (const account of ['nobody@example.com', claimed]) {
    const costs = await logins.begin(parseOwner(account), '192.0.2.1');
    const again = await logins.begin(parseOwner(account), '192.0.2.9');
    expect(costs).toMatchObject(passphraseCosts);
    expect(costs.salt).toHaveLength(16);
    expect(again.salt).toEqual(costs.salt);
    const address = account === claimed ? '192.0.2.3' : '192.0.2.4';
    for (let tries = 0; tries < 5; tries += 1) {
      await expect(login(wrong, { account, address })).rejects.toMatchObject(failed);
    }
    await expect(logins.begin(parseOwner(account), address)).rejects.toMatchObject(locked);
    clock.nowMs += 31_000;
    await expect(login(key, { account, address })).rejects.toMatchObject(failed);
  }
  const salts = await Promise.all(
    ['a@example.com', 'b@example.com'].map((one) => logins.begin(parseOwner(one), '192.0.2.5')),
  );
  expect(salts[0]?.salt).not.toEqual(salts[1]?.salt);
  await store.close();
});

test('a one-time code counts once, wrong ones count as tries, and none gives the first factor alone', async () => {
  const { login, clock, store, disk } = await world({ secret: totpSecret });
  expect(await login(pairs.loginKey)).toMatchObject({ isSudo: false });
  const code = totpCodeAt(totpSecret, clock.nowMs);
  expect(await login(pairs.loginKey, { code })).toMatchObject({ isSudo: true });
  await expect(login(pairs.loginKey, { code })).rejects.toMatchObject(failed);
  disk.powerCut(() => false);
  const after = await world({ disk });
  await expect(after.login(pairs.loginKey, { code })).rejects.toMatchObject(failed);
  for (let tries = 0; tries < 3; tries += 1) {
    await expect(after.login(pairs.loginKey, { code: '000000' })).rejects.toMatchObject(failed);
  }
  await expect(after.login(pairs.loginKey)).rejects.toMatchObject(locked);
  after.clock.nowMs += 31_000;
  const next = totpCodeAt(totpSecret, after.clock.nowMs);
  expect(await after.login(pairs.loginKey, { code: next })).toMatchObject({ isSudo: true });
  void store;
  await after.store.close();
});

test('whoever has the password alone tries no more one-time codes by logging in between', async () => {
  const { login, clock, store } = await world({ secret: totpSecret });
  const from = (network: number) => ({ address: `2001:db8:0:${network}::/64` });
  const guess = (network: number) => login(pairs.loginKey, { code: '000000', ...from(network) });
  for (let network = 0; network < 4; network += 1) {
    await expect(guess(network)).rejects.toMatchObject(failed);
    expect(await login(pairs.loginKey, from(network))).toMatchObject({ isSudo: false });
  }
  await expect(guess(4)).rejects.toMatchObject(failed);
  await expect(guess(5)).rejects.toMatchObject(locked);
  clock.nowMs += 31_000;
  const code = totpCodeAt(totpSecret, clock.nowMs);
  expect(await login(pairs.loginKey, { code })).toMatchObject({ isSudo: true });
  // Both were shown: counting begins anew.
  for (let tries = 0; tries < 4; tries += 1) {
    await expect(guess(6)).rejects.toMatchObject(failed);
  }
  expect(await login(pairs.loginKey)).toMatchObject({ isSudo: false });
  await store.close();
});

test('whoever has the recovery code, and not the mailed one, has no tries of their own', async () => {
  const { accounts, attempts, login, store } = await world();
  const codes = { send: async () => 'sent' } as unknown as SentCodes;
  const recoveries = new Recoveries({ accounts, attempts, codes });
  const claim = {
    account: parseOwner(name),
    serverFingerprint: Buffer.alloc(32, 1),
    conversationId: randomBytes(32),
  };
  const { suite, fingerprint } = pairs.recoveryKey.publicKey;
  const signed = await pairs.recoveryKey.sign(signatureContexts.recovery, loginProofBytes(claim));
  const address = '192.0.2.9';
  const asker = { address, isLocal: false };
  await recoveries.prove(claim, { suite, fingerprint, signature: signed }, asker);
  for (let tries = 0; tries < 4; tries += 1) {
    await expect(login(wrong, { address })).rejects.toMatchObject(failed);
  }
  await expect(login(wrong)).rejects.toMatchObject(failed);
  await expect(login(pairs.loginKey)).rejects.toMatchObject(locked);
  await store.close();
});

test('wrong recovery codes keep nobody out who has the right one, and lock the address that they come from', async () => {
  const { accounts, attempts, store } = await world();
  const recoveries = new Recoveries({ accounts, attempts, codes: undefined });
  const prove = async (key: KeyPair, address: string) => {
    const claim = {
      account: parseOwner(name),
      serverFingerprint: Buffer.alloc(32, 1),
      conversationId: randomBytes(32),
    };
    const { suite, fingerprint } = key.publicKey;
    const signature = await key.sign(signatureContexts.recovery, loginProofBytes(claim));
    const asker = { address, isLocal: false };
    return recoveries.prove(claim, { suite, fingerprint, signature }, asker);
  };
  for (let tries = 0; tries < 25; tries += 1) {
    await expect(prove(wrong, '203.0.113.1')).rejects.toMatchObject(failed);
  }
  await expect(prove(pairs.recoveryKey, '203.0.113.1')).rejects.toMatchObject(locked);
  expect(await prove(pairs.recoveryKey, '192.0.2.1')).toMatchObject({ sent: undefined });
  await store.close();
});

test('of two who use one code at once, one gets in', async () => {
  const { login, clock, store } = await world({ secret: totpSecret });
  const code = totpCodeAt(totpSecret, clock.nowMs);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => login(pairs.loginKey, { code })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await store.close();
});

test('failures of strangers are written no faster than the log may grow, and keep out nobody who was here before', async () => {
  const { login, clock, store } = await world();
  await login(pairs.loginKey, { address: '198.51.100.1' });
  const many = (count: number, net: string) =>
    Array.from({ length: count }, (_, index) => {
      const address = `${net}.${index >> 8}.${index & 255}`;
      return login(wrong, { account: `u${index}@example.com`, address });
    });
  const outcomes = await Promise.allSettled(many(550, '192.0'));
  const reasons = outcomes.map((one) => (one.status === 'rejected' ? one.reason.reason : 'in'));
  expect(reasons.filter((reason) => reason === 'LOGIN_FAILED')).toHaveLength(500);
  await expect(login(pairs.loginKey, { address: '203.0.113.1' })).rejects.toMatchObject(locked);
  await login(pairs.loginKey, { address: '198.51.100.1' });
  clock.nowMs += 1_000;
  await login(pairs.loginKey, { address: '203.0.113.1' });
  await store.close();
});
