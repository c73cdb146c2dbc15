import { expect, test } from 'vitest';
import { accountDisk, openAccountStore } from '../../test/support/account-store.ts';
import {
  actOn,
  claimOf,
  creationOf,
  makeUserPairs,
  someSecrets,
  type UserPairs,
} from '../../test/support/account-world.ts';
import { Accounts } from './accounts.ts';
import { Attempts } from './attempts.ts';
import type { CodeMessage } from './code-sender.ts';
import { codesOfNetworkMax, codesPerDayMax, SentCodes } from './sent-codes.ts';
import { SignUps } from './sign-ups.ts';

// Codes by mail, and strangers who ask for those of somebody else, or enter wrong ones.

const day = 24 * 60 * 60 * 1_000;
const [alice, stranger] = [makeUserPairs(), makeUserPairs()];
const name = 'alice@example.com';
const refused = (reason: string) => expect.objectContaining({ reason });

async function world() {
  const disk = await accountDisk();
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const store = await openAccountStore(disk, { now });
  const accounts = new Accounts({ store, now });
  const attempts = new Attempts({ store, now });
  const mails: string[] = [];
  const post = { isDown: false };
  const sender = {
    how: 'mail',
    send: async ({ code }: CodeMessage) => {
      if (post.isDown) throw new Error('no mail server');
      mails.push(code);
    },
  } as const;
  const codes = new SentCodes({ store, sender, macKey: Buffer.alloc(32, 1), now });
  const signUps = new SignUps({ store, accounts, attempts, codes, terms: undefined, now });
  const create = async (pairs: UserPairs, address: string, account = name) => {
    const secrets = someSecrets(pairs.loginKey);
    const signers = [pairs.key, pairs.sudoKey, pairs.recoveryKey];
    const act = await actOn(account, undefined, creationOf(pairs, secrets), signers);
    const asker = { address, isLocal: address === '127.0.0.1' };
    return signUps.create({ act, secrets, acceptedTerms: Buffer.alloc(0) }, asker);
  };
  const enter = (pairs: UserPairs, code = '', address = '203.0.113.1', account = name) =>
    signUps.verify({ account, fingerprint: pairs.key.publicKey.fingerprintHex, code, address });
  const rootOf = async (account: string) => {
    const state = (await accounts.find(account))?.state;
    return state?.kind === 'user' ? state.key.fingerprintHex : undefined;
  };
  return { clock, store, accounts, signUps, mails, post, create, enter, rootOf };
}

test('a stranger who asks for the codes of a name fills no mailbox, and keeps its owner from nothing', async () => {
  const { create, enter, mails, rootOf, store } = await world();
  for (let index = 0; index < 8; index += 1) {
    const done = await create(stranger, `192.0.2.${index}`);
    expect(done).toBe(index < codesOfNetworkMax ? 'sent' : 'sent_before');
  }
  for (let network = 0; network < 20; network += 1) await create(stranger, `198.${network}.0.1`);
  expect(mails).toHaveLength(codesPerDayMax);
  // The owner, for whom none is left, enters any of those that came.
  expect(await create(alice, '203.0.113.1')).toBe('sent_before');
  await enter(alice, mails[2]);
  expect(await rootOf(name)).toBe(alice.key.publicKey.fingerprintHex);
  // The others count no more, and were never for any other name.
  await expect(enter(stranger, mails[3])).rejects.toEqual(refused('CODE_INVALID'));
  await create(stranger, '192.0.2.1', 'bob@example.com');
  await expect(enter(stranger, mails[3], '203.0.113.1', 'bob@example.com')).rejects.toEqual(
    refused('CODE_INVALID'),
  );
  await store.close();
});

