import { expect, test } from 'vitest';
import {
  type Chain,
  childPrimaryKey,
  KeyPair,
  type OpenOptions,
  primaryKeyFromName,
} from '../src/client/index.ts';
import { ServerForEach } from './support/server-for-each.ts';
import { all, testKey } from './support/test-client.ts';

// What a client tells of rules, and readers who are taken off.

const [alice, bob] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const each = new ServerForEach({ trustMode: 'distributed' });

async function as(key: KeyPair, options: OpenOptions = {}): Promise<Chain> {
  const client = await each.connect();
  return client.open('team/rules', { key, forAppend: true, ...options });
}

const hexOf = (keys: readonly { readonly fingerprint: Buffer }[]) =>
  keys.map(({ fingerprint }) => fingerprint.toString('hex')).sort();

test('the rules that count for an object are told, with the objects that have them, and keys that changed', async () => {
  const chain = await as(testKey);
  const inbox = primaryKeyFromName('inbox');
  const letter = childPrimaryKey(inbox, primaryKeyFromName('letter'));
  await chain.append({ primaryKey: inbox, write: [alice.publicKey], add: 'everyone', data: '' });
  await chain.append({
    kind: 'key_change',
    keyChange: { key: alice.publicKey, successor: bob.publicKey },
  });
  const told = await chain.rules({ name: 'letter', parent: inbox });
  expect(told).toMatchObject({ sequence: 3, isConfidential: false });
  expect(hexOf(told.roots)).toEqual([testKey.publicKey.fingerprintHex]);
  expect(told.object).toMatchObject({
    primaryKey: letter,
    parent: inbox,
    writeAt: inbox,
    write: {
      kind: 'keys',
      keys: [{ fingerprint: alice.publicKey.fingerprint, current: bob.publicKey.fingerprint }],
    },
    add: { kind: 'nobody' },
    read: { kind: 'everyone' },
    readAt: undefined,
  });
  expect(told.objects).toMatchObject([{ primaryKey: inbox, add: { kind: 'everyone' } }]);
  expect(hexOf(told.changedKeys)).toEqual([alice.publicKey.fingerprintHex]);
  expect(told.knownKeys).toHaveLength(3);
  expect((await chain.rules()).object).toMatchObject({
    primaryKey: undefined,
    write: { kind: 'roots' },
    writeAt: undefined,
  });
});

test('more readers than the header of an event has room for are set at once', async () => {
  const chain = await as(testKey, { confidential: true });
  const many = Array.from({ length: 17 }, () => KeyPair.generate());
  await chain.setReaders(many.map(({ publicKey }) => publicKey));
  const { object } = await chain.rules();
  expect(object.read.kind === 'sealed' && object.read.readers).toHaveLength(18);
});

test('who is taken off reads no more; those who stay do, and a key that was replaced gives nothing to its successor', async () => {
  const chain = await as(testKey, { confidential: true });
  const [carol, dave] = [KeyPair.generate(), KeyPair.generate()];
  await chain.setReaders([alice, bob, dave].map(({ publicKey }) => publicKey));
  await chain.append({ data: 'one' });
  await chain.append({
    kind: 'key_change',
    keyChange: { key: bob.publicKey, successor: carol.publicKey },
  });
  const stranger = chain.removeReaders([carol.publicKey.fingerprint]);
  await expect(stranger).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  const myself = chain.removeReaders([testKey.publicKey.fingerprint]);
  await expect(myself).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  await chain.removeReaders([alice.publicKey.fingerprint]);
  await chain.append({ data: 'two' });
  const { object } = await chain.rules();
  expect(object.read.kind === 'sealed' && hexOf(object.read.readers)).toEqual(
    hexOf([testKey.publicKey, dave.publicKey]),
  );
  const readBy = async (key: KeyPair) =>
    (await all((await as(key)).read()))
      .filter(({ kind }) => kind === 'data')
      .map(({ data, sealed }) => (sealed?.state === 'open' ? String(data) : '?'));
  expect(await readBy(alice)).toEqual(['one', '?']);
  expect(await readBy(carol)).toEqual(['?', '?']);
  expect(await readBy(dave)).toEqual(['one', 'two']);
  expect(await readBy(testKey)).toEqual(['one', 'two']);
});

