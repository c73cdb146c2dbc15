import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IdentityStore, identityHome } from './identity-store.ts';

let home: string;
let store: IdentityStore;
beforeEach(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'atedb-home-')), '.ate');
  store = new IdentityStore(home);
});
afterEach(() => rm(join(home, '..'), { recursive: true }));

test('the home is ATE_HOME, else ~/.ate', () => {
  expect(identityHome({})).toBe(join(homedir(), '.ate'));
  expect(identityHome({ ATE_HOME: '' })).toBe(join(homedir(), '.ate'));
  expect(identityHome({ ATE_HOME: '/keys' })).toBe('/keys');
  expect(() => identityHome({ ATE_HOME: '/dev/null' })).toThrow(
    expect.objectContaining({
      reason: 'REQUEST_INVALID',
      message: expect.stringContaining('/dev/null is to be the folder of keys'),
    }),
  );
});

test('a new store is empty and makes nothing', async () => {
  expect(await store.list()).toEqual([]);
  expect(await store.exists('default')).toBe(false);
  await expect(stat(home)).rejects.toThrow(/ENOENT/);
});

test('creates, lists, gets, and never replaces', async () => {
  const made = await store.create('work');
  await store.create('default');
  expect(await store.list()).toEqual(['default', 'work']);
  expect(await store.exists('work')).toBe(true);
  const got = await store.get('work');
  expect(got.path).toBe(join(home, 'keys', 'work.key'));
  expect(got.keyPair.publicKey.fingerprint).toEqual(made.keyPair.publicKey.fingerprint);
  await expect(store.create('work')).rejects.toThrow(/there is a key "work" already/);
  expect((await stat(home)).mode & 0o777).toBe(0o700);
  // Others can encrypt to a user's key.
  expect(got.keyPair.publicKey.kem?.bytes).toHaveLength(1216);
});

test('of two processes that make the same key, one wins and the other is told', async () => {
  const outcomes = await Promise.allSettled([
    store.create('a'),
    store.create('a'),
    store.create('a'),
  ]);
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(won).toHaveLength(1);
  const kept = await store.get('a');
  expect(kept.keyPair.publicKey.bytes).toEqual(won[0]?.value.keyPair.publicKey.bytes);
});

test('an exported key can be imported under another name', async () => {
  const made = await store.create('a');
  const copy = await store.import('b', await store.exportSecret('a'));
  expect(copy.publicKey.fingerprint).toEqual(made.keyPair.publicKey.fingerprint);
  expect((await store.get('b')).created).toEqual(made.created);
  await expect(store.import('c', 'nonsense', 'k.key')).rejects.toThrow(/^k\.key is not a key file/);
  expect(await store.list()).toEqual(['a', 'b']);
});

const costs = { memoryKib: 64, passes: 1, lanes: 2 };

test('a key is sealed, sealed anew, and laid open, and stays the same key', async () => {
  const made = await store.create('a', { passphrase: 'one', costs });
  const { fingerprintHex } = made.keyPair.publicKey;
  const state = async () => {
    const { publicKey, isSealed, created } = await store.describe('a');
    expect([publicKey.fingerprintHex, created]).toEqual([fingerprintHex, made.created]);
    expect((await stat(made.path)).mode & 0o777).toBe(0o600);
    return isSealed;
  };
  expect(await state()).toBe(true);
  await expect(store.get('a')).rejects.toThrow(/none was given/);
  await expect(store.get('a', 'two')).rejects.toThrow(/the passphrase is not that/);
  expect((await store.get('a', 'one')).keyPair.publicKey.fingerprintHex).toBe(fingerprintHex);

  await expect(
    store.changePassphrase('a', { current: 'two', passphrase: 'three', costs }),
  ).rejects.toThrow(/the passphrase is not that/);
  await store.get('a', 'one');
  await store.changePassphrase('a', { current: 'one', passphrase: 'two', costs });
  expect(await state()).toBe(true);
  await expect(store.get('a', 'one')).rejects.toThrow(/the passphrase is not that/);
  await store.get('a', async () => 'two');

  await store.changePassphrase('a', { current: 'two' });
  expect(await state()).toBe(false);
  await store.get('a');
  await store.changePassphrase('a', { passphrase: 'four', costs });
  expect(await state()).toBe(true);
  await store.get('a', 'four');
  await expect(store.changePassphrase('b', {})).rejects.toThrow(/no key "b"/);
});

test('a sealed key is exported and imported as it is', async () => {
  const made = await store.create('a', { passphrase: 'one', costs });
  const text = await store.exportSecret('a');
  expect(JSON.parse(text).seed).toBeUndefined();
  const copy = await store.import('b', text);
  expect([copy.isSealed, copy.publicKey.fingerprint]).toEqual([
    true,
    made.keyPair.publicKey.fingerprint,
  ]);
  expect((await store.get('b', 'one')).keyPair.exportSeed()).toEqual(made.keyPair.exportSeed());
});

test('a missing key is named, with how to make it', async () => {
  await expect(store.get('nobody')).rejects.toThrow(/no key "nobody".*atedb key new nobody/);
});

test('names that could leave the folder, or hide, are refused', async () => {
  for (const name of ['', '.', '..', '../x', 'a/b', '.hidden', '-x', 'A', 'é', 'a'.repeat(64)]) {
    await expect(store.create(name)).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    await expect(store.get(name)).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  }
});

test("files that are not the store's are not listed", async () => {
  await store.create('a');
  await writeFile(join(home, 'keys', '.a.key.tmp'), '');
  await writeFile(join(home, 'keys', 'README'), '');
  await writeFile(join(home, 'keys', 'Capital.key'), '');
  expect(await store.list()).toEqual(['a']);
});
