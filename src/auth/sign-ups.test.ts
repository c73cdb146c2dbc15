import { expect, test } from 'vitest';
import { accountDisk, openAccountStore } from '../../test/support/account-store.ts';
import {
  actOn,
  changed,
  claimOf,
  creationOf,
  makeUserPairs,
  rotationTo,
  someSecrets,
} from '../../test/support/account-world.ts';
import { type Change, secretsHash } from '../account/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { Accounts } from './accounts.ts';
import { Attempts } from './attempts.ts';
import type { CodeMessage } from './code-sender.ts';
import { SentCodes } from './sent-codes.ts';
import { SignUps } from './sign-ups.ts';

const day = 24 * 60 * 60 * 1_000;
const pairs = makeUserPairs();
const secrets = someSecrets(pairs.loginKey);
const signers = [pairs.key, pairs.sudoKey, pairs.recoveryKey];
const fingerprint = pairs.key.publicKey.fingerprintHex;
const remote = { address: '192.0.2.1', isLocal: false };
const local = { address: '127.0.0.1', isLocal: true };
const none = Buffer.alloc(0);

async function world({ sends = true }: { readonly sends?: boolean } = {}) {
  const disk = await accountDisk();
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const store = await openAccountStore(disk, { now });
  const accounts = new Accounts({ store, now });
  const attempts = new Attempts({ store, now });
  const sent: CodeMessage[] = [];
  const sender = { how: 'mail', send: async (one: CodeMessage) => void sent.push(one) } as const;
  const codes = new SentCodes({ store, sender, macKey: Buffer.alloc(32, 1), now });
  const used = sends ? codes : undefined;
  const signUps = new SignUps({ store, accounts, attempts, codes: used, terms: undefined, now });
  const create = async (account: string, asker = remote) => {
    const act = await actOn(account, undefined, creationOf(pairs, secrets), signers);
    return signUps.create({ act, secrets, acceptedTerms: none }, asker);
  };
  /** Enter a code. */
  const enter = (account: string, code = '', address: string | undefined = remote.address) =>
    signUps.verify({ account, fingerprint, code, address });
  return { store, accounts, signUps, sent, clock, create, enter };
}

const refusal = (reason: string) => ({ reason });

test('without codes users are created on the own machine only, and are unverified', async () => {
  const { create, accounts, signUps, store } = await world({ sends: false });
  await expect(create('a@example.com')).rejects.toMatchObject(refusal('SIGN_UP_CLOSED'));
  expect(await create('a@example.com', local)).toBe('created');
  expect(await accounts.find('a@example.com')).toMatchObject({ isUnverified: true });
  // A retry with the same act is answered the same.
  expect(await create('a@example.com', local)).toBe('created');
  await expect(signUps.sendCode('a@example.com', local)).rejects.toMatchObject(
    refusal('SIGN_UP_CLOSED'),
  );
  await store.close();
});

test('an act that no account takes is refused before anything is kept or sent', async () => {
  const { signUps, sent, store } = await world();
  const commits = store.commits;
  const unsigned = await actOn('a@example.com', undefined, creationOf(pairs, secrets), [pairs.key]);
  const claim = await actOn('a@example.com', undefined, claimOf(pairs.key), [pairs.key]);
  const whole = await actOn('a@example.com', undefined, creationOf(pairs, secrets), signers);
  const other = someSecrets(pairs.loginKey, 9);
  for (const [act, given, reason] of [
    [unsigned, secrets, 'ACT_NOT_ALLOWED'],
    [claim, secrets, 'ACT_INVALID'],
    [whole, other, 'ACT_INVALID'],
    [whole, Buffer.from('x'), 'NON_CANONICAL'],
  ] as const) {
    const made = signUps.create({ act, secrets: given, acceptedTerms: none }, remote);
    await expect(made).rejects.toMatchObject(refusal(reason));
  }
  expect(sent).toEqual([]);
  // The one whose signatures had to be verified was counted.
  expect(store.commits).toBeLessThanOrEqual(commits + 2);
  await store.close();
});