test('nobody is taken off where data is in clear, and none is put in clear into requests of a sealed chain', async () => {
  const open = await as(testKey);
  await open.append({ data: 'x' });
  const off = open.removeReaders([alice.publicKey.fingerprint]);
  await expect(off).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  await open.setReaders([], { name: 'mine' });
  await open.rules();
  await expect(open.sealRequests({ data: 'x' })).rejects.toMatchObject({ reason: 'UNSUPPORTED' });
});

test('who may write a parent, and not the chain, sets the readers of its children by their names', async () => {
  const box = primaryKeyFromName('box');
  await (await as(testKey)).append({ primaryKey: box, write: [alice.publicKey], data: '' });
  const chain = await as(alice);
  const mine = { name: 'mine', parent: box };
  await chain.setReaders([], mine);
  await chain.append({ ...mine, data: 'secret' });
  const [, , , event] = await all((await as(bob)).read());
  expect(event?.sealed?.state).toBe('no key');
  // One who doesn't know of the rule yet is told by the refusal, and looks.
  await (await as(alice)).append({ ...mine, data: 'another' });
  const own = await all((await as(alice)).read({ from: 3 }));
  expect(own.map(({ data }) => String(data))).toEqual(['secret', 'another']);
});

test('who joins late reads what was written long before, and what was read in vain before', async () => {
  const chain = await as(testKey, { confidential: true });
  await chain.setReaders([]);
  await chain.append({ data: 'early' });
  const reader = await as(bob);
  const early = async () => (await reader.get({ sequence: 2 }))?.sealed?.state;
  expect(await early()).toBe('no key');
  await chain.append({ data: 'x'.repeat(2_000_000) });
  await chain.addReaders([bob.publicKey]);
  const fresh = await as(bob);
  // It comes in a slice before the one that has the key.
  const [, , event] = await all(fresh.read({ end: 3 }));
  expect(event?.data?.toString()).toBe('early');
  expect((await fresh.get({ sequence: 2 }))?.sealed?.state).toBe('open');
  // One who was there before learns of it by what comes.
  for await (const _event of reader.read({ from: 3 }));
  expect(await early()).toBe('open');
});

test('who was not given a read key can plant no reader for the time when somebody is taken off', async () => {
  const chain = await as(testKey, { confidential: true });
  await chain.setReaders([alice.publicKey]);
  const { object } = await chain.rules();
  const readKeyId = object.read.kind === 'sealed' ? object.read.readKeyId : Buffer.alloc(0);
  const board = primaryKeyFromName('board');
  await chain.append({ kind: 'rules', primaryKey: board, write: 'everyone' });
  const wrappedKeys = [testKey, bob].map(({ publicKey: { fingerprint: recipient } }) => {
    return { readKeyId, recipient, wrapped: Buffer.alloc(1_200, 1) };
  });
  const mallory = await as(bob);
  const planted = { kind: 'rules', primaryKey: board, publicKeys: [bob.publicKey], wrappedKeys };
  await mallory.append({ ...planted, kind: 'rules' });
  // By a rule of an object of his own, too.
  await mallory.append({ ...planted, kind: 'rules', read: readKeyId });
  const before = (await (await as(testKey)).rules()).object.read;
  expect(before.kind === 'sealed' && hexOf(before.readers)).toEqual(
    hexOf([testKey.publicKey, alice.publicKey]),
  );
  await chain.removeReaders([alice.publicKey.fingerprint]);
  const after = (await (await as(testKey)).rules()).object.read;
  expect(after.kind === 'sealed' && hexOf(after.readers)).toEqual(hexOf([testKey.publicKey]));
  // What was written over nothing is opened as before.
  await chain.append({ data: 'mine' });
  const [newest] = await all((await as(testKey)).read({ reverse: true, limit: 1 }));
  expect(newest?.data?.toString()).toBe('mine');
});
