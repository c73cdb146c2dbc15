import { randomBytes } from 'node:crypto';
import { create, type DescMethod, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ChainService, type GetTicketRequestSchema } from '../gen/atedb/v1/chain_pb.js';
import { KeyPair, leafHash, signatureContexts } from '../src/crypto/index.ts';
import { parseBatch, type TicketProofClaim } from '../src/event/index.ts';
import { appendRequest, reasonOf } from './support/raw-client.ts';
import { StubClient } from './support/stub-client.ts';
import { TestServer } from './support/test-server.ts';
import { type TestBatch, type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';
import { TicketCall, ticketFor } from './support/ticket-call.ts';

// Private chains message by message.

const stranger = KeyPair.generate();
const same = (bytes: Buffer) => bytes;
let server: TestServer;
let root: KeyPair;
let writer: TestWriter;
let genesis: TestBatch;
let fingerprint: Buffer;
/** A private chain each. */
let [chainKey, otherKey] = ['team/private', 'team/other'];

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

beforeEach(async () => {
  fingerprint = server.running.identity.fingerprint;
  chainKey = `team/a${randomBytes(6).toString('hex')}`;
  otherKey = `team/b${randomBytes(6).toString('hex')}`;
  root ??= KeyPair.generate();
  const options = { trustMode: 'distributed', roots: [root], isPrivate: true } as const;
  ({ writer, batch: genesis } = await testGenesis({ ...options, chainKey }));
  const other = await testGenesis({ ...options, chainKey: otherKey });
  using client = server.client();
  await client.appendBatch(genesis.run, chainKey);
  await client.appendBatch(other.batch.run, otherKey);
});

const methods = ChainService.methods.filter(
  ({ name }) => name !== 'GetTicket' && name !== 'ListChains',
);

const genesisHeader = () => parseBatch(genesis.run).headerOf(0);

/** The least that a method answers to. */
async function requestOf({ name, input }: DescMethod): Promise<Buffer> {
  if (name === 'AppendBatch') {
    const { run } = await writer.make([testEvent('a')]);
    return appendRequest(run, chainKey);
  }
  const fields: Record<string, object> = {
    GetKeys: { fingerprints: [root.publicKey.fingerprint] },
    GetEvent: { event: { case: 'sequence', value: 0n } },
    ListChildren: { parent: randomBytes(16) },
    GetProof: { sequence: 0n },
    LoadData: { events: [{ sequence: 0n, eventHash: leafHash(genesisHeader()) }] },
    DeleteChain: { chainId: writer.chainId },
    Lock: {
      message: {
        case: 'lock',
        value: { primaryKey: randomBytes(16), key: root.publicKey.toFields() },
      },
    },
  };
  const message = create(input, { chainKey, ...fields[name] } as never);
  return Buffer.from(toBinary(input, message));
}

/** What comes first of a call: `ok`, or the reason of its refusal. */
async function callOf(method: DescMethod, request: Buffer, ticket?: Buffer): Promise<string> {
  const client = new StubClient(server.address);
  const metadata = new Metadata();
  if (ticket !== undefined) metadata.set('atedb-ticket-bin', ticket);
  try {
    const path = `/atedb.v1.ChainService/${method.name}`;
    const call = client.makeBidiStreamRequest(path, same, same, metadata);
    call.on('error', () => undefined);
    call.write(request);
    if (method.methodKind !== 'bidi_streaming') call.end();
    for await (const _ of call as AsyncIterable<Buffer>) {
      call.cancel();
      return 'ok';
    }
    return 'end';
  } catch (error) {
    return reasonOf(error) ?? String(error);
  } finally {
    client.close();
  }
}

describe.each(methods.map((method) => [method.name, method] as const))('%s', (_name, method) => {
  test('lets in who has a ticket of the chain, and nobody else', async () => {
    const request = await requestOf(method);
    const ticket = await ticketFor(server.address, chainKey, root, fingerprint);
    const other = await ticketFor(server.address, otherKey, root, fingerprint);
    const forged = Buffer.concat([stranger.publicKey.fingerprint, ticket.subarray(32)]);
    for (const none of [undefined, Buffer.alloc(0), randomBytes(72), other, forged]) {
      expect(await callOf(method, request, none)).toBe('CHAIN_PRIVATE');
    }
    expect(await callOf(method, request, ticket)).toBe('ok');
  });
});

describe('a proof for a ticket', () => {
  test('counts for what it says, and for nothing else', async () => {
    using another = new TicketCall(server.address);
    const { conversationId } = await another.begin(chainKey, root, fingerprint);
    using elsewhere = new TicketCall(server.address);
    const { chainKey: other, chainId } = await elsewhere.begin(otherKey, root, fingerprint);
    const parts: Partial<TicketProofClaim>[] = [
      { serverFingerprint: randomBytes(32) },
      { chainId },
      { chainKey: other },
      { conversationId },
      { fingerprint: stranger.publicKey.fingerprint },
      { exporter: randomBytes(32) },
    ];
    for (const part of parts) {
      using call = new TicketCall(server.address);
      await call.prove(root, { ...(await call.begin(chainKey, root, fingerprint)), ...part });
      expect(await call.answer(), Object.keys(part)[0]).toBe('SIGNATURE_INVALID');
    }
    for (const context of Object.values(signatureContexts)) {
      using call = new TicketCall(server.address);
      await call.prove(root, await call.begin(chainKey, root, fingerprint), context);
      const answer = await call.answer();
      const given = typeof answer === 'string' ? answer : answer.case;
      const isFor = context === signatureContexts.ticket;
      expect(given, context).toBe(isFor ? 'ticket' : 'SIGNATURE_INVALID');
    }
  });

  test('of a stranger is refused, also where it names the key of another', async () => {
    using call = new TicketCall(server.address);
    await call.prove(stranger, await call.begin(chainKey, stranger, fingerprint));
    expect(await call.answer()).toBe('KEY_NOT_ALLOWED');
    using named = new TicketCall(server.address);
    const claim = await named.begin(chainKey, root, fingerprint);
    await named.prove(stranger, claim);
    expect(await named.answer()).toBe('SIGNATURE_INVALID');
    using claimed = new TicketCall(server.address);
    await claimed.begin(chainKey, root, fingerprint);
    const { suite } = root.publicKey;
    const own = { suite, fingerprint: root.publicKey.fingerprint, signature: randomBytes(3_373) };
    claimed.send({ proof: { signature: own } });
    expect(await claimed.answer()).toBe('SIGNATURE_INVALID');
    // So whether a key is let in, nobody finds out who doesn't have it.
    using asked = new TicketCall(server.address);
    await asked.begin(chainKey, stranger, fingerprint);
    asked.send({ proof: { signature: { ...own, fingerprint: stranger.publicKey.fingerprint } } });
    expect(await asked.answer()).toBe('SIGNATURE_INVALID');
  });

  test('comes second, and nothing else does', async () => {
    const key = root.publicKey.toFields();
    const firsts: [MessageInitShape<typeof GetTicketRequestSchema>, string][] = [
      [{ key }, 'CHAIN_KEY_INVALID'],
      [{ chainKey }, 'REQUEST_INVALID'],
      [{ chainKey: 'team/nowhere', key }, 'CHAIN_NOT_FOUND'],
      [{ chainKey, key, chainId: randomBytes(32) }, 'CHAIN_ID_MISMATCH'],
      [{ chainKey, key, chainId: randomBytes(31) }, 'REQUEST_INVALID'],
      [{ chainKey, key, proof: {} }, 'REQUEST_INVALID'],
    ];
    for (const [first, reason] of firsts) {
      using call = new TicketCall(server.address);
      call.send(first);
      expect(await call.answer(), JSON.stringify(first)).toBe(reason);
    }
    for (const second of [{}, { chainKey }, { proof: {} }, { key, proof: {} }]) {
      using call = new TicketCall(server.address);
      await call.begin(chainKey, root, fingerprint);
      call.send(second);
      expect(await call.answer(), JSON.stringify(second)).toBe('REQUEST_INVALID');
    }
  });

  test('is for chains that are private', async () => {
    const open = `team/c${randomBytes(6).toString('hex')}`;
    const { batch } = await testGenesis({ chainKey: open, trustMode: 'distributed' });
    using client = server.client();
    await client.appendBatch(batch.run, open);
    using call = new TicketCall(server.address);
    call.send({ chainKey: open, key: root.publicKey.toFields() });
    expect(await call.answer()).toBe('REQUEST_INVALID');
    // A ticket that nobody asked for does no harm.
    chainKey = open;
    const ticket = randomBytes(72);
    const opening = await requestOf(ChainService.method.openChain);
    expect(await callOf(ChainService.method.openChain, opening, ticket)).toBe('ok');
  });
});

test('that it is there, and its id, are told to anybody', async () => {
  using call = new TicketCall(server.address);
  const { chainId } = await call.begin(chainKey, stranger, fingerprint);
  expect(chainId).toEqual(writer.chainId);
  const { batch } = await testGenesis({ chainKey, trustMode: 'distributed', roots: [stranger] });
  using client = server.client();
  await expect(client.appendBatch(batch.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'CHAIN_PRIVATE',
  );
});

test('who creates a private chain is let in with its genesis, and with nothing more; nor is the genesis again', async () => {
  const made = `team/d${randomBytes(6).toString('hex')}`;
  const first = await testGenesis({ chainKey: made, trustMode: 'distributed', isPrivate: true });
  using client = server.client();
  const isRefused = (error: unknown) => reasonOf(error) === 'CHAIN_PRIVATE';
  const append = client.append();
  append.send(first.batch.run, made);
  append.send((await first.writer.batch([testEvent('a')])).run);
  expect((await append.answer())?.outcome.case).toBe('committed');
  await expect(append.answer()).rejects.toSatisfy(isRefused);
  await expect(client.appendBatch(first.batch.run, made)).rejects.toSatisfy(isRefused);
  const again = client.append();
  again.send(first.batch.run, made);
  await expect(again.answer()).rejects.toSatisfy(isRefused);
});

test('tickets end with the run of the server', async () => {
  const ticket = await ticketFor(server.address, chainKey, root, fingerprint);
  const request = await requestOf(ChainService.method.openChain);
  await server.restart();
  expect(await callOf(ChainService.method.openChain, request, ticket)).toBe('CHAIN_PRIVATE');
  const newer = await ticketFor(server.address, chainKey, root, fingerprint);
  expect(await callOf(ChainService.method.openChain, request, newer)).toBe('ok');
});
