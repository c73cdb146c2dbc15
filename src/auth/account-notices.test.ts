import { expect, test } from 'vitest';
import { accountDisk, openAccountStore } from '../../test/support/account-store.ts';
import {
  actOn,
  creationOf,
  makeUserPairs,
  rotationTo,
  someSecrets,
} from '../../test/support/account-world.ts';
import { type Change, secretsHash } from '../account/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { type AccountNotice, AccountNotices, noticeText } from './account-notices.ts';
import { Accounts } from './accounts.ts';
import { encodeGroups } from './records.ts';

// What users are told of changes of their accounts, and what groups are known of keys that follow others.

const pairs = makeUserPairs();
const { key, sudoKey, recoveryKey } = pairs;
const secrets = someSecrets(pairs.loginKey);
const account = 'me@example.com';

async function world({ isUnverified = false, isFailing = false } = {}) {
  const now = () => 1_700_000_000_000;
  const store = await openAccountStore(await accountDisk(), { now });
  const told: AccountNotice[] = [];
  const notify = async (notice: AccountNotice) => {
    told.push(notice);
    if (isFailing) throw new Error('no mail today');
  };
  const notices = new AccountNotices({
    sender: { how: 'mail', send: async () => undefined, notify },
    now,
  });
  const accounts = new Accounts({ store, now, onAct: (taken) => notices.taken(taken) });
  const submit = async (
    change: Change,
    by: readonly KeyPair[],
    { given, isRecovery = false }: { given?: Buffer; isRecovery?: boolean } = {},
  ) => {
    const before = (await accounts.find(account))?.state;
    const act = await actOn(account, before, change, by);
    const submission = { act, secrets: given, isUnverified, isRecovery };
    await accounts.submit(submission);
    // Whoever hasn't had the answer asks again, and nobody is told twice.
    await accounts.submit(submission);
  };
  await submit(creationOf(pairs, secrets), [key, sudoKey, recoveryKey], { given: secrets });
  expect(told).toEqual([]);
  return { store, accounts, told, submit };
}

const secretsChange = (given: Buffer): Change => ({
  kind: 'secrets_change',
  secretsHash: secretsHash(given),
});

test('a user is told of another password, of replaced keys, of a recovery and of a removal, once each', async () => {
  const { store, told, submit } = await world({ isFailing: true });
  const other = someSecrets(pairs.loginKey, 2);
  await submit(secretsChange(other), [sudoKey], { given: other });
  expect(told).toEqual([
    {
      account,
      what: 'the password or the second factor was changed',
      timeUnixMs: 1_700_000_000_000,
    },
  ]);
  const next = KeyPair.generate();
  const third = someSecrets(pairs.loginKey, 3);
  await submit(rotationTo({ key: next, secrets: third }), [sudoKey, next], { given: third });
  expect(told.at(-1)?.what).toBe('keys were replaced');
  const fourth = someSecrets(pairs.loginKey, 4);
  const code = KeyPair.generate({ forSigningOnly: true });
  const recovery = rotationTo({ recoveryKey: code, secrets: fourth });
  await submit(recovery, [recoveryKey, code], { given: fourth, isRecovery: true });
  expect(told.at(-1)?.what).toBe('it was recovered, with the recovery code');
  await submit({ kind: 'user_removal' }, [sudoKey]);
  expect(told).toHaveLength(4);
  const words = noticeText(told[1] as AccountNotice);
  expect(words).toContain('at 2023-11-14T22:13:20.000Z:\n\n    keys were replaced\n');
  expect(words).toContain('atedb user recover');
  await store.close();
});

test('nothing is mailed to an address that nobody has shown to be theirs', async () => {
  const { store, told, submit } = await world({ isUnverified: true });
  const other = someSecrets(pairs.loginKey, 2);
  await submit(secretsChange(other), [sudoKey], { given: other });
  expect(told).toEqual([]);
  await store.close();
});

test('a key that follows another one is known in the groups of both', async () => {
  const { store, accounts, submit } = await world();
  const next = KeyPair.generate();
  const third = someSecrets(pairs.loginKey, 3);
  const groupsOf = (one: KeyPair) => accounts.groupsOf(one.publicKey.fingerprintHex);
  const put = (one: KeyPair, ...groups: string[]) => {
    const name = { kind: 'groups', about: one.publicKey.fingerprintHex } as const;
    return store.put([{ name, data: encodeGroups(groups) }]);
  };
  await put(key, 'early', 'both');
  // A group has named the new key before the user has it.
  await put(next, 'both', 'late');
  await submit(rotationTo({ key: next, secrets: third }), [sudoKey, next], { given: third });
  expect(await groupsOf(next)).toEqual(['early', 'both', 'late']);
  await store.close();
});
