import { randomBytes } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  EventHeaderSchema,
  type Genesis as GenesisMessage,
  PublicKeySchema,
  TrustMode,
} from '../../gen/atedb/v1/event_pb.js';
import { TestChain } from '../../test/support/test-chain.ts';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair, signatureContexts } from '../crypto/index.ts';
import {
  type AuthAnswerClaim,
  authAnswerHeader,
  type BuiltEvent,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  commitLeaf,
  encodeAuthAnswer,
  type GenesisInput,
  parseChainKey,
  parseOwner,
  splitSlice,
} from '../event/index.ts';
import { extendIdentityLine, identityLineOf } from './identity-line.ts';
import { ReplayVerifier } from './replay-verifier.ts';
import { verifyBatch } from './verify-batch.ts';
import { verifyGenesis } from './verify-genesis.ts';

const forServer = { forSigningOnly: true };
const [server, service, nextServer] = [1, 2, 3].map(() => KeyPair.generate(forServer)) as [
  KeyPair,
  KeyPair,
  KeyPair,
];
const [mine, next, other] = [1, 2, 3].map(() => KeyPair.generate()) as [KeyPair, KeyPair, KeyPair];
const chainKey = parseChainKey('example.com/me/notes');
const startMs = 1_700_000_000_000;
const salt = randomBytes(16);

async function answer(
  said: Partial<AuthAnswerClaim> = {},
  by = service,
  rotations: readonly Buffer[] = [],
): Promise<Buffer> {
  const header = authAnswerHeader({
    ...{ owner: parseOwner('me@example.com'), version: 0, roots: [mine.publicKey], writers: [] },
    ...{ issuedUnixMs: startMs, expiresUnixMs: startMs + 1_000, admitted: [], changed: [] },
    ...{ isUnverified: false, isRemoved: false, identity: service.publicKey, ...said },
  });
  const { identity = service.publicKey } = said;
  const signature = await by.sign(signatureContexts.authAnswer, header);
  return encodeAuthAnswer(header, identity, signature, rotations);
}

async function begun(input: Partial<GenesisInput> = {}, by = [server]) {
  const header = buildGenesis({
    ...{ chainKey, trustMode: 'centralized', roots: [], createdUnixMs: startMs, salt },
    ...{ serverIdentity: server.publicKey, authAnswer: await answer(), ...input },
  });
  const writer = new TestWriter(chainIdOf(header), by[0], salt);
  const event = buildGenesisEvent(header);
  const { run, sealHash } = await writer.make([event], {}, by);
  return { header, run, writer, sealHash };
}

async function rotation(from: KeyPair): Promise<Buffer> {
  const pairs = { old: from, new: nextServer };
  const { rotations } = await extendIdentityLine(identityLineOf(from.publicKey), pairs, startMs);
  return rotations[0] as Buffer;
}

function event(kind: 'auth_answer' | 'server_identity', bytes: Buffer): BuiltEvent {
  const authority = kind === 'auth_answer' ? { authAnswer: bytes } : { serverIdentity: bytes };
  return testEvent('', { kind, primaryKey: undefined, authority });
}

const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof AtedbError ? error.reason : error),
  );

test('a genesis with an answer is signed by the server alone, and its roots are those of the answer', async () => {
  const { run } = await begun();
  const { genesis } = await verifyGenesis(run);
  expect(genesis.roots).toEqual([mine.publicKey]);
  expect(genesis.answer?.identity).toEqual(service.publicKey);
});

/** A genesis with something in it that whoever builds one with an answer leaves out. */
async function patched(patch: (genesis: GenesisMessage) => void) {
  const { header } = await begun();
  const message = fromBinary(EventHeaderSchema, header);
  patch(message.genesis as GenesisMessage);
  const bytes = Buffer.from(toBinary(EventHeaderSchema, message));
  return new TestWriter(chainIdOf(bytes), server, salt).make([buildGenesisEvent(bytes)]);
}

