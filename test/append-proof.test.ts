import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppendRequestSchema } from '../gen/atedb/v1/chain_pb.js';
import { ErrorReason } from '../gen/atedb/v1/errors_pb.js';
import { KeyPair, signatureContexts } from '../src/crypto/index.ts';
import { type KeyProofClaim, keyProofBytes, type TrustMode } from '../src/event/index.ts';
import { type AppendCall, type RawClient, reasonOf } from './support/raw-client.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

let server: TestServer;
let distributed: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized' });
  distributed = await TestServer.start({ trustMode: 'distributed' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await distributed[Symbol.asyncDispose]();
});

let count = 0;
let client: RawClient;
let writer: TestWriter;
let chainKey: string;
let call: AppendCall;

/** A chain with one root, and a stream to it. */
async function begin(trustMode: TrustMode = 'centralized'): Promise<void> {
  const { running } = trustMode === 'centralized' ? server : distributed;
  client = (trustMode === 'centralized' ? server : distributed).client();
  count += 1;
  chainKey = `example.com/me/proof_${count}`;
  const identity = { publicKey: running.identity } as KeyPair;
  const genesis = await testGenesis({ chainKey, trustMode, roots: [testKey], server: identity });
  writer = genesis.writer;
  await client.appendBatch(genesis.batch.run, chainKey);
  call = client.append();
}

beforeEach(async () => {
  await begin();
  return () => {
    call.cancel();
    client[Symbol.dispose]();
  };
});

function claimFor(conversationId: Buffer, key = testKey): KeyProofClaim {
  return {
    exporter: call.exporter,
    serverFingerprint: server.running.identity.fingerprint,
    chainId: writer.chainId,
    conversationId,
    fingerprint: key.publicKey.fingerprint,
  };
}

async function proofOf(
  claim: KeyProofClaim,
  key = testKey,
  context: string = signatureContexts.proof,
) {
  const signature = await key.sign(context, keyProofBytes(claim));
  return { signature: { suite: 1, fingerprint: key.publicKey.fingerprint, signature } };
}

const unsigned = () => writer.make([testEvent('x')], {}, []);

/** What comes next on the stream: the kind of an answer, or the reason of a refusal. */
async function next(): Promise<string | undefined> {
  const answer = await call.answer();
  const { outcome } = answer ?? { outcome: { case: undefined } };
  return outcome.case === 'rejected' ? ErrorReason[outcome.value.reason] : outcome.case;
}

test('a proven key writes without signatures, and a batch may come right behind its proof', async () => {
  call.prove(await proofOf(claimFor(await call.converse(chainKey))));
  for (let batch = 0; batch < 3; batch += 1) {
    const { run, sealHash } = await unsigned();
    writer.counter += 1;
    writer.previous = sealHash;
    call.send(run);
  }
  expect([await next(), await next(), await next(), await next()]).toEqual([
    'proven',
    'committed',
    'committed',
    'committed',
  ]);
  await using reader = await testClient(server.address);
  const chain = await reader.open(chainKey);
  const forwards = await all(chain.read());
  expect(forwards.map(({ vouchedBy }) => vouchedBy)).toEqual([
    'writer',
    'server',
    'server',
    'server',
  ]);
  const backwards = await all(chain.read({ reverse: true }));
  expect(backwards.map(({ vouchedBy }) => vouchedBy).reverse()).toEqual(
    forwards.map(({ vouchedBy }) => vouchedBy),
  );
});

test('the conversation of a stream is one, and of another stream another', async () => {
  const id = await call.converse(chainKey);
  expect(id).toHaveLength(32);
  expect(await call.converse(chainKey)).toEqual(id);
  const other = client.append();
  expect(await other.converse(chainKey)).not.toEqual(id);
  other.cancel();
});