test('wrong codes take nothing from right ones, and lock the address that they come from', async () => {
  const { create, enter, mails, rootOf, store, clock } = await world();
  await create(alice, '203.0.113.1');
  await create(stranger, '192.0.2.1');
  const guess = (pairs: UserPairs) => enter(pairs, 'AAAA-AAAA-AAAA', '192.0.2.1');
  for (let tries = 0; tries < 25; tries += 1) {
    const whose = tries % 2 === 0 ? alice : stranger;
    await expect(guess(whose)).rejects.toEqual(refused('CODE_INVALID'));
  }
  await expect(guess(stranger)).rejects.toEqual(refused('LOGIN_LOCKED'));
  await expect(enter(stranger, mails[1], '192.0.2.1')).rejects.toEqual(refused('LOGIN_LOCKED'));
  clock.nowMs += 31_000;
  await expect(guess(stranger)).rejects.toEqual(refused('CODE_INVALID'));
  await enter(alice, mails[0]?.toLowerCase().replaceAll('-', ' '));
  expect(await rootOf(name)).toBe(alice.key.publicKey.fingerprintHex);
  expect(mails[0]).toMatch(/^[A-HJ-NP-Z2-9]{4}(-[A-HJ-NP-Z2-9]{4}){2}$/);
  await store.close();
});

test('a code counts for a day, and so do the mails of it', async () => {
  const { create, enter, mails, clock, store } = await world();
  await create(alice, '203.0.113.1');
  clock.nowMs += day - 1;
  for (let index = 1; index < codesOfNetworkMax; index += 1) await create(alice, '203.0.113.1');
  expect(await create(alice, '203.0.113.1')).toBe('sent_before');
  clock.nowMs += 1;
  await expect(enter(alice, mails[0])).rejects.toEqual(refused('CODE_INVALID'));
  expect(await create(alice, '203.0.113.1')).toBe('sent');
  await enter(alice, mails[1]);
  await store.close();
});

test('whoever has asked for a name has another code sent without asking anew, and nobody else does', async () => {
  const { create, enter, signUps, mails, clock, rootOf, store } = await world();
  const asker = { address: '203.0.113.1', isLocal: false };
  const { fingerprintHex } = alice.key.publicKey;
  const unknown = refused('ACCOUNT_UNKNOWN');
  await expect(signUps.sendCode(name, asker, fingerprintHex)).rejects.toEqual(unknown);
  await create(alice, '203.0.113.1');
  await expect(signUps.sendCode(name, asker)).rejects.toEqual(unknown);
  const theirs = stranger.key.publicKey.fingerprintHex;
  await expect(signUps.sendCode(name, asker, theirs)).rejects.toEqual(unknown);
  clock.nowMs += day;
  expect(await signUps.sendCode(name, asker, fingerprintHex)).toBe('sent');
  await enter(alice, mails[1]);
  expect(await rootOf(name)).toBe(fingerprintHex);
  await store.close();
});

test('a code that could not be sent uses up none', async () => {
  const { create, enter, mails, post, store } = await world();
  post.isDown = true;
  for (let tries = 0; tries < codesPerDayMax; tries += 1) {
    await expect(create(alice, '203.0.113.1')).rejects.toThrow('no mail server');
  }
  post.isDown = false;
  expect(await create(alice, '203.0.113.1')).toBe('sent');
  await enter(alice, mails[0]);
  await store.close();
});

test('of many codes that are asked for at once no more are sent than may be', async () => {
  const { create, mails, store } = await world();
  const asked = Array.from({ length: 16 }, (_, network) => create(stranger, `198.${network}.0.1`));
  const done = await Promise.all(asked);
  expect(done.filter((one) => one === 'sent')).toHaveLength(codesPerDayMax);
  expect(mails).toHaveLength(codesPerDayMax);
  await store.close();
});

test('strangers keep nobody from verifying a name that has a key already', async () => {
  const { accounts, signUps, enter, mails, store } = await world();
  const claim = await actOn(name, undefined, claimOf(alice.key), [alice.key]);
  await accounts.claim(claim.bytes);
  const ask = (address: string) => signUps.sendCode(name, { address, isLocal: false });
  await ask('203.0.113.1');
  for (let network = 0; network < 12; network += 1) await ask(`198.${network}.0.1`);
  // Everybody knows the fingerprint of the key.
  for (let network = 0; network < 12; network += 1) {
    const guess = enter(alice, 'AAAA-AAAA-AAAA', `198.${network}.0.1`);
    await expect(guess).rejects.toEqual(refused('CODE_INVALID'));
  }
  expect(mails).toHaveLength(codesPerDayMax);
  await enter(alice, mails[0]);
  expect(await accounts.find(name)).toMatchObject({ isUnverified: false });
  await store.close();
});