const change = { fingerprint: randomBytes(32), successor: undefined };

test.each<[string, () => Promise<{ run: Buffer }>, string]>([
  ['signed by its roots', () => begun({}, [mine]), 'SIGNATURE_INVALID'],
  ['signed by the auth service', () => begun({}, [service]), 'SIGNATURE_INVALID'],
  ['signed by its roots besides', () => begun({}, [server, mine]), 'SIGNATURE_INVALID'],
  [
    'with an answer that somebody else signed',
    async () => begun({ authAnswer: await answer({}, other) }),
    'SIGNATURE_INVALID',
  ],
  [
    'with an answer about another owner',
    async () => begun({ authAnswer: await answer({ owner: parseOwner('team') }) }),
    'GENESIS_INVALID',
  ],
  [
    'with an answer about an account that was removed',
    async () => begun({ authAnswer: await answer({ isRemoved: true }) }),
    'GENESIS_INVALID',
  ],
  [
    'with an answer that tells of changes',
    async () => begun({ authAnswer: await answer({ changed: [change] }) }),
    'GENESIS_INVALID',
  ],
  [
    'with roots besides the answer',
    () =>
      patched((genesis) => genesis.roots.push(create(PublicKeySchema, mine.publicKey.toFields()))),
    'GENESIS_INVALID',
  ],
  [
    'that names a service and has no answer',
    () =>
      patched((genesis) => {
        genesis.authAnswer = new Uint8Array();
      }),
    'GENESIS_INVALID',
  ],
  [
    'that names another service than its answer',
    () =>
      patched((genesis) => {
        genesis.authIdentity = create(PublicKeySchema, other.publicKey.toFields());
      }),
    'GENESIS_INVALID',
  ],
  [
    'of a distributed chain',
    () =>
      patched((genesis) => {
        genesis.trustMode = TrustMode.DISTRIBUTED;
        genesis.serverIdentity = undefined;
      }),
    'GENESIS_INVALID',
  ],
])('a genesis %s is refused', async (_what, make, reason) => {
  expect(await reasonOf(verifyGenesis((await make()).run))).toBe(reason);
});

/** A chain that has begun, and those who write to it. */
async function world() {
  const { header, run, writer, sealHash } = await begun();
  writer.counter = 1;
  writer.previous = sealHash;
  const chain = TestChain.of(header, run, writer);
  const mineWrites = new TestWriter(chain.genesis.chainId, mine);
  return { chain, server: writer, mine: mineWrites };
}

/** Verify a chain from its first event on, by all rules. */
function replayed(chain: TestChain): Promise<unknown> {
  return new ReplayVerifier(chain.genesis).verify(chain.slice());
}

test('a replay follows the answers that the server has added', async () => {
  const { chain, server: own, mine: writer } = await world();
  chain.accept((await writer.batch([testEvent('one')])).run);
  const roots = [next.publicKey];
  const successor = next.publicKey.fingerprint;
  const changed = [{ fingerprint: mine.publicKey.fingerprint, successor }];
  const added = event('auth_answer', await answer({ version: 1, roots, changed }));
  chain.accept((await own.batch([added])).run);
  const follower = new TestWriter(chain.genesis.chainId, next);
  chain.accept((await follower.batch([testEvent('two')])).run);
  expect(await reasonOf(replayed(chain))).toBeUndefined();
  // The one of before writes no more.
  chain.accept((await writer.batch([testEvent('three')])).run);
  expect(await reasonOf(replayed(chain))).toBe('VERIFICATION_FAILED');
});