test('a batch without a signature is refused before its key is proven, and in one call', async () => {
  const { run } = await unsigned();
  call.send(run, chainKey);
  expect(await next()).toBe('KEY_NOT_PROVEN');
  await expect(client.appendBatch(run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'KEY_NOT_PROVEN',
  );
});

test('a proof counts on its own stream only', async () => {
  call.prove(await proofOf(claimFor(await call.converse(chainKey))));
  expect(await next()).toBe('proven');
  const other = client.append();
  other.send((await unsigned()).run, chainKey);
  const answer = await other.answer();
  expect(answer?.outcome.value).toMatchObject({ reason: ErrorReason.KEY_NOT_PROVEN });
  other.cancel();
});

describe('a proof is refused', () => {
  const others: [string, (claim: KeyProofClaim) => KeyProofClaim][] = [
    ['another conversation', (claim) => ({ ...claim, conversationId: randomBytes(32) })],
    ['another chain', (claim) => ({ ...claim, chainId: randomBytes(32) })],
    ['another server', (claim) => ({ ...claim, serverFingerprint: randomBytes(32) })],
    ['another tunnel', (claim) => ({ ...claim, exporter: randomBytes(32) })],
    ['another key', (claim) => ({ ...claim, fingerprint: randomBytes(32) })],
  ];

  test.each(others)('that was made for %s, and what follows it is not taken', async (_, change) => {
    const claim = claimFor(await call.converse(chainKey));
    call.prove(await proofOf(change(claim)));
    call.send((await unsigned()).run);
    expect(await next()).toBe('SIGNATURE_INVALID');
    expect(await next()).toBe('KEY_NOT_PROVEN');
    call.prove(await proofOf(claim));
    expect(await next()).toBe('proven');
  });

  test('that is a signature for another purpose', async () => {
    const claim = claimFor(await call.converse(chainKey));
    call.prove(await proofOf(claim, testKey, signatureContexts.seal));
    expect(await next()).toBe('SIGNATURE_INVALID');
  });

  test('of a key that may not write', async () => {
    const stranger = KeyPair.generate();
    call.prove(await proofOf(claimFor(await call.converse(chainKey), stranger), stranger));
    expect(await next()).toBe('KEY_NOT_ALLOWED');
  });

  test('in a distributed chain, whose batches are signed', async () => {
    await begin('distributed');
    call.prove(await proofOf(claimFor(await call.converse(chainKey))));
    expect(await next()).toBe('REQUEST_INVALID');
    call.send((await unsigned()).run);
    expect(await next()).toBe('SIGNATURE_INVALID');
    call.send((await writer.make([testEvent('x')])).run);
    expect(await next()).toBe('committed');
  });

  test('beyond 16 of them on a stream', async () => {
    const proof = await proofOf(claimFor(await call.converse(chainKey)));
    for (let proofs = 0; proofs < 17; proofs += 1) call.prove(proof);
    const answers: unknown[] = [];
    for (let proofs = 0; proofs < 17; proofs += 1) answers.push(await next());
    expect(answers).toEqual([...Array(16).fill('proven'), 'REQUEST_INVALID']);
  });
});

test('a batch is judged by the proofs before it, however fast they follow', async () => {
  const claim = claimFor(await call.converse(chainKey));
  const good = await proofOf(claim);
  const bad = await proofOf({ ...claim, conversationId: randomBytes(32) });
  const { run, sealHash } = await unsigned();
  writer.counter += 1;
  writer.previous = sealHash;
  call.send(run);
  call.prove(good);
  call.send(run);
  call.prove(bad);
  call.send((await unsigned()).run);
  const answers: unknown[] = [];
  for (let sent = 0; sent < 5; sent += 1) answers.push(await next());
  expect(answers).toEqual([
    'KEY_NOT_PROVEN',
    'proven',
    'committed',
    'SIGNATURE_INVALID',
    'KEY_NOT_PROVEN',
  ]);
});

test('what was committed without a signature is answered again wherever it is sent', async () => {
  call.prove(await proofOf(claimFor(await call.converse(chainKey))));
  expect(await next()).toBe('proven');
  const { run } = await unsigned();
  call.send(run);
  const first = await call.answer();
  if (first?.outcome.case !== 'committed') throw new Error(`an answer: ${first?.outcome.case}`);
  const { commitHeader } = first.outcome.value;
  expect((await client.appendBatch(run, chainKey)).committed?.commitHeader).toEqual(commitHeader);
  const other = client.append();
  other.send(run, chainKey);
  expect((await other.answer())?.outcome.value).toMatchObject({ commitHeader });
  other.cancel();
});

test('another key than the proven one writes with its signature only', async () => {
  chainKey = `${chainKey}_two`;
  const otherKey = KeyPair.generate();
  const genesis = await testGenesis({
    chainKey,
    roots: [testKey, otherKey],
    server: { publicKey: server.running.identity } as KeyPair,
  });
  writer = genesis.writer;
  await client.appendBatch(genesis.batch.run, chainKey);
  call.prove(await proofOf(claimFor(await call.converse(chainKey))));
  expect(await next()).toBe('proven');
  const other = new TestWriter(writer.chainId, otherKey);
  call.send((await other.make([testEvent('x')], {}, [])).run);
  expect(await next()).toBe('KEY_NOT_PROVEN');
  call.send((await other.make([testEvent('x')])).run);
  expect(await next()).toBe('committed');
  // And both side by side, once both are proven.
  call.prove(await proofOf(claimFor(await call.converse(chainKey), otherKey), otherKey));
  expect(await next()).toBe('proven');
  for (const each of [writer, new TestWriter(writer.chainId, otherKey)]) {
    call.send((await each.make([testEvent('y')], {}, [])).run);
    expect(await next()).toBe('committed');
  }
});

test('a conversation about a chain that is not there ends the stream', async () => {
  call.send(Buffer.alloc(0), 'example.com/me/nowhere');
  await expect(call.answer()).rejects.toSatisfy((error) => reasonOf(error) === 'CHAIN_NOT_FOUND');
});

test('a batch and a proof in one message, and a proof in one call, are refused', async () => {
  const proof = await proofOf(claimFor(randomBytes(32)));
  const { run } = await unsigned();
  const half = client.append();
  half.prove(proof);
  await expect(half.answer()).rejects.toSatisfy((error) => reasonOf(error) === 'REQUEST_INVALID');
  const other = client.append();
  other.sendWithProof(run, chainKey, proof);
  await expect(other.answer()).rejects.toSatisfy((error) => reasonOf(error) === 'NON_CANONICAL');
  const before = create(AppendRequestSchema, { proof });
  for (const parts of [
    [toBinary(AppendRequestSchema, before), run],
    [run, toBinary(AppendRequestSchema, before)],
  ]) {
    await expect(client.unary('AppendBatch', Buffer.concat(parts))).rejects.toSatisfy(
      (error) => reasonOf(error) === 'NON_CANONICAL',
    );
  }
  await expect(
    client.unary(
      'AppendBatch',
      toBinary(AppendRequestSchema, create(AppendRequestSchema, { chainKey, proof })),
    ),
  ).rejects.toSatisfy((error) => reasonOf(error) === 'REQUEST_INVALID');
});

test('the client signs where it is asked to', async () => {
  await using reader = await testClient(server.address);
  const chain = await reader.open('team/signing', {
    key: testKey,
    forAppend: true,
    signBatches: true,
  });
  await chain.append({ data: 'signed' });
  expect((await all(chain.read())).map(({ vouchedBy }) => vouchedBy)).toEqual(['writer', 'writer']);
});

test('the client proves its key to no other server than the genesis names', async () => {
  await using other = await TestServer.start({ trustMode: 'centralized' });
  // The chain as it is, on a server with another identity: as if its folder was moved, or somebody plays its server.
  await server.running.drain('to copy its folder');
  const { cp } = await import('node:fs/promises');
  const { join } = await import('node:path');
  await other.restart(() =>
    cp(join(server.logsPath, 'example.com'), join(other.logsPath, 'example.com'), {
      recursive: true,
    }),
  );
  await server.restart();
  await using reader = await testClient(other.address);
  await expect(reader.open(chainKey, { key: testKey, forAppend: true })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
  await expect(reader.open(chainKey)).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_MISMATCH' });
});
