import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AtedbClient, KeyPair, OpenOptions } from '../src/client/index.ts';
import { authClient, startAuthServer } from './support/auth-server.ts';
import { runHere } from './support/run-here.ts';
import { all } from './support/test-client.ts';
import type { TestServer } from './support/test-server.ts';

// A user's key is replaced, as one does whose key was stolen.

const folder = mkdtempSync(join(tmpdir(), 'atedb-rotated-keys-'));
const password = 'correct horse battery';
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
  rmSync(folder, { recursive: true, force: true });
});

async function person(name: string) {
  const account = `${name}@example.com`;
  const { recoveryCode } = await client.accounts.create({ account, password });
  const { key, sudoKey } = await client.accounts.sudo({ account, password });
  return { account, key, sudoKey, recoveryCode };
}

function append(chain: string, key: KeyPair, data: string, options: OpenOptions = {}) {
  return client
    .open(chain, { key, forAppend: true, reconnectMs: 0, ...options })
    .then((opened) => opened.append({ data }));
}

test('the new key has the place of the old one, which counts nowhere any more and opens what was sealed for it', async () => {
  const anna = await person('anna');
  const { account } = anna;
  await append('example.com/anna/plain', anna.key, 'before');
  const rotated = await client.accounts.rotateKey({ account, password });
  expect(rotated.formerKeys.map(({ publicKey }) => publicKey.fingerprintHex)).toEqual([
    anna.key.publicKey.fingerprintHex,
  ]);
  await append('example.com/anna/plain', rotated.key, 'after');
  await expect(append('example.com/anna/plain', anna.key, 'stolen')).rejects.toEqual(
    refused('KEY_REVOKED'),
  );
  await expect(append('example.com/anna/new', anna.key, 'stolen')).rejects.toEqual(
    refused('KEY_NOT_ALLOWED'),
  );
  // Whoever logs in gets both, with the same password; so does who recovers, and who changes the password.
  const login = await client.accounts.login({ account, password });
  const fingerprints = (of: { key: KeyPair; formerKeys: readonly KeyPair[] }) =>
    [of.key, ...of.formerKeys].map(({ publicKey }) => publicKey.fingerprintHex);
  expect(fingerprints(login)).toEqual(fingerprints(rotated));
  const next = await client.accounts.changeCredentials(
    { account, password },
    { password: 'another long password' },
  );
  expect(fingerprints(next)).toEqual(fingerprints(rotated));
  const recovery = { account, newPassword: password, askCode: async () => '' };
  await expect(
    client.accounts.recover({ ...recovery, recoveryCode: anna.recoveryCode }),
  ).rejects.toEqual(refused('LOGIN_FAILED'));
  const { recoveryCode } = rotated;
  const recovered = await client.accounts.recover({ ...recovery, recoveryCode });
  expect(fingerprints(recovered)).toEqual(fingerprints(rotated));
});

test('keys that were replaced stay in the vaults, the newest of them, and none comes back', async () => {
  const { account, key } = await person('often');
  const had = [key.publicKey.fingerprintHex];
  for (let times = 0; times < 7; times += 1) {
    const rotated = await client.accounts.rotateKey({ account, password });
    expect(rotated.formerKeys.map(({ publicKey }) => publicKey.fingerprintHex)).toEqual(
      had.slice(0, 5),
    );
    had.unshift(rotated.key.publicKey.fingerprintHex);
  }
  expect(new Set(had).size).toBe(8);
});

test('without the second factor nothing is replaced', async () => {
  const account = 'factor@example.com';
  await client.accounts.create({ account, password, totpSecret: Buffer.alloc(20, 7) });
  await expect(client.accounts.rotateKey({ account, password })).rejects.toEqual(
    refused('LOGIN_FAILED'),
  );
});

