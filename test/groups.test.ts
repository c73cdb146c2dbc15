import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleOf } from '../src/account/index.ts';
import {
  type AtedbClient,
  type Chain,
  type GroupSigner,
  KeyPair,
  type OpenOptions,
} from '../src/client/index.ts';
import { authClient, startAuthServer } from './support/auth-server.ts';
import { all } from './support/test-client.ts';
import type { TestServer } from './support/test-server.ts';

// Groups from end to end: a real server, its disk, and the SDK.

const password = 'correct horse battery';
const [mallory, nobody] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const refused = (reason: string) => expect.objectContaining({ reason });
let server: TestServer;
let client: AtedbClient;
let serial = 0;

beforeAll(async () => {
  server = await startAuthServer();
  client = await authClient(server);
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** A user of the server, with what a member of a group signs with. */
interface Person extends GroupSigner {
  readonly account: string;
  readonly sudoKey: KeyPair;
}

/** Create a user. */
async function person(): Promise<Person> {
  serial += 1;
  const account = `person${serial}@example.com`;
  await client.accounts.create({ account, password });
  const { key, sudoKey } = await client.accounts.sudo({ account, password });
  return { account, key, sudoKey };
}

/** A name that no group has. */
function newName(): string {
  serial += 1;
  return `group${serial}`;
}

/** A group with an owner. */
async function groupOf(owner: Person): Promise<string> {
  const name = newName();
  await client.groups.create(name, owner);
  return name;
}

async function add(group: string, role: string, who: Person, by: GroupSigner): Promise<void> {
  await client.groups.add(group, role, await client.groups.memberOf(who.account, role), by);
}

function open(chain: string, who: { key: KeyPair }, options: OpenOptions = {}): Promise<Chain> {
  return client.open(chain, { key: who.key, forAppend: true, reconnectMs: 0, ...options });
}

const people: Record<string, Person> = {};
beforeAll(async () => {
  for (const name of ['anna', 'bert', 'cora', 'dave', 'eve']) people[name] = await person();
}, 60_000);
const of = (name: string) => people[name] as Person;

test('a group is created by a user, who is its owner, and told to its members alone', async () => {
  const group = await groupOf(of('anna'));
  const opened = await client.groups.open(group, of('anna').key);
  expect([...opened.keys.keys()].sort()).toEqual(['contributor', 'delegate', 'observer', 'owner']);
  for (const who of [of('bert').key, mallory]) {
    await expect(client.groups.open(group, who)).rejects.toEqual(refused('GROUP_DENIED'));
  }
  await expect(client.groups.open(newName(), mallory)).rejects.toEqual(refused('GROUP_DENIED'));
  await expect(client.groups.create(group, of('bert'))).rejects.toEqual(refused('ACCOUNT_EXISTS'));
});

test('who has a role has those below it, and nothing above', async () => {
  const group = await groupOf(of('anna'));
  await add(group, 'delegate', of('bert'), of('anna'));
  await add(group, 'contributor', of('cora'), of('bert'));
  await add(group, 'observer', of('dave'), of('bert'));
  await add(group, 'finance', of('eve'), of('bert'));
  const keysOf = async (name: string) => {
    const { keys } = await client.groups.open(group, of(name).key);
    return [...keys.keys()].sort();
  };
  expect(await keysOf('bert')).toEqual(['contributor', 'delegate', 'finance', 'observer']);
  expect(await keysOf('cora')).toEqual(['contributor', 'finance', 'observer']);
  expect(await keysOf('dave')).toEqual(['observer']);
  expect(await keysOf('eve')).toEqual(['finance']);
  expect(await client.groups.list(of('eve').key)).toContainEqual({ group, roles: ['finance'] });
  expect(await client.groups.list(mallory)).toEqual([]);
});

test('a group is changed by those whose role may, and by nobody else: group changes by non-owners', async () => {
  const group = await groupOf(of('anna'));
  await add(group, 'delegate', of('bert'), of('anna'));
  await add(group, 'contributor', of('cora'), of('anna'));
  for (const role of ['owner', 'delegate']) {
    await expect(add(group, role, of('dave'), of('bert'))).rejects.toEqual(
      refused(role === 'owner' ? 'GROUP_DENIED' : 'ACT_NOT_ALLOWED'),
    );
  }
  await expect(add(group, 'observer', of('dave'), of('cora'))).rejects.toEqual(
    refused('ACT_NOT_ALLOWED'),
  );
  await expect(add(group, 'observer', of('dave'), { key: mallory })).rejects.toEqual(
    refused('GROUP_DENIED'),
  );
  // An owner with a password signs with the key of sudo.
  const { key } = of('anna');
  await expect(add(group, 'observer', of('dave'), { key })).rejects.toEqual(
    refused('ACT_NOT_ALLOWED'),
  );
  await expect(client.groups.delete(group, of('bert'))).rejects.toEqual(refused('ACT_NOT_ALLOWED'));
  await expect(
    client.groups.remove(group, 'delegate', of('bert').account, of('bert')),
  ).rejects.toEqual(refused('ACT_NOT_ALLOWED'));
});

test('a removal gives other keys to each role that somebody can open no more', async () => {
  const group = await groupOf(of('anna'));
  await add(group, 'delegate', of('bert'), of('anna'));
  await add(group, 'contributor', of('cora'), of('bert'));
  await add(group, 'observer', of('dave'), of('bert'));
  const before = await client.groups.open(group, of('anna').key);
  await client.groups.remove(group, 'contributor', of('cora').account, of('bert'));
  await expect(client.groups.open(group, of('cora').key)).rejects.toEqual(refused('GROUP_DENIED'));
  const after = await client.groups.open(group, of('anna').key);
  const keyOf = ({ keys }: typeof before, role: string) => keys.get(role)?.publicKey.fingerprintHex;
  for (const role of ['contributor', 'observer']) {
    expect(keyOf(after, role)).not.toBe(keyOf(before, role));
  }
  for (const role of ['owner', 'delegate']) expect(keyOf(after, role)).toBe(keyOf(before, role));
  // Those who stay have the new ones, and the old ones for what was sealed then.
  const dave = await client.groups.open(group, of('dave').key);
  expect(keyOf(dave, 'observer')).toBe(keyOf(after, 'observer'));
  expect(dave.retired.map(({ publicKey }) => publicKey.fingerprintHex)).toEqual([
    keyOf(before, 'observer'),
  ]);
});

test('the roles govern the chains of a group: delegates own them, contributors write, observers read', async () => {
  const group = await groupOf(of('anna'));
  await add(group, 'delegate', of('bert'), of('anna'));
  await add(group, 'contributor', of('cora'), of('anna'));
  await add(group, 'observer', of('dave'), of('anna'));
  const db = `${group}/notes`;
  const private_ = { private: true } as const;
  const bert = await open(db, of('bert'), private_);
  await bert.append({ data: 'made by a delegate' });
  const cora = await open(db, of('cora'));
  await cora.append({ data: 'by a contributor' });
  await (await open(db, of('anna'))).append({ data: 'by the owner' });
  const dave = await open(db, of('dave'), { forAppend: false });
  const events = (await all(dave.read({ from: 1 }))).filter(({ kind }) => kind === 'data');
  expect(events.map(({ data }) => String(data))).toEqual([
    'made by a delegate',
    'by a contributor',
    'by the owner',
  ]);
  // Each says whose it is.
  const authors = events.map(({ author }) => author?.toString('hex'));
  expect(authors).toEqual(
    ['bert', 'cora', 'anna'].map((name) => of(name).key.publicKey.fingerprintHex),
  );
  await expect(dave.append({ data: 'x' })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
  await expect(cora.append({ kind: 'rules', add: 'everyone' })).rejects.toEqual(
    refused('KEY_NOT_ALLOWED'),
  );
  for (const who of [of('eve').key, mallory]) {
    await expect(open(db, { key: who }, { forAppend: false })).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
  }
});

test('who was removed writes and reads no more in chains that are there, once they have heard of it', async () => {
  const group = await groupOf(of('anna'));
  await add(group, 'contributor', of('cora'), of('anna'));
  await add(group, 'observer', of('dave'), of('anna'));
  const db = `${group}/notes`;
  const anna = await open(db, of('anna'), { private: true });
  await anna.append({ data: 'first' });
  const [cora, dave] = await Promise.all([
    open(db, of('cora')),
    open(db, of('dave'), { forAppend: false }),
  ]);
  await cora.append({ data: 'second' });
  await client.groups.remove(group, 'contributor', of('cora').account, of('anna'));
  // The server hears of it at once, and the chain with its next batch.
  await expect
    .poll(() => cora.append({ data: 'x' }).catch((error) => error.reason), { timeout: 20_000 })
    .toMatch(/KEY_REVOKED|KEY_NOT_ALLOWED|CHAIN_PRIVATE/);
  await expect(all(dave.read())).rejects.toEqual(refused('KEY_REVOKED'));
  // Who stays opens it anew, with the new key of the role.
  const again = await open(db, of('dave'), { forAppend: false });
  expect((await all(again.read({ from: 1 }))).some(({ data }) => `${data}` === 'second')).toBe(
    true,
  );
});

test('a name that nobody has is claimed on this machine by a key alone, whose owner adds others', async () => {
  const group = newName();
  const owner = { key: KeyPair.generate() };
  const chain = await open(`${group}/db`, owner, { claim: true });
  await chain.append({ data: 'mine' });
  const { state, isUnverified } = await client.groups.open(group, owner.key);
  expect(isUnverified).toBe(true);
  expect(state.roles.map(({ name }) => name)).toContain('delegate');
  const friend = { account: undefined, key: nobody.publicKey, sudoKey: undefined };
  await client.groups.add(group, 'contributor', friend, owner);
  await (await open(`${group}/db`, { key: nobody })).append({ data: 'a friend' });
  const other = await open(`${group}/db`, { key: mallory });
  await expect(other.append({ data: 'x' })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
});

test('a member is the user that is named, with the keys that the user has now', async () => {
  const group = await groupOf(of('anna'));
  const wrong = { account: of('bert').account, key: mallory.publicKey, sudoKey: undefined };
  const unknown = { ...wrong, account: 'who@example.com' };
  const member = await client.groups.memberOf(of('bert').account, 'observer');
  const sudo = { ...member, sudoKey: mallory.publicKey };
  for (const one of [wrong, unknown, sudo]) {
    await expect(client.groups.add(group, 'observer', one, of('anna'))).rejects.toEqual(
      refused('MEMBER_INVALID'),
    );
  }
  const forged = { ...of('anna'), sudoKey: mallory };
  await expect(client.groups.create(newName(), forged)).rejects.toEqual(refused('MEMBER_INVALID'));
});

test('of two who change a group at once one is told to fetch it again', async () => {
  const group = await groupOf(of('anna'));
  const tries = await Promise.allSettled(
    ['bert', 'cora'].map((name) => add(group, 'observer', of(name), of('anna'))),
  );
  const failed = tries
    .filter((one) => one.status === 'rejected')
    .map(({ reason }) => reason.reason);
  expect(failed.every((reason) => reason === 'VERSION_CONFLICT')).toBe(true);
  const { state } = await client.groups.open(group, of('anna').key);
  expect(state.version).toBe(tries.length - failed.length);
});

describe('what was acknowledged', () => {
  test('is there after a restart, and a group that is deleted takes nothing any more', async () => {
    await using own = await startAuthServer();
    const first = await authClient(own);
    const key = KeyPair.generate();
    const chain = await first.open('team/db', { key, forAppend: true, claim: true });
    await chain.append({ data: '1' });
    await first.groups.add(
      'team',
      'contributor',
      { account: undefined, key: nobody.publicKey, sudoKey: undefined },
      { key },
    );
    await first.close();
    await own.restart();
    await using second = await authClient(own);
    const { state } = await second.groups.open('team', nobody);
    expect(state.version).toBe(1);
    const theirs = await second.open('team/db', { key: nobody, forAppend: true });
    await theirs.append({ data: '2' });
    await second.groups.delete('team', { key });
    await expect(second.groups.open('team', key)).rejects.toEqual(refused('GROUP_DENIED'));
    await expect(theirs.append({ data: '3' })).rejects.toEqual(refused('OWNER_REMOVED'));
  });
});

test('after a removal an owner’s client hands out a new read key, not for who was removed: removal rotates read keys', async () => {
  const group = await groupOf(of('anna'));
  await add(group, 'observer', of('dave'), of('anna'));
  await add(group, 'observer', of('eve'), of('anna'));
  const observerKey = async () =>
    roleOf((await client.groups.open(group, of('anna').key)).state, 'observer').key;
  const db = `${group}/secrets`;
  const before = await open(db, of('anna'), { private: true, confidential: true });
  const old = await observerKey();
  await before.setReaders([old]);
  await before.append({ data: 'first' });
  await before.close();
  const read = async (who: Person) => {
    const events = await all((await open(db, who, { forAppend: false })).read());
    return events.filter(({ kind }) => kind === 'data');
  };
  expect((await read(of('dave'))).map(({ data }) => `${data}`)).toEqual(['first']);
  await client.groups.remove(group, 'observer', of('dave').account, of('anna'));
  const after = await open(db, of('anna'));
  await Promise.all([after.append({ data: 'second' }), after.append({ data: 'third' })]);
  const events = await read(of('eve'));
  expect(events.map(({ data }) => `${data}`)).toEqual(['first', 'second', 'third']);
  const [first, second, third] = events.map(({ sealed }) => sealed?.readKeyId.toString('hex'));
  expect(second).toBe(third);
  expect(second).not.toBe(first);
  const { read: rule } = (await after.rules()).object;
  const readers = rule.kind === 'sealed' ? rule.readers : [];
  const holders = readers.map(({ fingerprint }) => fingerprint.toString('hex'));
  expect(holders).toContain((await observerKey()).fingerprintHex);
  expect(holders).not.toContain(old.fingerprintHex);
  // Once is enough: what is appended next has the same read key.
  await (await open(db, of('anna'))).append({ data: 'fourth' });
  expect((await read(of('eve'))).at(-1)?.sealed?.readKeyId.toString('hex')).toBe(second);
});

test('a group that was met is the same one for ever, whatever the server says', async () => {
  const group = await groupOf(of('anna'));
  const home = mkdtempSync(join(tmpdir(), 'atedb-groups-'));
  const opened = async () => {
    await using mine = await authClient(server, { home });
    return await mine.groups.open(group, of('anna').key);
  };
  const { head, version } = (await opened()).state;
  const [folder] = readdirSync(join(home, 'groups'));
  const path = join(home, 'groups', folder as string, `${group}.json`);
  const stored = JSON.parse(readFileSync(path, 'utf8'));
  expect(stored).toMatchObject({ group, version, hash: head.toString('hex') });
  await add(group, 'observer', of('dave'), of('anna'));
  expect((await opened()).state.version).toBe(version + 1);
  for (const other of [
    { ...stored, hash: 'ab'.repeat(32) },
    { ...stored, version: version + 9 },
  ]) {
    writeFileSync(path, JSON.stringify(other));
    await expect(opened()).rejects.toEqual(refused('VERIFICATION_FAILED'));
  }
  rmSync(home, { recursive: true, force: true });
});
