import { randomBytes } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  DeleteChainRequestSchema,
  DeleteChainResponseSchema,
  GetTicketRequestSchema,
  GetTicketResponseSchema,
  LockRequestSchema,
  LockResponseSchema,
} from '../gen/atedb/v1/chain_pb.js';
import { type KeyPair, signatureContexts } from '../src/crypto/index.ts';
import {
  deletionBytes,
  lockProofBytes,
  parseChainKey,
  ticketProofBytes,
} from '../src/event/index.ts';
import { mutate } from './support/fuzz/mutate.ts';
import { ByteCall } from './support/lock-call.ts';
import { rounds } from './support/scale.ts';
import { type Random, seededRandom } from './support/seed.ts';
import { TestServer } from './support/test-server.ts';
import { testGenesis } from './support/test-writer.ts';

// Streams on which a key is proven, with spoilt messages: each is refused with a reason that is not a defect's, nothing is locked or
// deleted by it, and the server goes on.

const chainKey = 'team/talk';
/** Another one, of the same root. */
const privateKey = 'team/private';
const primaryKey = randomBytes(16);
const inputs = rounds({ short: 40, long: 20_000 });
let server: TestServer;
let root: KeyPair;
let chainId: Buffer;
let privateId: Buffer;

beforeAll(async () => {
  server = await TestServer.start();
  const { writer, batch, roots } = await testGenesis({ chainKey, trustMode: 'distributed' });
  root = roots[0] as KeyPair;
  chainId = writer.chainId;
  using client = server.client();
  await client.appendBatch(batch.run, chainKey);
  const closed = await testGenesis({
    ...{ chainKey: privateKey, trustMode: 'distributed', roots, isPrivate: true },
  });
  privateId = closed.writer.chainId;
  await client.appendBatch(closed.batch.run, privateKey);
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a talk says first, and then, to the conversation that it was told. */
interface Talk {
  readonly method: string;
  first(): Buffer;
  conversationOf(answer: Buffer): Buffer | undefined;
  second(conversationId: Buffer): Promise<Buffer>;
}

const claim = (conversationId: Buffer) => ({
  serverFingerprint: server.running.identity.fingerprint,
  chainId,
  conversationId,
  fingerprint: root.publicKey.fingerprint,
});

async function signed(context: string, bytes: Buffer) {
  const { suite, fingerprint } = root.publicKey;
  return { suite, fingerprint, signature: await root.sign(context, bytes) };
}

const locking: Talk = {
  method: 'Lock',
  first: () => {
    const key = root.publicKey.toFields();
    const value = { primaryKey, key, label: Buffer.alloc(0), ttlMs: 60_000, noWait: true };
    return lockRequest({ chainKey, chainId, message: { case: 'lock', value } });
  },
  conversationOf: (answer) => {
    const { message } = fromBinary(LockResponseSchema, answer);
    return message.case === 'conversation' ? Buffer.from(message.value.conversationId) : undefined;
  },
  second: async (id) => {
    const bytes = lockProofBytes({ ...claim(id), primaryKey });
    const signature = await signed(signatureContexts.lock, bytes);
    return lockRequest({ message: { case: 'proof', value: { signature } } });
  },
};

function lockRequest(init: Parameters<typeof create<typeof LockRequestSchema>>[1]): Buffer {
  return Buffer.from(toBinary(LockRequestSchema, create(LockRequestSchema, init)));
}

const deleting: Talk = {
  method: 'DeleteChain',
  first: () => deleteRequest({ chainKey, chainId }),
  conversationOf: (answer) => {
    const { message } = fromBinary(DeleteChainResponseSchema, answer);
    return message.case === 'conversation' ? Buffer.from(message.value.conversationId) : undefined;
  },
  second: async (id) => {
    // Valid, but for a head that the chain never had: so that no spoilt one is good by chance.
    const head = { size: 1, root: Buffer.alloc(32, 9) };
    const signature = await signed(
      signatureContexts.deleteChain,
      deletionBytes({ ...claim(id), head }),
    );
    return deleteRequest({ deletion: { head: { size: 1n, root: head.root }, signature } });
  },
};

function deleteRequest(
  init: Parameters<typeof create<typeof DeleteChainRequestSchema>>[1],
): Buffer {
  return Buffer.from(toBinary(DeleteChainRequestSchema, create(DeleteChainRequestSchema, init)));
}

const asking: Talk = {
  method: 'GetTicket',
  first: () => {
    const key = root.publicKey.toFields();
    return ticketRequest({ chainKey: privateKey, chainId: privateId, key });
  },
  conversationOf: (answer) => {
    const { message } = fromBinary(GetTicketResponseSchema, answer);
    return message.case === 'challenge' ? Buffer.from(message.value.conversationId) : undefined;
  },
  second: async (id) => {
    // For another chain: so that no spoilt one is good by chance.
    const proven = { ...claim(id), chainId: privateId, chainKey: parseChainKey(chainKey) };
    const signature = await signed(signatureContexts.ticket, ticketProofBytes(proven));
    return ticketRequest({ proof: { signature } });
  },
};

function ticketRequest(init: Parameters<typeof create<typeof GetTicketRequestSchema>>[1]): Buffer {
  return Buffer.from(toBinary(GetTicketRequestSchema, create(GetTicketRequestSchema, init)));
}

const refusals = new Set([
  'REQUEST_INVALID',
  'DATA_TOO_LARGE',
  'UNSUPPORTED',
  'CHAIN_KEY_INVALID',
  'CHAIN_NOT_FOUND',
  'CHAIN_ID_MISMATCH',
  'KEY_NOT_ALLOWED',
  'SIGNATURE_INVALID',
  'AS_OF_INVALID',
  'LOCK_HELD',
  // Of delegations that bytes of other fields were taken for.
  'DELEGATION_INVALID',
  'DELEGATION_OUT_OF_SCOPE',
  'DELEGATION_EXPIRED',
]);

async function talk(talking: Talk, random: Random, donors: readonly Buffer[], told: string) {
  using call = new ByteCall(server.address, talking.method);
  const spoilsFirst = random.chance(0.5);
  const first = talking.first();
  call.write(spoilsFirst ? mutate(first, random, donors) : first);
  let answer = await call.read();
  const id = Buffer.isBuffer(answer) ? talking.conversationOf(answer) : undefined;
  if (id !== undefined) {
    const second = await talking.second(id);
    call.write(spoilsFirst ? second : mutate(second, random, donors));
    answer = await call.read();
  }
  if (typeof answer === 'string') expect(refusals, told).toContain(answer);
  else if (talking !== locking) expect.fail(`${told}: it was answered`);
}

test.each([locking, deleting, asking])(
  'spoilt messages to $method are refused',
  async (talking) => {
    const random = seededRandom();
    const donors = [locking.first(), deleting.first(), await locking.second(randomBytes(32))];
    for (let index = 0; index < inputs; index += 1) {
      await talk(talking, random, donors, `seed ${random.seed}, input ${index}`);
    }
    using client = server.client();
    expect((await client.describeChain(chainKey)).nextSequence).toBe(1n);
    // Nothing is left of them.
    using call = new ByteCall(server.address, 'Lock');
    call.write(locking.first());
    const id = locking.conversationOf((await call.read()) as Buffer) as Buffer;
    call.write(await locking.second(id));
    const granted = fromBinary(LockResponseSchema, (await call.read()) as Buffer);
    expect(granted.message.case).toBe('granted');
  },
);
