import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  AuthService,
  type GetActsResponse,
  GetActsResponseSchema,
  type LoginResponse,
  LoginResponseSchema,
} from '../gen/atedb/v1/auth_pb.js';
import { PublicKeySchema } from '../gen/atedb/v1/event_pb.js';
import { openAccountService } from '../src/auth/index.ts';
import { type AtedbClient, connect, KeyPair } from '../src/client/index.ts';
import { RealStorage } from '../src/log/index.ts';
import { authService } from '../src/server/accounts/auth-service.ts';
import { ByteBudget } from '../src/server/byte-budget.ts';
import { signingInTurn } from '../src/server/handshakes.ts';
import { completeLimits } from '../src/server/limits.ts';
import { bidiStream, type DuplexCall } from '../src/server/method.ts';
import { type RunningGrpc, serveGrpc, serving } from '../src/server/serve-grpc.ts';
import { identityLineOf } from '../src/trust/index.ts';
import { SessionTable } from '../src/wire/index.ts';
import {
  actOn,
  creationOf,
  makeUserPairs,
  rotationTo,
  someSecrets,
} from './support/account-world.ts';

// What clients make of an auth service that lies to them.

const folder = mkdtempSync(join(tmpdir(), 'atedb-lying-auth-'));
const password = 'correct horse battery';
const [account, other] = ['me@example.com', 'you@example.com'];
const identity = KeyPair.generate({ forSigningOnly: true });
const logger = pino({ level: 'silent' });
/** How the next answers are altered. */
const lies: {
  acts?: ((answer: GetActsResponse) => void) | undefined;
  login?: ((answer: LoginResponse) => void) | undefined;
} = {};
let service: Awaited<ReturnType<typeof openAccountService>>;
let grpc: RunningGrpc;
let client: AtedbClient;
/** Messages that logins have sent. */
let said = 0;
/** All that clients have sent, in bytes. */
const heard: Buffer[] = [];

function altered<Desc extends DescMessage>(
  schema: Desc,
  bytes: Buffer,
  alter: ((message: MessageShape<Desc>) => void) | undefined,
): Buffer {
  const message = fromBinary(schema, bytes);
  alter?.(message);
  return Buffer.from(toBinary(schema, create(schema, message as never)));
}

async function* listening(requests: AsyncIterable<Buffer>) {
  for await (const request of requests) {
    heard.push(Buffer.from(request));
    yield request;
  }
}

