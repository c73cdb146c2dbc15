import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ConnectOptions,
  connect,
  type GroupSigner,
  KeyPair,
  type Notice,
  RemoteOwners,
} from '../src/client/index.ts';
import { parseAuthAddress } from '../src/event/index.ts';
import { authClient, startAuthServer } from './support/auth-server.ts';
import { runHere } from './support/run-here.ts';
import { all } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { startTlsServer } from './support/tls-server.ts';

// Accounts and groups that are kept by another server than the chains: `atedb solo --auth`.

const folder = mkdtempSync(join(tmpdir(), 'atedb-auth-elsewhere-'));
const password = 'correct horse battery';
let accounts: TestServer;
let chains: TestServer;
let anna: GroupSigner;
let bert: GroupSigner;

beforeAll(async () => {
  accounts = await startAuthServer();
  chains = await TestServer.start({
    trustMode: 'centralized',
    auth: {
      address: `ate://${accounts.address}`,
      source: new RemoteOwners({
        address: parseAuthAddress(accounts.address),
        home: join(folder, 'server'),
        onNotice: () => undefined,
      }),
    },
  });
  await using client = await authClient(accounts);
  const person = async (account: string) => {
    await client.accounts.create({ account, password });
    const { key, sudoKey } = await client.accounts.sudo({ account, password });
    return { account, key, sudoKey };
  };
  anna = await person('anna@example.com');
  bert = await person('bert@example.com');
  await client.groups.create('team', { ...anna, account: 'anna@example.com' });
  const member = await client.groups.memberOf('bert@example.com', 'contributor');
  await client.groups.add('team', 'contributor', member, anna);
});
afterAll(async () => {
  await chains[Symbol.asyncDispose]();
  await accounts[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const toChains = (options: ConnectOptions) => connect(chains.address, { home: null, ...options });

test.each<[string, () => ConnectOptions]>([
  ['that is named', () => ({ auth: accounts.address })],
  [
    'that is named, where chains are spoken of in clear',
    () => ({ auth: accounts.address, encryption: 'plain' }),
  ],
  ['where the user is logged in', () => ({ loggedInAt: accounts.address })],
])(
  'members use the chains of their group by the keys of an auth server %s',
  async (what, options) => {
    const key = `team/${what.replace(/[^a-z]/g, '')}`;
    await using owner = await toChains(options());
    const made = await owner.open(key, { key: anna.key, forAppend: true });
    await made.append({ data: 'from anna' });
    await using client = await toChains(options());
    const chain = await client.open(key, { key: bert.key, forAppend: true });
    await chain.append({ data: 'from bert' });
    const read = await all(chain.read({ from: 1 }));
    expect(read.map(({ data, author }) => [data?.toString(), author?.toString('hex')])).toEqual([
      ['from anna', anna.key.publicKey.fingerprintHex],
      ['from bert', bert.key.publicKey.fingerprintHex],
    ]);
    const stranger = await client.open(key, { key: KeyPair.generate(), forAppend: true });
    await expect(stranger.append({ data: 'x' })).rejects.toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
    });
  },
);

test('accounts are read and logged in to at the auth server', async () => {
  await using client = await toChains({ auth: accounts.address });
  const login = await client.accounts.login({ account: 'bert@example.com', password });
  expect(login.key.publicKey.fingerprintHex).toBe(bert.key.publicKey.fingerprintHex);
});

test('of an owner whom nobody is, the error says at which server the account is created', async () => {
  await using client = await toChains({});
  const chain = await client.open('example.com/nobody/log', { key: bert.key, forAppend: true });
  await expect(chain.append({ data: 'x' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    message: expect.stringContaining(
      `atedb user create nobody@example.com --server ate://${accounts.address}`,
    ),
  });
});

test('an auth server with another identity than the one that is named is asked nothing', async () => {
  const auth = `${accounts.address}#sha256:${'ab'.repeat(32)}`;
  await using client = await toChains({ auth });
  await expect(
    client
      .open('team/pinned', { key: bert.key, forAppend: true })
      .then((one) => one.append({ data: 'x' })),
  ).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_MISMATCH' });
});

test('whoever names no auth server is told which one the server asks, and writes with a key of its own', async () => {
  const notices: Notice[] = [];
  await using client = await toChains({ onNotice: (notice) => notices.push(notice) });
  const chain = await client.open('team/untold', { key: bert.key, forAppend: true });
  await expect(chain.append({ data: 'x' })).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  const authServer = `ate://${accounts.address}`;
  expect(notices.filter(({ kind }) => kind === 'group-elsewhere')).toEqual([
    expect.objectContaining({ group: 'team', authServer }),
  ]);
  for (const call of [
    () => client.accounts.describe(),
    () => client.accounts.login({ account: 'bert@example.com', password }),
    () => client.accounts.read('bert@example.com'),
  ]) {
    await expect(call()).rejects.toMatchObject({
      reason: 'UNSUPPORTED',
      metadata: { auth_server: authServer },
    });
  }
});

test('a group of that name where the user is logged in has nothing to do with a server that asks nobody', async () => {
  await using free = await TestServer.start({ trustMode: 'centralized' });
  await using client = await connect(free.address, { home: null, loggedInAt: accounts.address });
  const chain = await client.open('team/free', { key: bert.key, forAppend: true });
  await chain.append({ data: 'x' });
  expect(chain.genesis?.roots.map(({ fingerprintHex }) => fingerprintHex)).toEqual([
    bert.key.publicKey.fingerprintHex,
  ]);
});

test('where the server has groups itself, who is logged in elsewhere asks it all the same', async () => {
  await using other = await startAuthServer();
  await using client = await connect(accounts.address, { home: null, loggedInAt: other.address });
  const chain = await client.open('team/here', { key: bert.key, forAppend: true });
  await expect(chain.append({ data: 'from bert' })).resolves.toMatchObject({ firstSequence: 1 });
});

test('an auth server that speaks TLS is asked within it, by servers of chains and by members', async () => {
  const { server: auth, trusting } = await startTlsServer({
    server: { trustMode: 'centralized', auth: { embedded: {} } },
  });
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, trusting.ca);
  const source = new RemoteOwners({
    address: parseAuthAddress(auth.address),
    home: join(folder, 'over-tls'),
    tls: trusting,
    onNotice: () => undefined,
  });
  await using server = await TestServer.start({
    trustMode: 'centralized',
    auth: { source, address: `ate://${auth.address}` },
  });
  const home = join(folder, 'tls');
  const file = join(folder, 'TLS');
  writeFileSync(file, 'hello');
  const run = (line: string) =>
    runHere('atedb', line.split(' '), {
      environment: { ATE_HOME: home, ATEDB_PASSWORD: password },
    });
  const named = `--auth ${auth.address} --auth-tls-ca ${ca}`;
  for (const line of [
    `${named} user create tess@example.com`,
    `${named} group create secure`,
    `${named} append ate://${server.address}/secure/log ${file}`,
  ]) {
    const { code, stderr } = await run(line);
    expect(code, stderr).toBe(0);
  }
  const plainly = await run(
    `--auth ${auth.address} append ate://${server.address}/secure/log ${file}`,
  );
  expect(plainly.stderr).toContain('TLS');
  const alone = await run(`--auth-tls append ate://${server.address}/secure/log ${file}`);
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('is about --auth')]);
});

test('the command takes what --auth says, and else where one is logged in', async () => {
  const home = join(folder, 'bert');
  const file = join(folder, 'HELLO');
  writeFileSync(file, 'hello');
  const run = (line: string, environment: Record<string, string> = {}) =>
    runHere('atedb', line.split(' '), {
      environment: { ATE_HOME: home, ATEDB_PASSWORD: password, ...environment },
    });
  const login = await run(`login bert@example.com --auth ${accounts.address}`);
  expect(login.code, login.stderr).toBe(0);
  await using owner = await toChains({ auth: accounts.address });
  const made = await owner.open('team/commands', { key: anna.key, forAppend: true });
  await made.append({ data: 'from anna' });
  const address = `ate://${chains.address}/team/commands`;
  for (const line of [
    `append ${address} ${file}`,
    `--auth ${accounts.address} append ${address} ${file}`,
  ]) {
    const appended = await run(line);
    expect(appended.code, appended.stderr).toBe(0);
  }
  expect((await run('logout')).code).toBe(0);
  const stranger = await run(`append ${address} ${file}`);
  expect([stranger.code, stranger.stderr]).toEqual([3, expect.stringContaining('key')]);
});
