import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { OpenChainResponseSchema } from '../gen/atedb/v1/chain_pb.js';
import { LogSegmentSchema } from '../gen/atedb/v1/log_pb.js';
import { KeyPair } from '../src/client/index.ts';
import { signatureContexts } from '../src/crypto/index.ts';
import {
  authAnswerHeader,
  buildEvent,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  encodeAuthAnswer,
  type GenesisInput,
  parseAuthAnswer,
  parseBatch,
  parseChainKey,
  parseGenesis,
  sealBatch,
  signBatch,
} from '../src/event/index.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { dayMs, OwnersWorld } from './support/owners-world.ts';
import { RawClient, reasonOf } from './support/raw-client.ts';
import { testClient } from './support/test-client.ts';
import { TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

// The genesis that a server offers: who can misuse it, and who can lie with it.

const [mine, other] = [1, 2].map(() => KeyPair.generate()) as [KeyPair, KeyPair];
const chainKey = 'example.com/me/notes';
const owner = 'me@example.com';
const salt = Buffer.alloc(16, 7);

/** What the server offers a stranger who speaks to it by stubs alone. */
async function offered(world: OwnersWorld, client: RawClient): Promise<Buffer> {
  const wishes = { private: false, confidential: false };
  const { offer } = await client.openChain({ chainKey, forAppend: true, wishes });
  if (offer === undefined) throw new Error(`${world.running.address} offers nothing`);
  return Buffer.from(toBinary(LogSegmentSchema, offer));
}

/** Why a call is refused; undefined where it isn't. */
const refused = (call: Promise<unknown>) => call.then(() => undefined, reasonOf);

/** A genesis that somebody signs. */
async function signedGenesis(input: Partial<GenesisInput>, by: KeyPair): Promise<Buffer> {
  const header = buildGenesis({
    ...{ chainKey: parseChainKey(chainKey), trustMode: 'centralized', roots: [mine.publicKey] },
    ...{ createdUnixMs: 1_700_000_000_000, salt, ...input },
  });
  const event = buildGenesisEvent(header);
  const writer = { chainId: chainIdOf(header), fingerprint: by.publicKey.fingerprint, salt };
  const sealed = sealBatch({ writer, counter: 0, eventHeaders: [event.header] });
  return signBatch([event.frame], sealed, [by]);
}

test('an offer creates the chain as it is, for anybody, once', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  using client = new RawClient(world.running.address);
  const run = await offered(world, client);
  await client.appendBatch(run, chainKey);
  // The same again is answered as a retry.
  await client.appendBatch(run, chainKey);
  const { genesis, offer } = await client.openChain({
    ...{ chainKey, forAppend: true, wishes: { private: true, confidential: false } },
  });
  expect(genesis).toBeDefined();
  expect(offer).toBeUndefined();
  const [event] = parseBatch(run).events;
  expect(parseGenesis(event?.headerBytes as Buffer).isPrivate).toBe(false);
});

test('an offer that was kept creates nothing once the account was changed, or its answer has expired', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  using client = new RawClient(world.running.address);
  const run = await offered(world, client);
  world.accounts.set(owner, { roots: [other.publicKey] });
  expect(await refused(client.appendBatch(run, chainKey))).toBe('AUTH_ANSWER_INVALID');
  const next = await offered(world, client);
  world.nowUnixMs += 8 * dayMs;
  expect(await refused(client.appendBatch(next, chainKey))).toBe('AUTH_ANSWER_EXPIRED');
  const last = await offered(world, client);
  world.accounts.set(owner, { roots: [other.publicKey], isRemoved: true });
  expect(await refused(client.appendBatch(last, chainKey))).toBe('OWNER_REMOVED');
  expect(await refused(client.openChain({ chainKey }))).toBe('CHAIN_NOT_FOUND');
});

test('a genesis that the server did not make creates nothing', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  using client = new RawClient(world.running.address);
  const append = (run: Buffer, key = chainKey) => client.appendBatch(run, key);
  const { keyPair: server } = world.server;
  const own = await testGenesis({ chainKey, roots: [mine], server });
  expect(await refused(append(own.batch.run))).toBe('AUTH_ANSWER_REQUIRED');

  const run = await offered(world, client);
  const said = parseGenesis(parseBatch(run).events[0]?.headerBytes as Buffer);
  const named = { authAnswer: said.authAnswer, serverIdentity: server.publicKey };
  for (const by of [mine, world.service.keyPair]) {
    expect(await refused(append(await signedGenesis(named, by)))).toBe('SIGNATURE_INVALID');
  }
  const elsewhere = { ...named, serverIdentity: mine.publicKey };
  expect(await refused(append(await signedGenesis(elsewhere, mine)))).toBe(
    'SERVER_IDENTITY_MISMATCH',
  );
  // Nor is one taken for the chain of another owner.
  world.accounts.set('you@example.com', { roots: [other.publicKey] });
  expect(await refused(append(run, 'example.com/you/notes'))).toBe('GENESIS_INVALID');
  expect(await refused(client.openChain({ chainKey }))).toBe('CHAIN_NOT_FOUND');
});

