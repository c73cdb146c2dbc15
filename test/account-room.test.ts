import { expect, test } from 'vitest';
import {
  type AccountState,
  actsBytesMax,
  actsMax,
  type Change,
  type ChangedKey,
  changedKeysMax,
  type GroupMember,
  type GroupState,
  groupRoles,
  verifyAct,
} from '../src/account/index.ts';
import { Accounts } from '../src/auth/accounts.ts';
import { Attempts } from '../src/auth/attempts.ts';
import { Groups } from '../src/auth/groups.ts';
import { encodeAccount } from '../src/auth/records.ts';
import { planChange, planCreation } from '../src/client/group-plan.ts';
import { openGroup } from '../src/client/opened-group.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { parseOwner } from '../src/event/index.ts';
import { accountDisk, openAccountStore } from './support/account-store.ts';
import { actOn, changed, creationOf, makeUserPairs, someSecrets } from './support/account-world.ts';

// What is left of an account's room is its owner's: nobody else keeps it from being changed, or from being read.

const group = parseOwner('team');
const [anna, bert, cora] = Array.from({ length: 3 }, () => KeyPair.generate()) as [
  KeyPair,
  KeyPair,
  KeyPair,
];
const member = ({ publicKey: key }: KeyPair): GroupMember => ({
  ...{ account: undefined, key, sudoKey: undefined },
});
const creation = planCreation(group, groupRoles, member(anna));
const firstAct = await actOn(group.text, undefined, creation, [anna]);
const first = (await verifyAct(undefined, firstAct)) as GroupState;
const { keys } = openGroup(first, [firstAct], [anna]);
const filling = planChange(first, keys, [
  { role: 'delegate', added: [member(bert)] },
  { role: 'contributor', added: [member(cora)] },
]);
const team = (await changed(group.text, first, filling, [anna])) as GroupState;
const taking = (role: string, { publicKey }: KeyPair): Change =>
  planChange(team, keys, [{ role, removed: [publicKey.fingerprintHex] }]);

const pairs = makeUserPairs();
const secrets = someSecrets(pairs.loginKey);
const user = await changed('me@example.com', undefined, creationOf(pairs, secrets), [
  ...[pairs.key, pairs.sudoKey, pairs.recoveryKey],
]);

const revocation = (byte: number): Change => ({
  ...{ kind: 'delegation_revocation', fingerprint: Buffer.alloc(32, byte) },
});
const removal: Change = { kind: 'secrets_change', secretsHash: Buffer.alloc(32, 9) };

async function take(before: AccountState, change: Change, by: KeyPair): Promise<AccountState> {
  return changed(before.account.text, before, change, [by]);
}

function manyKeys(count: number): ChangedKey[] {
  return Array.from({ length: count }, (_, index) => {
    const fingerprint = Buffer.alloc(32, 200);
    fingerprint.writeUInt32BE(index);
    return { fingerprint, version: 0, role: 'delegated' };
  });
}

/** An account that has used up what others than its owner may use, and what it may use itself. */
const rooms: [what: string, reason: string, at: (isWhole: boolean) => Partial<AccountState>][] = [
  ['acts', 'ACCOUNT_LIMIT', (isWhole) => ({ version: actsMax - 1 - (isWhole ? 0 : 1_000) })],
  [
    'bytes of acts',
    'ACCOUNT_LIMIT',
    (isWhole) => ({ actsBytes: actsBytesMax - 1_000 - (isWhole ? 0 : 32 * 1_048_576) }),
  ],
  [
    'keys that were changed',
    'TOO_MANY_KEYS',
    (isWhole) => ({ changed: manyKeys(changedKeysMax - (isWhole ? 0 : 256)) }),
  ],
];

