import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AuthService } from '../gen/atedb/v1/auth_pb.js';
import { connect } from '../src/client/index.ts';
import { KeyPair, signatureContexts } from '../src/crypto/index.ts';
import { actOn, creationOf, makeUserPairs, someSecrets } from './support/account-world.ts';
import { AuthCall, unaryCall } from './support/auth-calls.ts';
import { startAuthServer } from './support/auth-server.ts';
import type { TestServer } from './support/test-server.ts';
import { startTlsServer } from './support/tls-server.ts';

// Accounts message by message, by the stubs alone.

const pairs = makeUserPairs();
const secrets = someSecrets(pairs.loginKey);
const signers = [pairs.key, pairs.sudoKey, pairs.recoveryKey];
const account = 'me@example.com';
const lines: string[] = [];
const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
let server: TestServer;

async function createAt(address: string, name: string, isEncrypted = true) {
  const { bytes: act } = await actOn(name, undefined, creationOf(pairs, secrets), signers);
  return unaryCall(address, AuthService.method.createUser, { act, secrets }, isEncrypted);
}

beforeAll(async () => {
  server = await startAuthServer({}, { logger: log });
  await createAt(server.address, account);
});
afterAll(() => server[Symbol.asyncDispose]());

test('acts that were taken hold no memory any more', async () => {
  // One answer at a time has room: each waits for the one before.
  await using small = await startAuthServer({}, { limits: { readBytesMax: 1 } });
  await createAt(small.address, account);
  for (let calls = 0; calls < 3; calls += 1) {
    const answer = await unaryCall(small.address, AuthService.method.getActs, { account });
    expect(answer).toMatchObject({ actsInAll: 1n, unverified: true });
  }
});

test('strangers who begin to log in, and go no further, keep nobody out of the chains', async () => {
  await using small = await startAuthServer({}, { limits: { streamsMax: 3, appendStreamsMax: 3 } });
  await createAt(small.address, account);
  const begun = Array.from({ length: 8 }, () => new AuthCall(small.address, 'Login'));
  try {
    for (const call of begun) await call.begin('nobody@example.com');
    await using client = await connect(small.address, { home: null, encryption: 128 });
    await using chain = await client.open('example.com/me/mydb', {
      ...{ key: pairs.key, forAppend: true },
    });
    await chain.append({ data: 'x' });
  } finally {
    for (const call of begun) call[Symbol.dispose]();
  }
});

const open = <Name extends 'Login' | 'Recover'>(name: Name) => new AuthCall(server.address, name);

test('whoever signs the challenge with the login key is let in', async () => {
  using call = open('Login');
  const challenge = await call.begin(account);
  expect(challenge.password).toMatchObject({ memoryKib: 19_456, passes: 2, lanes: 1 });
  await call.prove(pairs.loginKey, challenge, account);
  const answer = await call.answer();
  if (typeof answer === 'string' || answer.case !== 'grant') throw new Error(String(answer));
  expect(answer.value).toMatchObject({ version: 0n, hasSecondFactor: false, unverified: true });
  expect(Buffer.from(answer.value.secrets)).toEqual(secrets);
  expect(await call.read()).toBe('end');
});

test.each([
  ['of another connection', { exporter: Buffer.alloc(32, 1) }],
  ['of a connection without a tunnel', { exporter: undefined }],
  ['for another server, which passes it on', { serverFingerprint: Buffer.alloc(32, 1) }],
  ['of another conversation', { conversationId: Buffer.alloc(32, 1) }],
  ['for another account', { account: 'you@example.com' }],
  ['for something else', { context: signatureContexts.recovery }],
])('a signature %s is refused as any wrong password', async (_, ties) => {
  using call = open('Login');
  const challenge = await call.begin(account);
  await call.prove(pairs.loginKey, challenge, account, ties);
  expect(await call.answer()).toBe('LOGIN_FAILED');
  // The next one, who is right, is counted from the beginning.
  using right = open('Login');
  await right.prove(pairs.loginKey, await right.begin(account), account);
  expect(await right.answer()).toMatchObject({ case: 'grant' });
});

test('messages that are not due end a stream', async () => {
  const { Login, Recover } = { Login: () => open('Login'), Recover: () => open('Recover') };
  for (const begin of [Login, Recover]) {
    using call = begin();
    call.send({ case: 'proof', value: {} } as never);
    expect(await call.answer()).toBe('REQUEST_INVALID');
    using twice = begin();
    await twice.begin(account);
    twice.send({ case: 'account', value: account } as never);
    expect(await twice.answer()).toBe('REQUEST_INVALID');
    using unsigned = begin();
    await unsigned.begin(account);
    unsigned.send({ case: 'proof', value: {} } as never);
    expect(await unsigned.answer()).toBe('REQUEST_INVALID');
    using malformed = begin();
    malformed.write(Buffer.from([0xff]));
    expect(await malformed.answer()).toBe('REQUEST_INVALID');
  }
  using early = open('Recover');
  await early.begin(account);
  early.send({ case: 'change', value: {} } as never);
  expect(await early.answer()).toBe('REQUEST_INVALID');
});

