import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppendBatchResponseSchema } from '../gen/atedb/v1/chain_pb.js';
import { CheckpointKeysSchema } from '../gen/atedb/v1/checkpoint_pb.js';
import { FieldWriter } from '../src/bytes/index.ts';
import { PublicKey, verifyConsistency, verifyInclusion } from '../src/crypto/index.ts';
import { commitLeaf, parseCheckpoint, parseCommitHeader } from '../src/event/index.ts';
import { verifyCheckpoint, verifyCheckpointKeys } from '../src/trust/index.ts';
import { appendRequest, type RawClient, reasonOf } from './support/raw-client.ts';
import { testClient } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';

// What a server signs, and when, as clients in any language see it.

/** Field 18 of AppendRequest and AppendBatchRequest. */
const attestFlag = new FieldWriter().varint(18, 1).finish();

let server: TestServer;
let client: RawClient;

beforeAll(async () => {
  server = await TestServer.start();
  client = server.client();
});
afterAll(async () => {
  client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

let chains = 0;

async function newChain(to: RawClient = client) {
  chains += 1;
  const key = `team/signed${chains}`;
  const { writer, batch } = await testGenesis({ chainKey: key, trustMode: 'distributed' });
  await to.appendBatch(batch.run, key);
  const append = async () => {
    const { run } = await writer.batch([testEvent('x')]);
    return to.appendBatch(run, key);
  };
  return { key, writer, append };
}

/** Open a chain, and verify what its server has signed of it. */
async function open(chainKey: string, from: RawClient = client) {
  const answer = await from.openChain({ chainKey });
  const { serverIdentity, checkpointKeys } = answer;
  if (serverIdentity === undefined || checkpointKeys?.signature === undefined) {
    throw new Error('it shows no keys');
  }
  const identity = PublicKey.parse(serverIdentity.suite, Buffer.from(serverIdentity.key));
  const message = Buffer.from(toBinary(CheckpointKeysSchema, checkpointKeys));
  const signer = await verifyCheckpointKeys(message, identity);
  const { chainId } = parseCheckpoint(answer.checkpoint);
  const signed = await verifyCheckpoint(answer.checkpoint, chainId, signer);
  return { answer, signed };
}

test('an opening shows a checkpoint of the head; of an idle chain the same one each time', async () => {
  const chain = await newChain();
  const first = await open(chain.key);
  expect(first.signed.head.size).toBe(1);
  expect(first.signed.timeUnixS).toBeGreaterThan(Date.now() / 1_000 - 5);
  expect((await open(chain.key)).answer.checkpoint).toBe(first.answer.checkpoint);
});

test('it is signed once a second at most, and what is older is proven to be of the head', async () => {
  const chain = await newChain();
  const notes = new Set<string>();
  const begun = performance.now();
  for (let at = 0; at < 20; at += 1) {
    await chain.append();
    const { answer, signed } = await open(chain.key);
    notes.add(answer.checkpoint);
    expect(Number(answer.head?.size)).toBe(at + 2);
    expect(answer.checkpointConsistency.length > 0).toBe(signed.head.size < at + 2);
  }
  expect(notes.size).toBeLessThanOrEqual(2 + (performance.now() - begun) / 1_000);
});

test('the keys are made once, for their owner only, and kept over a restart', async () => {
  await using own = await TestServer.start();
  using before = own.client();
  const chain = await newChain(before);
  const first = await open(chain.key, before);
  const { mode } = await stat(join(own.logsPath, '_sys', 'checkpoint.key'));
  expect(mode & 0o777).toBe(0o600);
  await own.restart();
  using after = own.client();
  const second = await open(chain.key, after);
  expect(second.answer.checkpointKeys?.ed25519).toEqual(first.answer.checkpointKeys?.ed25519);
  expect(second.answer.checkpointKeys?.mldsa44).toEqual(first.answer.checkpointKeys?.mldsa44);
});

test('one batch in a call is attested, with proofs from the head that its seal names', async () => {
  const chain = await newChain();
  const { signed } = await open(chain.key);
  const { run, sealHash } = await chain.writer.batch([testEvent('x')], { asOf: signed.head });
  const request = Buffer.concat([appendRequest(run, chain.key), attestFlag]);
  const bytes = await client.unary('AppendBatch', request);
  const { committed, attested } = fromBinary(AppendBatchResponseSchema, bytes);
  if (committed === undefined || attested === undefined) throw new Error('it is not attested');
  const commitHeader = Buffer.from(committed.commitHeader);
  const { head } = await verifyCheckpoint(attested.checkpoint, signed.chainId, signed.signer);
  const { commit, sealHash: committedSeal } = parseCommitHeader(commitHeader);
  expect(committedSeal).toEqual(sealHash);
  const inclusion = attested.inclusion.map((hash) => Buffer.from(hash));
  const leaf = commitLeaf(commitHeader);
  const { size, root } = head;
  expect(verifyInclusion({ index: commit, size, leaf, root, proof: inclusion })).toBe(true);
  const consistency = {
    first: signed.head.size,
    second: size,
    firstRoot: signed.head.root,
    secondRoot: root,
    proof: attested.consistency.map((hash) => Buffer.from(hash)),
  };
  expect(verifyConsistency(consistency)).toBe(true);
  // Sent again, it is attested again; and without being asked for, it isn't.
  const again = fromBinary(AppendBatchResponseSchema, await client.unary('AppendBatch', request));
  expect(again.committed).toEqual(committed);
  expect(again.attested?.checkpoint).toBe(attested.checkpoint);
  expect((await client.appendBatch(run, chain.key)).attested).toBeUndefined();
});

test('what is to be attested counts as in flight until it is, and a rejected batch needs nothing', async () => {
  const chain = await newChain();
  const stream = client.append();
  const wrong = await chain.writer.make([testEvent('x')], { counter: 5 });
  stream.call.write(Buffer.concat([appendRequest(wrong.run, chain.key), attestFlag]));
  expect((await stream.answer())?.outcome.case).toBe('rejected');
  const count = 140;
  for (let at = 0; at < count; at += 1) {
    const { run } = await chain.writer.batch([testEvent('x')]);
    stream.call.write(Buffer.concat([run, attestFlag]));
  }
  stream.end();
  let committed = 0;
  let attested = 0;
  let notes = 0;
  for (let answer = await stream.answer(); answer !== undefined; answer = await stream.answer()) {
    if (answer.outcome.case === 'committed') committed += 1;
    else if (answer.outcome.case === 'attested') {
      attested += 1;
      if (answer.outcome.value.checkpoint !== '') notes += 1;
      expect(answer.outcome.value.inclusion.length).toBeGreaterThan(0);
    }
    expect(committed - attested).toBeLessThanOrEqual(128);
  }
  expect({ committed, attested }).toEqual({ committed: count, attested: count });
  expect(notes).toBeGreaterThan(0);
  expect(notes).toBeLessThan(6);
});

test('a request to attest stands behind its batch, once', async () => {
  const chain = await newChain();
  const { run } = await chain.writer.make([testEvent('x')]);
  const key = new FieldWriter().string(16, chain.key).finish();
  for (const request of [
    Buffer.concat([attestFlag, run, key]),
    Buffer.concat([run, key, attestFlag, attestFlag]),
    Buffer.concat([run, attestFlag, run, key]),
    Buffer.concat([key, attestFlag]),
    Buffer.concat([run, key, new FieldWriter().bytes(18, Buffer.of(1)).finish()]),
  ]) {
    const error = await client.unary('AppendBatch', request).catch((reason) => reason);
    expect(reasonOf(error)).toBe('NON_CANONICAL');
  }
});

test('batches are attested before a server that drains has ended their stream', async () => {
  await using own = await TestServer.start();
  using before = own.client();
  const chain = await newChain(before);
  await open(chain.key, before);
  const stream = before.append();
  const { run } = await chain.writer.batch([testEvent('x')]);
  stream.call.write(Buffer.concat([appendRequest(run, chain.key), attestFlag]));
  expect((await stream.answer())?.outcome.case).toBe('committed');
  const drained = own.running.drain('a test');
  expect((await stream.answer())?.outcome.case).toBe('attested');
  await drained;
});

test('a chain that has lost its end is not signed any more', async () => {
  await using own = await TestServer.start();
  using before = own.client();
  const chain = await newChain(before);
  for (let at = 0; at < 4; at += 1) await chain.append();
  await own.restart(async () => {
    const path = join(own.logsPath, `${chain.key}.chain`, 'segment-00000000.log');
    const bytes = await readFile(path);
    // In the last batches, which a footer says are durable.
    bytes[bytes.length - 1_000] = (bytes[bytes.length - 1_000] ?? 0) ^ 1;
    await writeFile(path, bytes);
  });
  using after = own.client();
  const answer = await after.openChain({ chainKey: chain.key });
  expect(answer.trouble).not.toBe('');
  expect(Number(answer.head?.size)).toBeLessThan(5);
  expect(answer.checkpoint).toBe('');
  await using reader = await testClient(own.address);
  const opened = await reader.open(chain.key);
  expect(opened.checkpoint).toBeUndefined();
});