test.each(rooms)('the last %s are the owner’s: %s', async (_what, reason, at) => {
  const refused = expect.objectContaining({ reason });
  const inTeam = { ...team, ...at(false) } as GroupState;
  await expect(take(inTeam, revocation(1), bert)).rejects.toEqual(refused);
  await take(inTeam, revocation(1), anna);
  // Who has used it up can be removed, and one who is below it, by the owner alone.
  await take(inTeam, taking('delegate', bert), anna);
  await expect(take(inTeam, taking('contributor', cora), bert)).rejects.toEqual(refused);
  await take(inTeam, taking('contributor', cora), anna);
  const ofUser = { ...user, ...at(false) } as AccountState;
  await expect(take(ofUser, revocation(1), pairs.key)).rejects.toEqual(refused);
  await take(ofUser, revocation(1), pairs.sudoKey);
  const fresh = KeyPair.generate({ forSigningOnly: true });
  const recovery: Change = {
    ...{ kind: 'user_rotation', key: undefined, sudoKey: fresh.publicKey },
    ...{ recoveryKey: undefined, secretsHash: Buffer.alloc(32, 3) },
  };
  await changed('me@example.com', ofUser, recovery, [pairs.recoveryKey, fresh]);
});

test.each(rooms)('an account that has all its %s takes no more: %s', async (_what, reason, at) => {
  const refused = expect.objectContaining({ reason });
  const whole = { ...team, ...at(true) } as GroupState;
  await expect(take(whole, revocation(1), anna)).rejects.toEqual(refused);
  const change = reason === 'TOO_MANY_KEYS' ? undefined : removal;
  const ofUser = { ...user, ...at(true) } as AccountState;
  if (change !== undefined)
    await expect(take(ofUser, change, pairs.sudoKey)).rejects.toEqual(refused);
  // What changes no key has room.
  else await take(ofUser, removal, pairs.sudoKey);
});

test('the bytes of all acts are counted', async () => {
  const act = await actOn(group.text, first, filling, [anna]);
  expect(first.actsBytes).toBe(firstAct.bytes.length);
  expect(team.actsBytes).toBe(firstAct.bytes.length + act.bytes.length);
});

test('a delegate that has used up the acts of a day does not keep an owner from removing it', async () => {
  const store = await openAccountStore(await accountDisk());
  const accounts = new Accounts({ store, now: () => 1_700_000_000_000 });
  const others = { secrets: undefined, isRecovery: false, isUnverified: true };
  const record = await accounts.submit({ act: firstAct, ...others });
  const used = async (count: number) => {
    const acts = { dayUnixMs: 1_700_000_000_000, count };
    const data = encodeAccount({ ...record, state: team, acts });
    await store.put([{ name: { kind: 'account', about: group.text }, data }]);
  };
  const submit = async (change: Change, by: KeyPair) =>
    accounts.submit({ act: await actOn(group.text, team, change, [by]), ...others });
  const refused = expect.objectContaining({ reason: 'ACCOUNT_LIMIT' });
  await used(400);
  await expect(submit(revocation(1), bert)).rejects.toEqual(refused);
  await submit(taking('delegate', bert), anna);
  await used(500);
  await expect(submit(taking('delegate', bert), anna)).rejects.toEqual(refused);
  await store.close();
});

test('groups that nobody has signed use up nobody’s share of those that an address may create', async () => {
  const disk = await accountDisk();
  const now = () => 1_700_000_000_000;
  const store = await openAccountStore(disk, { now });
  const accounts = new Accounts({ store, now });
  const groups = new Groups({
    accounts,
    attempts: new Attempts({ store, now }),
    sendsCodes: false,
  });
  const userAct = await actOn('me@example.com', undefined, creationOf(pairs, secrets), [
    ...[pairs.key, pairs.sudoKey, pairs.recoveryKey],
  ]);
  await accounts.submit({ act: userAct, secrets, isUnverified: true, isRecovery: false });
  const asker = { address: '192.0.2.1', isLocal: false };
  const owner = {
    ...{ account: 'me@example.com', key: pairs.key.publicKey, sudoKey: pairs.sudoKey.publicKey },
  };
  const create = async (name: string, signer: KeyPair) => {
    const change = planCreation(parseOwner(name), groupRoles, owner);
    await groups.create(await actOn(name, undefined, change, [signer]), asker);
  };
  for (let times = 0; times < 21; times += 1) {
    await expect(create('team', bert)).rejects.toMatchObject({ reason: 'ACT_NOT_ALLOWED' });
  }
  for (let times = 0; times < 20; times += 1) await create(`team-${times}`, pairs.sudoKey);
  await expect(create('one-more', pairs.sudoKey)).rejects.toMatchObject({
    reason: 'ACCOUNT_LIMIT',
  });
  await store.close();
});
