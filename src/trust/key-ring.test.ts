import { expect, test } from 'vitest';
import { batchOf, keysOf, ownershipOf } from '../../test/support/authority/build-batch.ts';
import type { OracleEvent } from '../../test/support/authority/oracle-types.ts';
import { chainKeysMax, chainKeysReserve } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { admitBatch } from './admit-batch.ts';
import { Authority } from './authority.ts';
import { KeyRing } from './key-ring.ts';
import { takeBackAll, type Undo } from './undo.ts';

const keyOf = (number: number) => ({ fingerprintHex: `key ${number}` }) as PublicKey;

test('a chain knows so many keys beside its roots, and not one more', () => {
  const others = Array.from({ length: chainKeysMax - 1 }, (_, number) => keyOf(number));
  const ring = new KeyRing({ roots: [keyOf(-1)], others, changed: [] });
  ring.add(keyOf(chainKeysMax), []);
  expect(() => ring.add(keyOf(chainKeysMax + 1), [])).toThrow(
    expect.objectContaining({ reason: 'TOO_MANY_KEYS' }),
  );
  // One that is known takes no room.
  ring.add(keyOf(0), []);
});

test('where strangers have used up all keys, those that are known write on, and nobody else', async () => {
  const others = Array.from({ length: chainKeysMax - 1 }, (_, number) => keyOf(number));
  const known = [...others, ...keysOf(['alice'])];
  const keys = { roots: keysOf(['root']), others: known, changed: [] };
  const authority = new Authority({
    keys,
    delegations: [],
    isConfidential: false,
    isPrivate: false,
    rootRules: {},
    nodes: [],
  });
  const decide = async (event: OracleEvent) => {
    const batch = await batchOf([event], { showsSigners: true });
    authority.keysOf(batch);
    return authority.decide(batch, { timeUnixMs: 1, chainKey: 'example.com/me/test' });
  };
  const data = { kind: 'data', object: 'a' } as const;
  await decide({ ...data, write: 'everyone', actors: ['root'] });
  await decide({ ...data, actors: ['alice'] });
  await expect(decide({ ...data, actors: ['stranger'] })).rejects.toMatchObject({
    reason: 'TOO_MANY_KEYS',
  });
  await decide({ ...data, actors: ['alice'] });
});

test('the last keys that a server takes are those of batches from whom a rule names', async () => {
  const limit = chainKeysMax - chainKeysReserve;
  const alice = keysOf(['alice']);
  const others = Array.from({ length: limit - 2 }, (_, number) => keyOf(number));
  const authority = new Authority({
    keys: { roots: keysOf(['root']), others: [...others, ...alice], changed: [] },
    ...{ delegations: [], isConfidential: false, isPrivate: false, rootRules: {}, nodes: [] },
  });
  const admit = async (event: OracleEvent, showsSigners = true) => {
    const batch = await batchOf([event], { showsSigners });
    authority.keysOf(batch);
    return admitBatch(authority, batch, { timeUnixMs: 1, chainKey: 'example.com/me/test' });
  };
  const data = { kind: 'data', object: 'a' } as const;
  await admit({ ...data, write: 'everyone', actors: ['root'] });
  expect(authority.keys.othersCount).toBe(limit - 1);
  await admit({ ...data, actors: ['bob'] });
  expect(authority.keys.othersCount).toBe(limit);
  const before = authority.record();
  await expect(admit({ ...data, actors: ['stranger'] })).rejects.toMatchObject({
    reason: 'TOO_MANY_KEYS',
    metadata: { limit_keys: String(limit) },
  });
  expect(authority.record()).toEqual(before);
  // Who is known writes on, and a root goes beyond; readers take what a server has taken.
  await admit({ ...data, actors: ['bob'] }, false);
  const batch = await batchOf([{ ...data, actors: ['stranger'] }], { showsSigners: true });
  authority.decide(batch, { timeUnixMs: 1, chainKey: 'example.com/me/test' });
  expect(authority.keys.othersCount).toBe(limit + 1);
  await admit({ kind: 'data', object: 'b', write: ['other'], actors: ['root'] });
  await admit({ kind: 'data', object: 'b', actors: ['other'] });
  expect(authority.keys.othersCount).toBe(limit + 2);
});

test('what a server takes of an auth service is never too much', async () => {
  const limit = chainKeysMax - chainKeysReserve;
  const said = {
    ...{ owner: 'me@example.com', service: 'server', version: 1, expires: 100 },
    ...{ roots: ['root'], writers: [], changed: [], isRemoved: false },
  };
  const authority = new Authority({
    keys: {
      roots: keysOf(['root']),
      others: Array.from({ length: limit }, (_, number) => keyOf(number)),
      changed: [],
    },
    ...{ delegations: [], isConfidential: false, isPrivate: false, rootRules: {}, nodes: [] },
    ...ownershipOf(said),
  });
  const answer = { ...said, version: 2, roots: ['alice'], writers: ['bob'] };
  const batch = await batchOf([{ kind: 'auth_answer', answer, actors: ['server'] }]);
  admitBatch(authority, batch, { timeUnixMs: 1, chainKey: 'example.com/me/test' });
  expect(authority.keys.othersCount).toBeGreaterThan(limit);
  expect(authority.keys.owners).toEqual(keysOf(['alice', 'bob']).map((key) => key.fingerprintHex));
});

test('however many keys a chain knows, it learns whose it is', () => {
  const others = Array.from({ length: chainKeysMax }, (_, number) => keyOf(number));
  const ring = new KeyRing({ roots: [keyOf(-1)], others, changed: [] });
  const [root, writer] = keysOf(['alice', 'bob']) as [PublicKey, PublicKey];
  const undo: Undo = [];
  ring.setOwners([root], [writer], undo);
  expect(ring.owners).toEqual([root.fingerprintHex, writer.fingerprintHex]);
  expect(ring.find(writer.fingerprintHex)).toBe(writer);
  expect(ring.isRoot(writer.fingerprintHex)).toBe(false);
  takeBackAll(undo);
  expect(ring.owners).toEqual(['key -1']);
  expect(ring.find(writer.fingerprintHex)).toBeUndefined();
});

test('what a service says follows a key goes before what the key has said, for those before it too, and leads to nobody in a circle', () => {
  const ring = new KeyRing({ roots: [keyOf(-1)], others: [], changed: [] });
  ring.follow('role 0', 'role 1', []);
  ring.change('role 1', 'thief', []);
  ring.change('mine', 'thief', []);
  expect([...ring.namesOf('thief')].sort()).toEqual(['mine', 'role 0', 'role 1', 'thief']);
  const undo: Undo = [];
  ring.follow('role 1', 'role 2', undo);
  expect([...ring.namesOf('role 2')].sort()).toEqual(['role 0', 'role 1', 'role 2']);
  expect([...ring.namesOf('thief')].sort()).toEqual(['mine', 'thief']);
  // What is stored says the same.
  expect(new KeyRing(ring.record()).namesOf('role 2')).toEqual(ring.namesOf('role 2'));
  ring.change('role 2', 'role 3', undo);
  ring.follow('role 2', 'role 0', undo);
  expect(['role 0', 'role 1', 'role 2'].map((name) => ring.currentOf(name))).toEqual([
    ...[undefined, undefined, undefined],
  ]);
  // Given up for nobody: it stays so.
  ring.follow('role 2', 'role 4', undo);
  expect(ring.currentOf('role 2')).toBeUndefined();
  takeBackAll(undo);
  expect([...ring.namesOf('thief')].sort()).toEqual(['mine', 'role 0', 'role 1', 'thief']);
});