test('an owner has its group know the new key, and whoever has the old one opens nothing of it any more', async () => {
  const [owner, member] = [await person('olga'), await person('mike')];
  await client.groups.create('band', owner);
  const asMember = await client.groups.memberOf(member.account, 'contributor');
  await client.groups.add('band', 'contributor', asMember, owner);
  await append('band/songs', owner.key, 'one');
  const before = await client.groups.open('band', owner.key);

  const rotated = await client.accounts.rotateKey({ account: owner.account, password });
  await expect(client.groups.open('band', owner.key)).rejects.toEqual(refused('GROUP_DENIED'));
  expect(await client.groups.list(rotated.key)).toEqual([{ group: 'band', roles: ['owner'] }]);
  // The old key signs nothing, also with that of sudo beside it.
  await expect(
    client.groups.renewMember('band', owner.account, { key: owner.key, sudoKey: owner.sudoKey }),
  ).rejects.toEqual(refused('GROUP_DENIED'));
  expect(await client.groups.renewMember('band', owner.account, rotated)).toEqual(['owner']);
  expect(await client.groups.renewMember('band', owner.account, rotated)).toEqual([]);
  const after = await client.groups.open('band', rotated.key);
  for (const role of ['owner', 'delegate', 'contributor', 'observer']) {
    const [old, now] = [before, after].map(({ keys }) => keys.get(role)?.publicKey.fingerprintHex);
    expect(now, role).toBeDefined();
    expect(now, role).not.toBe(old);
  }
  await append('band/songs', rotated.key, 'two');
  const stolen = before.keys.get('owner') as KeyPair;
  await expect(append('band/songs', stolen, 'three')).rejects.toEqual(refused('KEY_REVOKED'));
  await append('band/songs', member.key, 'four');

  // Another member is added anew by the owner, in all roles that it has, and has the old key no more.
  const again = await client.accounts.rotateKey({ account: member.account, password });
  await expect(append('band/songs', member.key, 'five')).rejects.toEqual(
    refused('KEY_NOT_ALLOWED'),
  );
  const renewed = await client.groups.memberOf(member.account, 'contributor');
  await client.groups.add('band', 'contributor', renewed, rotated);
  const { state } = await client.groups.open('band', again.key);
  const members = state.roles.flatMap((role) => role.members);
  expect(members.map(({ key }) => key.fingerprintHex)).not.toContain(
    member.key.publicKey.fingerprintHex,
  );
  await append('band/songs', again.key, 'six');
  const chain = await client.open('band/songs', { key: again.key });
  const read = await all(chain.read({ from: 1 }));
  const texts = read.filter(({ kind }) => kind === 'data').map(({ data }) => data?.toString());
  expect(texts).toEqual(['one', 'two', 'four', 'six']);
});

test('the command replaces the key, tells of the groups, and reads what was sealed before', async () => {
  const file = join(folder, 'HELLO');
  writeFileSync(file, 'hello');
  const run = async (who: string, line: string) => {
    const environment = { ATE_HOME: join(folder, who), ATEDB_PASSWORD: password };
    const done = await runHere('atedb', line.split(' '), { environment });
    expect(done.code, done.stderr).toBe(0);
    return done;
  };
  const diary = `ate://${server.address}/example.com/rita/diary`;
  await run('rita', `user create rita@example.com --server ${server.address}`);
  await run('ulf', `user create ulf@example.com --server ${server.address}`);
  await run('rita', 'group create choir');
  await run('ulf', 'group create crew');
  await run('ulf', 'group add crew observer rita@example.com');
  await run('rita', `append --confidential ${diary} ${file}`);
  const { stdout, stderr } = await run('rita', 'user rotate-key --json');
  const { account, fingerprint, former, recoveryCode } = JSON.parse(stdout);
  expect(account).toBe('rita@example.com');
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(former).not.toBe(fingerprint);
  expect(recoveryCode).toMatch(/-/);
  expect(stderr).toContain('choir knows the new key');
  expect(stderr).toContain('group add crew observer rita@example.com');
  await run('ulf', 'group add crew observer rita@example.com');
  expect((await run('rita', 'group list')).stdout.split('\n').sort().join(' ')).toMatch(
    /choir {2}owner crew {2}observer/,
  );
  // Also on another machine.
  for (const who of ['rita', 'elsewhere']) {
    if (who === 'elsewhere') await run(who, `login rita@example.com --server ${server.address}`);
    expect((await run(who, `read ${diary}`)).stdout).toMatch(/^(hello\n)+$/);
    await run(who, `append ${diary} ${file}`);
  }
  expect((await run('rita', `read ${diary}`)).stdout).toBe('hello\nhello\nhello\n');
  await run('elsewhere', 'logout');
  expect((await run('elsewhere', 'key list')).stdout).not.toContain('login-');
}, 120_000);
