import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ActSchema } from '../../gen/atedb/v1/account_pb.js';
import {
  actOn,
  changed,
  claimOf,
  creationOf,
  makeUserPairs,
  rotationTo,
  someSecrets,
} from '../../test/support/account-world.ts';
import { KeyPair } from '../crypto/index.ts';
import { type AccountState, verifyAct, verifyActs } from './account-state.ts';
import { parseAct } from './act.ts';
import type { Change } from './change.ts';
import { changedKeysMax } from './limits.ts';
import { secretsHash } from './secrets.ts';

const name = 'me@example.com';
const pairs = makeUserPairs();
const { key, sudoKey, recoveryKey, loginKey } = pairs;
const stranger = KeyPair.generate();
const secrets = someSecrets(loginKey);
const allKeys = [key, sudoKey, recoveryKey];
const created = await changed(name, undefined, creationOf(pairs, secrets), allKeys);
const claimed = await changed(name, undefined, claimOf(key), [key]);
const newSecrets = secretsHash(someSecrets(loginKey, 2));
const secretsChange: Change = { kind: 'secrets_change', secretsHash: newSecrets };

/** Have an act refused, with this reason. */
async function refused(
  reason: string,
  before: AccountState | undefined,
  change: Change,
  keys: readonly KeyPair[],
  of = name,
): Promise<void> {
  const act = await actOn(of, before, change, keys);
  await expect(verifyAct(before, act), reason).rejects.toMatchObject({ reason });
}

test('a user is created by an act that each of its keys has signed', async () => {
  expect(created).toMatchObject({ kind: 'user', version: 0, isRemoved: false, changed: [] });
  for (const some of [[key], [key, sudoKey], [sudoKey, recoveryKey], [...allKeys, stranger]]) {
    await refused('ACT_NOT_ALLOWED', undefined, creationOf(pairs, secrets), some);
  }
  await refused('ACT_NOT_ALLOWED', undefined, claimOf(key), [stranger]);
});

test('a user is created with all that a password needs, or with a key alone', async () => {
  const whole = creationOf(pairs, secrets);
  for (const part of ['sudoKey', 'recoveryKey', 'secretsHash']) {
    await refused('ACT_INVALID', undefined, { ...whole, [part]: undefined } as Change, allKeys);
  }
  await refused('ACT_INVALID', undefined, claimOf(sudoKey), [sudoKey]);
  const twice = { ...pairs, sudoKey: key };
  await refused('ACT_INVALID', undefined, creationOf(twice, secrets), [key, recoveryKey]);
  await refused('ACT_INVALID', undefined, claimOf(key), [key], 'team');
});

test('a user that is there is not created again, whatever is known of it', async () => {
  const again = await actOn(name, undefined, creationOf(pairs, secrets), allKeys);
  await expect(verifyAct(created, again)).rejects.toMatchObject({ reason: 'ACCOUNT_EXISTS' });
  await refused('ACT_INVALID', created, creationOf(pairs, secrets), [sudoKey]);
});

test('what a user logs in with is changed by the key of sudo alone', async () => {
  const after = await changed(name, created, secretsChange, [sudoKey]);
  expect(after).toMatchObject({ version: 1, secretsHash: newSecrets });
  for (const some of [[key], [recoveryKey], [stranger], [sudoKey, key], [sudoKey, recoveryKey]]) {
    await refused('ACT_NOT_ALLOWED', created, secretsChange, some);
  }
  await refused('ACT_INVALID', after, secretsChange, [sudoKey]);
  await refused('ACT_INVALID', claimed, secretsChange, [key]);
});

test('keys are replaced by the key of sudo or of recovery, and by each that is new', async () => {
  const [next, nextSudo, nextRecovery] = [makeUserPairs(), makeUserPairs(), makeUserPairs()];
  const rotation = rotationTo({ key: next.key, recoveryKey: nextRecovery.recoveryKey });
  const fresh = [next.key, nextRecovery.recoveryKey];
  for (const authority of [sudoKey, recoveryKey]) {
    const after = await changed(name, created, rotation, [authority, ...fresh]);
    expect(after.changed.map(({ role }) => role)).toEqual(['key', 'acts']);
    const { fingerprintHex } = sudoKey.publicKey;
    expect(after).toMatchObject({ sudoKey: { fingerprintHex } });
    // Who was replaced has no more say, and never comes back.
    await refused('ACT_NOT_ALLOWED', after, rotationTo({ sudoKey: nextSudo.sudoKey }), [
      recoveryKey,
      nextSudo.sudoKey,
    ]);
    await refused('ACT_INVALID', after, rotationTo({ key }), [sudoKey, key]);
    await refused('ACT_INVALID', after, rotationTo({ recoveryKey }), [sudoKey, recoveryKey]);
  }
  for (const some of [
    fresh,
    [sudoKey, next.key],
    [key, ...fresh],
    [stranger, ...fresh],
    [sudoKey, recoveryKey, ...fresh],
  ]) {
    await refused('ACT_NOT_ALLOWED', created, rotation, some);
  }
  await refused('ACT_INVALID', created, rotationTo({}), [sudoKey]);
  await refused('ACT_INVALID', created, rotationTo({ sudoKey: key }), [sudoKey, key]);
});