test.each(['team', '_sys', '', 'Me@example.com', 'a@b@example.com', `${'x'.repeat(300)}@a.de`])(
  'the name %j is refused for what it is',
  async (name) => {
    for (const method of ['Login', 'Recover'] as const) {
      using call = open(method);
      await expect(call.begin(name)).rejects.toThrow('REQUEST_INVALID');
    }
    const request = { account: name, fromVersion: 0n };
    await expect(unaryCall(server.address, AuthService.method.getActs, request)).rejects.toThrow(
      'REQUEST_INVALID',
    );
  },
);

test('a recovery changes the account that it is of, and no other one', async () => {
  const other = 'other@example.com';
  await createAt(server.address, other);
  using call = open('Recover');
  const challenge = await call.begin(account);
  expect(challenge.password).toBeUndefined();
  await call.prove(pairs.recoveryKey, challenge, account);
  expect(await call.answer()).toMatchObject({ case: 'proven', value: { codeSent: false } });
  expect(await call.answer()).toMatchObject({ case: 'grant', value: { hasSecondFactor: false } });
  const act = await actOn(other, undefined, creationOf(pairs, secrets), signers);
  call.send({ case: 'change', value: { act: act.bytes, secrets } } as never);
  expect(await call.answer()).toBe('REQUEST_INVALID');
});

test('whoever has another recovery code, or no account, is refused alike', async () => {
  for (const name of [account, 'nobody@example.com']) {
    using call = open('Recover');
    const stranger = KeyPair.generate({ forSigningOnly: true });
    await call.prove(stranger, await call.begin(name), name);
    expect(await call.answer()).toBe('LOGIN_FAILED');
  }
});

test('what belongs to accounts is refused outside of the tunnel and TLS, on loopback too', async () => {
  await expect(createAt(server.address, 'plain@example.com', false)).rejects.toThrow(
    'AUTH_LINK_UNSAFE',
  );
  const { verifyUser, sendCode, submitAct, getActs, describeAuth } = AuthService.method;
  const plain: typeof unaryCall = (address, method, request) =>
    unaryCall(address, method, request, false);
  const { address } = server;
  await expect(plain(address, verifyUser, { account })).rejects.toThrow('AUTH_LINK_UNSAFE');
  await expect(plain(address, sendCode, { account })).rejects.toThrow('AUTH_LINK_UNSAFE');
  await expect(plain(address, submitAct, {})).rejects.toThrow('AUTH_LINK_UNSAFE');
  // These tell what anybody may know.
  await plain(address, describeAuth, {});
  await plain(address, getActs, { account });
});

test('over TLS accounts are served without the tunnel', async () => {
  const tls = await startTlsServer({
    server: { trustMode: 'centralized', auth: { embedded: {} } },
  });
  await using client = await connect(`localhost:${tls.server.running.port}`, {
    home: null,
    encryption: 'plain',
    tls: tls.trusting,
  });
  await expect(
    client.accounts.login({ account: 'x@example.com', password: 'whatever it is' }),
  ).rejects.toMatchObject({ reason: 'LOGIN_FAILED' });
});

test('over TLS clients log in through the tunnel within it, so that nobody can pass a login on to another server', async () => {
  const tls = await startTlsServer({
    server: { trustMode: 'centralized', auth: { embedded: {} } },
  });
  const met: unknown[] = [];
  await using client = await connect(`localhost:${tls.server.running.port}`, {
    ...{ home: null, tls: tls.trusting },
    onNotice: (notice) => void met.push(notice),
  });
  await expect(client.groups.list(pairs.key)).resolves.toEqual([]);
  await expect(
    client.accounts.login({ account: 'x@example.com', password: 'whatever it is' }),
  ).rejects.toMatchObject({ reason: 'LOGIN_FAILED' });
  // That it has proven who it is, which it does in the tunnel alone.
  expect(met).toEqual([expect.objectContaining({ kind: 'server-met' })]);
});

test('a request that is larger than any act is refused', async () => {
  const { submitAct, createUser } = AuthService.method;
  const act = randomBytes(1_200_000);
  const { address } = server;
  await expect(unaryCall(address, submitAct, { act })).rejects.toThrow('DATA_TOO_LARGE');
  await expect(unaryCall(address, createUser, { act })).rejects.toThrow('DATA_TOO_LARGE');
  const { bytes } = await actOn(
    'large@example.com',
    undefined,
    creationOf(pairs, secrets),
    signers,
  );
  const request = { act: bytes, secrets: randomBytes(16_385) };
  await expect(unaryCall(address, createUser, request)).rejects.toThrow('REQUEST_INVALID');
});

test('users are not created by acts alone, where it would not be counted', async () => {
  const { bytes: act } = await actOn(
    'new@example.com',
    undefined,
    creationOf(pairs, secrets),
    signers,
  );
  await expect(
    unaryCall(server.address, AuthService.method.submitAct, { act, secrets }),
  ).rejects.toThrow('ACCOUNT_UNKNOWN');
});

test('no secret of an account is in the log, whatever its level', () => {
  const all = lines.join('');
  expect(all.length).toBeGreaterThan(1_000);
  for (const secret of [
    ...[secrets, pairs.loginKey.exportSeed(), pairs.key.exportSeed()],
    secrets.subarray(40, 60),
  ]) {
    expect(all).not.toContain(secret.toString('base64').slice(0, 24));
    expect(all).not.toContain(secret.toString('hex').slice(0, 32));
  }
});
