import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AtedbClient, createToken, KeyPair } from '../src/client/index.ts';
import { authClient, startAuthServer } from './support/auth-server.ts';
import { all } from './support/test-client.ts';
import type { TestServer } from './support/test-server.ts';

// What somebody who had a right keeps of it once it was taken away: with a real server, its disk, and the SDK.

const refused = (reason: string) => expect.objectContaining({ reason });
let server: TestServer;
let client: AtedbClient;

beforeAll(async () => {
  server = await startAuthServer();
  client = await authClient(server);
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** A group that a key has claimed, and another key with a role in it. */
async function groupOf(name: string, role: string) {
  const [owner, member] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
  const chain = await client.open(`${name}/first`, { key: owner, forAppend: true, claim: true });
  await chain.append({ data: 'made' });
  const added = { account: undefined, key: member.publicKey, sudoKey: undefined };
  await client.groups.add(name, role, added, { key: owner });
  const roleKey = async (key: KeyPair) => (await client.groups.open(name, key)).keys.get(role);
  return { owner, member, roleKey: roleKey as (key: KeyPair) => Promise<KeyPair> };
}

test('a token that was revoked counts in no chain that is created afterwards', async () => {
  const { owner } = await groupOf('tokens', 'contributor');
  const from = (await client.groups.open('tokens', owner)).keys.get('owner') as KeyPair;
  const expires = new Date(Date.now() + 3_600_000);
  const token = await createToken({ from, chains: ['tokens/*'], write: true, expires });
  const open = (db: string) => client.open(`tokens/${db}`, { token, forAppend: true });
  await (await open('first')).append({ data: 'by the token' });
  const { fingerprint } = token.key.publicKey;
  await client.groups.revokeDelegation('tokens', fingerprint, { key: owner });
  const later = await client.open('tokens/later', { key: owner, forAppend: true });
  await later.append({ data: 'made later' });
  await expect(open('later').then((chain) => chain.append({ data: 'x' }))).rejects.toEqual(
    refused('KEY_REVOKED'),
  );
  const events = await all((await client.open('tokens/later', { checkRules: true })).read());
  expect(events.filter(({ kind }) => kind === 'data')).toHaveLength(1);
});

test.each(['contributor', 'finance'])(
  'who was removed from a role, %s, keeps nothing of it by a successor of its own',
  async (role) => {
    const { owner, member, roleKey } = await groupOf(`keeps-${role}`, role);
    const old = await roleKey(member);
    const db = `keeps-${role}/first`;
    const rule = { kind: 'rules', name: 'object', write: [old.publicKey] } as const;
    const mine = await client.open(db, { key: owner, forAppend: true });
    await mine.append(rule);
    // As the role that it has, the member names another key of its own in the role's place.
    const own = KeyPair.generate();
    const keyChange = { key: old.publicKey.fingerprint, successor: own.publicKey };
    const asRole = await client.open(db, { key: old, forAppend: true });
    await asRole.append({ kind: 'key_change', keyChange });
    const thief = await client.open(db, { key: own, forAppend: true });
    await thief.append({ name: 'object', data: 'while it was a member' });
    await client.groups.remove(`keeps-${role}`, role, member.publicKey.fingerprintHex, {
      key: owner,
    });
    const thiefs = () => thief.append({ name: 'object', data: 'x' }).catch((error) => error.reason);
    await expect.poll(thiefs).toMatch(/KEY_NOT_ALLOWED/);
  },
);
