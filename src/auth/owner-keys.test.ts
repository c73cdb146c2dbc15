import { expect, test } from 'vitest';
import {
  changed,
  creationOf,
  makeUserPairs,
  rotationTo,
  someSecrets,
} from '../../test/support/account-world.ts';
import { KeyPair } from '../crypto/index.ts';
import { ownerKeysOf } from './owner-keys.ts';

const name = 'me@example.com';
const pairs = makeUserPairs();
const { key, sudoKey, recoveryKey, loginKey } = pairs;

test('the chains of an owner are told its key, and which ones count no more', async () => {
  const stranger = KeyPair.generate();
  const [second, third] = [KeyPair.generate(), KeyPair.generate()];
  const recovery = KeyPair.generate({ forSigningOnly: true });
  const { fingerprint } = stranger.publicKey;
  const signers = [key, sudoKey, recoveryKey];
  let state = await changed(name, undefined, creationOf(pairs, someSecrets(loginKey)), signers);
  state = await changed(name, state, { kind: 'delegation_revocation', fingerprint }, [key]);
  const before = ownerKeysOf(state, { changes: 0, isUnverified: true }, 1);
  expect(before).toMatchObject({ version: 1, isUnverified: true, isRemoved: false, changed: [] });
  const rotation = rotationTo({ key: second, recoveryKey: recovery });
  state = await changed(name, state, rotation, [sudoKey, second, recovery]);
  state = await changed(name, state, rotationTo({ key: third }), [sudoKey, third]);
  const since = (version: number) =>
    ownerKeysOf(state, { changes: 1, isUnverified: false }, version).changed.map((one) => [
      one.fingerprint.toString('hex'),
      one.successor?.toString('hex'),
    ]);
  const { version, roots } = ownerKeysOf(state, { changes: 1, isUnverified: false }, 0);
  expect(version).toBe(4);
  // Whoever knows nothing yet is told the version before a key was taken back, and so asks for that next.
  const first = ownerKeysOf(state, { changes: 1, isUnverified: false }, undefined);
  expect(first).toMatchObject({ version: 1, changed: [], roots });
  expect(since(first.version)[0]).toEqual([stranger.publicKey.fingerprintHex, undefined]);
  expect(roots).toEqual([third.publicKey]);
  const now = third.publicKey.fingerprintHex;
  const rotated = [
    [key.publicKey.fingerprintHex, now],
    [second.publicKey.fingerprintHex, now],
  ];
  expect(since(0)).toEqual([[stranger.publicKey.fingerprintHex, undefined], ...rotated]);
  // Of when the account was verified nothing is known, so more may be told than has changed, and never less.
  expect(since(before.version).slice(-2)).toEqual(rotated);
  expect(since(4)).toEqual([]);
});