beforeAll(async () => {
  service = await openAccountService({
    ...{ storage: new RealStorage(), logsPath: folder, system: folder, now: Date.now },
    serverIdentity: identity.publicKey,
    onNotice: () => {},
  });
  const line = identityLineOf(identity.publicKey);
  const memory = new ByteBudget({ bytesMax: 32 * 1_048_576 });
  const honest = authService({
    service,
    identity: identity.publicKey,
    line,
    hasTls: false,
    memory,
  });
  const hearing = <Name extends 'createUser' | 'submitAct'>(name: Name) => ({
    ...honest[name],
    handle: (request: Buffer, call: never) => {
      heard.push(Buffer.from(request));
      return honest[name].handle(request, call);
    },
  });
  const lying = {
    ...honest,
    createUser: hearing('createUser'),
    submitAct: hearing('submitAct'),
    getActs: {
      ...honest.getActs,
      handle: async (request: Buffer, call: never) =>
        altered(GetActsResponseSchema, await honest.getActs.handle(request, call), lies.acts),
    },
    login: bidiStream(AuthService.method.login, (call: DuplexCall) =>
      honest.login.handle(
        new Proxy(call, {
          get: (target, name) => {
            if (name === 'send') {
              return (bytes: Buffer) =>
                target.send(altered(LoginResponseSchema, bytes, lies.login));
            }
            if (name === 'free') said += 1;
            if (name === 'requests') return listening(target.requests);
            const value: unknown = Reflect.get(target, name);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
      ),
    ),
  };
  const limits = completeLimits({});
  grpc = await serveGrpc({
    ...{ listen: ['127.0.0.1'], port: 0, limits, logger, otherFiles: [] },
    services: [serving(AuthService, lying)],
    wire: {
      ...{ identity: signingInTurn(identity), rotations: [], required: 128, limits },
      sessions: new SessionTable({ sessionsMax: 10, sessionsPerPeerMax: 10 }),
    },
  });
  const passwordCosts = { memoryKib: 19_456, passes: 2, lanes: 1 };
  client = await connect(`127.0.0.1:${grpc.port}`, { home: null, encryption: 128, passwordCosts });
  await client.accounts.create({ account, password });
  await client.accounts.create({ account: other, password });
});
afterAll(async () => {
  await client.close();
  await grpc.drain();
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lies.acts = undefined;
  lies.login = undefined;
  said = 0;
});

const untrue = { reason: 'VERIFICATION_FAILED' };
const login = { account, password };

test('a service that tells the truth is believed', async () => {
  await client.accounts.sudo(login);
});

test('neither a password, nor a private key, nor a recovery code is ever sent', async () => {
  const name = 'careful@example.com';
  const { key, recoveryCode } = await client.accounts.create({ account: name, password });
  const changed = 'another horse battery';
  await client.accounts.changeCredentials({ account: name, password }, { password: changed });
  const { sudoKey } = await client.accounts.sudo({ account: name, password: changed });
  const all = Buffer.concat(heard);
  expect(all.length).toBeGreaterThan(40_000);
  expect(all.includes('careful@example.com')).toBe(true);
  const seeds = [key, sudoKey].flatMap((pair) => {
    const seed = pair.exportSeed();
    return [seed.subarray(0, 32), seed.subarray(32), pair.exportKemSeed()?.seed];
  });
  const code = recoveryCode.replaceAll('-', '');
  for (const secret of [...seeds, password, changed, recoveryCode, code]) {
    if (secret !== undefined) expect(all.includes(secret)).toBe(false);
  }
});

test('acts of another account, none, and some that are altered are found out', async () => {
  const { acts } = await client.accounts.read(other);
  const first = acts[0]?.bytes ?? Buffer.alloc(0);
  const flipped = Buffer.from(first);
  flipped[flipped.length - 5] = (flipped[flipped.length - 5] ?? 0) ^ 1;
  for (const shown of [[first], [], [Buffer.from('x')]]) {
    lies.acts = (answer) => Object.assign(answer, { acts: shown, actsInAll: 1n });
    await expect(client.accounts.sudo(login)).rejects.toMatchObject(untrue);
    await expect(client.accounts.read(account)).rejects.toMatchObject(untrue);
  }
  lies.acts = (answer) => Object.assign(answer, { acts: [flipped] });
  await expect(client.accounts.read(other)).rejects.toMatchObject(untrue);
});

test('an account that the service makes up is no longer the one of its user, and the user signs nothing in it', async () => {
  const theirs = makeUserPairs();
  const secrets = someSecrets(theirs.loginKey);
  const signers = [theirs.key, theirs.sudoKey, theirs.recoveryKey];
  const made = await actOn(account, undefined, creationOf(theirs, secrets), signers);
  lies.acts = (answer) => Object.assign(answer, { acts: [made.bytes] });
  await expect(client.accounts.sudo(login)).rejects.toMatchObject(untrue);
  // Nor can it go on in the name of the user.
  const { state, acts } = await honestly(() => client.accounts.read(account));
  const next = rotationTo({ key: theirs.key });
  const forged = await actOn(account, state, next, [theirs.sudoKey, theirs.key]);
  lies.acts = (answer) =>
    Object.assign(answer, {
      acts: [...acts.map(({ bytes }) => bytes), forged.bytes],
      actsInAll: 2n,
    });
  await expect(client.accounts.read(account)).rejects.toMatchObject(untrue);
});

test('an account that the service makes up is given nothing of a group that knows the user', async () => {
  const [owner, member] = ['band_owner@example.com', 'band_member@example.com'];
  const group = 'band';
  for (const one of [owner, member]) await client.accounts.create({ account: one, password });
  const signer = await client.accounts.sudo({ account: owner, password });
  await client.groups.create(group, { ...signer, account: owner });
  const asMember = await client.groups.memberOf(member, 'contributor');
  await client.groups.add(group, 'contributor', asMember, signer);
  const rotated = await client.accounts.rotateKey({ account: owner, password });
  for (const name of [owner, member]) {
    const theirs = makeUserPairs();
    const creation = creationOf(theirs, someSecrets(theirs.loginKey));
    const signers = [theirs.key, theirs.sudoKey, theirs.recoveryKey];
    const made = await actOn(name, undefined, creation, signers);
    lies.acts = (answer) => Object.assign(answer, { acts: [made.bytes], actsInAll: 1n });
    await expect(client.groups.renewMember(group, name, rotated)).rejects.toMatchObject(untrue);
    const shown = await client.groups.memberOf(name, 'contributor');
    expect(shown.key.fingerprintHex).toBe(theirs.key.publicKey.fingerprintHex);
    await expect(client.groups.add(group, 'contributor', shown, rotated)).rejects.toMatchObject(
      untrue,
    );
  }
  lies.acts = undefined;
  const { state } = await client.groups.open(group, rotated.key, rotated);
  expect(state.version).toBe(1);
  expect(await client.groups.renewMember(group, owner, rotated)).toEqual(['owner']);
});

test('acts that are kept from a client are missed', async () => {
  await client.accounts.changeCredentials(login, { password });
  lies.acts = (answer) => Object.assign(answer, { acts: answer.acts.slice(0, 1), actsInAll: 1n });
  await expect(client.accounts.sudo(login)).rejects.toMatchObject(untrue);
});

test('vaults and secrets that were changed do not open', async () => {
  for (const name of ['keyVault', 'secrets'] as const) {
    lies.login = ({ message }) => {
      if (message.case !== 'grant') return;
      const bytes = message.value[name];
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    };
    await expect(client.accounts.sudo(login)).rejects.toMatchObject(untrue);
  }
});

test('a service that asks for a cheap hash, or says that it is another one, is sent nothing made of the password', async () => {
  lies.login = ({ message }) => {
    if (message.case === 'challenge') Object.assign(message.value.password ?? {}, { memoryKib: 8 });
  };
  await expect(client.accounts.login(login)).rejects.toMatchObject(untrue);
  const stranger = KeyPair.generate({ forSigningOnly: true }).publicKey;
  lies.login = ({ message }) => {
    if (message.case !== 'challenge') return;
    Object.assign(message.value, {
      serverIdentity: create(PublicKeySchema, stranger.toFields()),
    });
  };
  await expect(client.accounts.login(login)).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
  expect(said).toBe(2);
});

async function honestly<T>(call: () => Promise<T>): Promise<T> {
  const { acts } = lies;
  lies.acts = undefined;
  try {
    return await call();
  } finally {
    lies.acts = acts;
  }
}