test.each<[string, () => Promise<BuiltEvent>]>([
  [
    'that the auth service has not signed',
    async () => event('auth_answer', await answer({ version: 1 }, server)),
  ],
  [
    'of another service',
    async () =>
      event('auth_answer', await answer({ version: 1, identity: other.publicKey }, other)),
  ],
  ['that is no newer', async () => event('auth_answer', await answer())],
  [
    'about another owner',
    async () => event('auth_answer', await answer({ version: 1, owner: parseOwner('team') })),
  ],
  [
    'that has expired',
    async () =>
      event('auth_answer', await answer({ version: 1, issuedUnixMs: 1, expiresUnixMs: 2 })),
  ],
  [
    'with rotations of its own',
    async () =>
      event('auth_answer', await answer({ version: 1 }, service, [await rotation(other)])),
  ],
  [
    'that is a rotation from another key',
    async () => event('server_identity', await rotation(other)),
  ],
])('an answer %s is found out, though the server has added it', async (_what, make) => {
  const { chain, server: own } = await world();
  chain.accept((await own.batch([await make()])).run);
  // What the server signs later covers its batches of before, and not what those hold.
  const later = event('auth_answer', await answer({ version: 2 }));
  chain.accept((await own.batch([later])).run);
  expect(await reasonOf(replayed(chain))).toBe('VERIFICATION_FAILED');
});

test('what only a server adds counts from nobody else, and holds nothing else', async () => {
  const added = event('auth_answer', await answer({ version: 1 }));
  for (const batch of [
    (await world()).mine.batch([added]),
    (await world()).server.batch([added, testEvent('x')]),
    (await world()).server.batch([testEvent('x')]),
  ]) {
    const { chain } = await world();
    chain.accept((await batch).run);
    expect(await reasonOf(replayed(chain))).toBe('VERIFICATION_FAILED');
  }
});

test('nothing else is taken once the newest answer has expired, and a newer one mends it', async () => {
  const { chain, server: own, mine: writer } = await world();
  chain.accept((await writer.batch([testEvent('one')])).run, { timeUnixMs: startMs + 999 });
  expect(await reasonOf(replayed(chain))).toBeUndefined();
  const { chain: late, mine: lateWriter } = await world();
  late.accept((await lateWriter.batch([testEvent('x')])).run, { timeUnixMs: startMs + 1_000 });
  expect(await reasonOf(replayed(late))).toBe('VERIFICATION_FAILED');
  const longer = event('auth_answer', await answer({ expiresUnixMs: startMs + 9_000 }));
  chain.accept((await own.batch([longer])).run, { timeUnixMs: startMs + 2_000 });
  chain.accept((await writer.batch([testEvent('two')])).run, { timeUnixMs: startMs + 2_001 });
  expect(await reasonOf(replayed(chain))).toBeUndefined();
});

test('a server that has another identity adds how it came to it, and its batches can be verified one by one', async () => {
  const { chain } = await world();
  const own = new TestWriter(chain.genesis.chainId, nextServer, salt);
  const events = [
    event('server_identity', await rotation(server)),
    event('auth_answer', await answer({ version: 1 })),
  ];
  const { run, sealHash } = await own.make(events, {}, [nextServer], [nextServer.publicKey]);
  chain.accept(run);
  own.counter = 1;
  own.previous = sealHash;
  const later = await own.make(
    [event('auth_answer', await answer({ version: 2 }))],
    {},
    [nextServer],
    [nextServer.publicKey],
  );
  chain.accept(later.run);
  expect(await reasonOf(replayed(chain))).toBeUndefined();
  const nobody = async () => undefined;
  for (const stored of splitSlice(chain.slice())) {
    expect(await reasonOf(verifyBatch(chain.genesis, stored, nobody))).toBeUndefined();
  }
  // Whoever begins in the middle knows no more than what is shown there.
  const start = { commit: 1, sequence: 1, frontier: firstFrontier(chain) };
  const tail = new ReplayVerifier(chain.genesis, start);
  expect(await reasonOf(tail.verify(Buffer.concat(chain.stored.slice(1))))).toBeUndefined();
});

/** The tree of the first commit alone. */
function firstFrontier({ stored }: TestChain): Buffer[] {
  const [first] = splitSlice(stored[0] as Buffer);
  return [commitLeaf(first?.commit.headerBytes as Buffer)];
}