test('an address creates so many accounts in a day, and the own machine more', async () => {
  const { create, clock, store } = await world();
  for (let index = 0; index < 20; index += 1) await create(`u${index}@example.com`);
  await expect(create('one-more@example.com')).rejects.toMatchObject(refusal('ACCOUNT_LIMIT'));
  await create('one-more@example.com', { ...remote, address: '192.0.2.2' });
  for (let index = 0; index < 25; index += 1) await create(`l${index}@example.com`, local);
  clock.nowMs += day;
  await create('tomorrow@example.com');
  await store.close();
});

test('an account whose name nobody has checked is verified by a code, and its answers change', async () => {
  const { accounts, signUps, enter, sent, store } = await world();
  const account = 'a@example.com';
  const claim = await actOn(account, undefined, claimOf(pairs.key), [pairs.key]);
  await accounts.claim(claim.bytes);
  expect(await accounts.claim(claim.bytes)).toBe(account);
  const told: string[] = [];
  accounts.onChange((owner) => told.push(owner));
  const before = await accounts.ownerKeys(account, undefined);
  await signUps.sendCode(account, remote);
  await enter(account, sent.at(-1)?.code);
  const after = await accounts.ownerKeys(account, undefined);
  expect([before?.isUnverified, after?.isUnverified]).toEqual([true, false]);
  expect(after?.version).toBe((before?.version ?? 0) + 1);
  expect(told).toEqual([account]);
  await signUps.sendCode(account, remote);
  expect(sent).toHaveLength(1);
  await expect(signUps.sendCode('x@example.com', remote)).rejects.toMatchObject(
    refusal('ACCOUNT_UNKNOWN'),
  );
  await store.close();
});

test('of two acts at once one has the place, and each is answered the same again', async () => {
  const { create, accounts, store } = await world({ sends: false });
  const account = 'a@example.com';
  await create(account, local);
  const state = await changed(account, undefined, creationOf(pairs, secrets), signers);
  const rivals = [2, 3].map((mark) => someSecrets(pairs.loginKey, mark));
  const acts = await Promise.all(
    rivals.map((one) => {
      const change: Change = { kind: 'secrets_change', secretsHash: secretsHash(one) };
      return actOn(account, state, change, [pairs.sudoKey]);
    }),
  );
  const submit = (index: number) =>
    accounts.submit({
      ...{ isRecovery: false, isUnverified: false, secrets: rivals[index] },
      act: acts[index] as (typeof acts)[number],
    });
  const outcomes = await Promise.allSettled([submit(0), submit(1)]);
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(outcomes[1 - winner]).toMatchObject({ reason: { reason: 'VERSION_CONFLICT' } });
  expect((await submit(winner)).state.version).toBe(1);
  await expect(submit(1 - winner)).rejects.toMatchObject(refusal('VERSION_CONFLICT'));
  expect(await accounts.actOf(account, 1)).toEqual(acts[winner]?.bytes);
  expect(await accounts.actOf(account, 2)).toBeUndefined();
  await store.close();
});

test('the key of recovery signs in a recovery only', async () => {
  const { create, accounts, store } = await world({ sends: false });
  const account = 'a@example.com';
  await create(account, local);
  const state = await changed(account, undefined, creationOf(pairs, secrets), signers);
  const next = KeyPair.generate({ forSigningOnly: true });
  const act = await actOn(account, state, rotationTo({ recoveryKey: next }), [
    pairs.recoveryKey,
    next,
  ]);
  const common = { act, secrets: undefined, isUnverified: false };
  await expect(accounts.submit({ ...common, isRecovery: false })).rejects.toMatchObject(
    refusal('ACT_NOT_ALLOWED'),
  );
  await accounts.submit({ ...common, isRecovery: true });
  await store.close();
});