test('who claimed a name with a key becomes a user with a password by a rotation', async () => {
  const rotation = rotationTo({ sudoKey, recoveryKey, secrets });
  const after = await changed(name, claimed, rotation, allKeys);
  expect(after).toMatchObject({ version: 1, secretsHash: secretsHash(secrets), changed: [] });
  await refused('ACT_INVALID', claimed, rotationTo({ sudoKey, secrets }), [key, sudoKey]);
  await refused('ACT_NOT_ALLOWED', claimed, rotation, [sudoKey, recoveryKey]);
  // From then on the key alone has no say.
  await refused('ACT_NOT_ALLOWED', after, { kind: 'user_removal' }, [key]);
});

test('a delegated key is taken back once, and never one of the own', async () => {
  const { fingerprint } = stranger.publicKey;
  const revocation: Change = { kind: 'delegation_revocation', fingerprint };
  for (const one of [key, sudoKey]) {
    const after = await changed(name, created, revocation, [one]);
    expect(after.changed).toEqual([{ fingerprint, version: 1, role: 'delegated' }]);
    await refused('ACT_INVALID', after, revocation, [one]);
  }
  await refused('ACT_NOT_ALLOWED', created, revocation, [stranger]);
  for (const one of allKeys) {
    const own = { ...revocation, fingerprint: one.publicKey.fingerprint };
    await refused('ACT_INVALID', created, own, [sudoKey]);
  }
});

test('a user that was removed stays so', async () => {
  const removed = await changed(name, created, { kind: 'user_removal' }, [sudoKey]);
  expect(removed.isRemoved).toBe(true);
  await refused('ACT_NOT_ALLOWED', created, { kind: 'user_removal' }, [key]);
  await refused('ACCOUNT_REMOVED', removed, secretsChange, [sudoKey]);
  const again = await actOn(name, undefined, creationOf(pairs, secrets), allKeys);
  await expect(verifyAct(removed, again)).rejects.toMatchObject({ reason: 'ACCOUNT_EXISTS' });
});

test('an act can be neither replayed, nor reordered, nor put into another line', async () => {
  const first = await actOn(name, created, secretsChange, [sudoKey]);
  const after = await verifyAct(created, first);
  await expect(verifyAct(after, first)).rejects.toMatchObject({ reason: 'VERSION_CONFLICT' });
  const second = await actOn(name, after, { kind: 'user_removal' }, [sudoKey]);
  await expect(verifyAct(created, second)).rejects.toMatchObject({ reason: 'VERSION_CONFLICT' });
  // As many acts, and others.
  const rival = await changed(name, created, rotationTo({ key: stranger }), [sudoKey, stranger]);
  await expect(verifyAct(rival, second)).rejects.toMatchObject({ reason: 'VERSION_CONFLICT' });
  const other = await changed('you@example.com', undefined, creationOf(pairs, secrets), allKeys);
  await expect(verifyAct(other, first)).rejects.toMatchObject({ reason: 'ACT_INVALID' });
  await expect(verifyAct(undefined, first)).rejects.toMatchObject({ reason: 'ACCOUNT_UNKNOWN' });
});

test('an act whose signature was altered, or is over another header, is refused', async () => {
  const act = await actOn(name, created, secretsChange, [sudoKey]);
  const other = await actOn(name, created, { kind: 'user_removal' }, [sudoKey]);
  const message = fromBinary(ActSchema, act.bytes);
  const [signature] = message.signatures;
  if (signature === undefined) throw new Error('there is one');
  signature.signature[100] = (signature.signature[100] ?? 0) ^ 1;
  const altered = parseAct(toBinary(ActSchema, message));
  await expect(verifyAct(created, altered)).rejects.toMatchObject({ reason: 'SIGNATURE_INVALID' });
  const moved = create(ActSchema, {
    header: other.headerBytes,
    signatures: fromBinary(ActSchema, act.bytes).signatures,
  });
  await expect(verifyAct(created, parseAct(toBinary(ActSchema, moved)))).rejects.toMatchObject({
    reason: 'SIGNATURE_INVALID',
  });
});

test('all acts of an account are checked from the keys that the first one names', async () => {
  const first = await actOn(name, undefined, creationOf(pairs, secrets), allKeys);
  const state = await verifyActs([first]);
  const second = await actOn(name, state, secretsChange, [sudoKey]);
  expect(await verifyActs([first, second])).toMatchObject({ version: 1, head: second.hash });
  expect(await verifyActs([])).toBeUndefined();
  await expect(verifyActs([second])).rejects.toMatchObject({ reason: 'ACCOUNT_UNKNOWN' });
});

test('keys that are replaced without end are refused at some point', async () => {
  const full: AccountState = {
    ...created,
    changed: Array.from({ length: changedKeysMax }, (_, index) => {
      const fingerprint = Buffer.alloc(32);
      fingerprint.writeUInt32BE(index + 1);
      return { fingerprint, version: 1, role: 'key' as const };
    }),
  };
  await refused('TOO_MANY_KEYS', full, rotationTo({ key: stranger }), [sudoKey, stranger]);
  const almost = { ...full, changed: full.changed.slice(1) };
  await changed(name, almost, rotationTo({ key: stranger }), [sudoKey, stranger]);
});