test('answers and identities that somebody else appends are refused before anything is verified', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  const chain = await world.open(chainKey, mine);
  await chain.append({ data: 'one' });
  const { genesis } = chain;
  const authAnswer = genesis?.authAnswer;
  const writer = new TestWriter(genesis?.chainId as Buffer, mine);
  const event = buildEvent({
    ...{ kind: 'auth_answer', authority: { authAnswer }, data: Buffer.alloc(0), salt },
  });
  using client = new RawClient(world.running.address);
  const { run } = await writer.make([event]);
  expect(await refused(client.appendBatch(run, chainKey))).toBe('KEY_NOT_ALLOWED');
  const mixed = await writer.make([testEvent('x'), event]);
  expect(await refused(client.appendBatch(mixed.run, chainKey))).toBe('BATCH_INVALID');
  const { run: roots } = await writer.make([
    testEvent('', {
      ...{ kind: 'roots', primaryKey: undefined },
      authority: { roots: [other.publicKey] },
    }),
  ]);
  expect(await refused(client.appendBatch(roots, chainKey))).toBe('KEY_NOT_ALLOWED');
});

/** What a server may offer instead of what is true. */
type Offer = (run: Buffer, world: OwnersWorld) => Promise<Buffer> | Buffer;

/** The true genesis with something else in it, signed by the server. */
const altered =
  (changes: (said: GenesisInput) => Partial<GenesisInput>): Offer =>
  (run, { server }) => {
    const said = parseGenesis(parseBatch(run).events[0]?.headerBytes as Buffer);
    return signedGenesis({ ...said, ...changes(said) }, server.keyPair);
  };

async function answerBy(by: KeyPair, answer: Buffer, changes: object): Promise<Buffer> {
  const header = authAnswerHeader({ ...parseAuthAnswer(answer), ...changes });
  const { identity } = parseAuthAnswer(answer);
  return encodeAuthAnswer(header, identity, await by.sign(signatureContexts.authAnswer, header));
}

const offers: Record<string, { make: Offer; reason: string }> = {
  'for another chain': {
    make: altered(() => ({ chainKey: parseChainKey('example.com/me/other') })),
    reason: 'VERIFICATION_FAILED',
  },
  'of a chain that everybody may open': {
    make: altered(() => ({ isPrivate: false })),
    reason: 'VERIFICATION_FAILED',
  },
  'with other keys in the answer than the service has signed': {
    make: async (run, world) => {
      const said = parseGenesis(parseBatch(run).events[0]?.headerBytes as Buffer);
      const roots = [mine.publicKey, other.publicKey];
      const authAnswer = await answerBy(world.server.keyPair, said.authAnswer as Buffer, { roots });
      return signedGenesis({ ...said, authAnswer }, world.server.keyPair);
    },
    reason: 'VERIFICATION_FAILED',
  },
  'without an answer': {
    make: altered(() => ({ authAnswer: undefined, roots: [mine.publicKey] })),
    reason: 'VERIFICATION_FAILED',
  },
  "of another server's": {
    make: (run) => {
      const said = parseGenesis(parseBatch(run).events[0]?.headerBytes as Buffer);
      return signedGenesis({ ...said, serverIdentity: other.publicKey }, other);
    },
    reason: 'VERIFICATION_FAILED',
  },
};

test.each(Object.entries(offers))(
  'a client creates nothing by an offer %s',
  async (_name, { make, reason }) => {
    await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
    await using proxy = await LyingProxy.start(world.running.address);
    await using client = await testClient(proxy.address);
    const lies = new Map<string, Buffer>();
    using raw = new RawClient(world.running.address);
    lies.set('offer', await make(await offered(world, raw), world));
    proxy.lie = (method, answer) => {
      if (method !== 'openChain') return answer;
      const opened = fromBinary(OpenChainResponseSchema, answer);
      const offer = fromBinary(LogSegmentSchema, lies.get('offer') as Buffer);
      const lie = create(OpenChainResponseSchema, { ...opened, offer });
      return Buffer.from(toBinary(OpenChainResponseSchema, lie));
    };
    const chain = await client.open(chainKey, {
      ...{ key: mine, forAppend: true, private: true, reconnectMs: 1 },
    });
    await expect(chain.append({ data: 'one' })).rejects.toMatchObject({ reason });
    expect(await refused(raw.openChain({ chainKey }))).toBe('CHAIN_NOT_FOUND');
  },
);
