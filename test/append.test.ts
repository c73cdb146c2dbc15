import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ErrorReason } from '../gen/atedb/v1/errors_pb.js';
import { KeyPair } from '../src/crypto/index.ts';
import { parseCommitHeader } from '../src/event/index.ts';
import { type AppendCall, appendRequest, type RawClient, reasonOf } from './support/raw-client.ts';
import { TestServer } from './support/test-server.ts';
import { type TestBatch, TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

let server: TestServer;
let client: RawClient;
let chainKey: string;
let writer: TestWriter;
let genesisBatch: TestBatch;

beforeAll(async () => {
  server = await TestServer.start();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

let count = 0;
beforeEach(async () => {
  client = server.client();
  count += 1;
  chainKey = `example.com/me/append_${count}`;
  const genesis = await testGenesis({ chainKey, trustMode: 'distributed' });
  writer = genesis.writer;
  genesisBatch = genesis.batch;
  await client.appendBatch(genesisBatch.run, chainKey);
  return () => client[Symbol.dispose]();
});

function commitOf(answer: Awaited<ReturnType<AppendCall['answer']>>) {
  if (answer?.outcome.case !== 'committed') throw new Error(JSON.stringify(answer?.outcome.value));
  return parseCommitHeader(Buffer.from(answer.outcome.value.commitHeader));
}

async function rejectionOf(call: AppendCall): Promise<string | undefined> {
  const answer = await call.answer();
  return answer?.outcome.case === 'rejected' ? ErrorReason[answer.outcome.value.reason] : undefined;
}

async function nextSequence(): Promise<number> {
  return Number((await client.describeChain(chainKey)).nextSequence);
}

test('batches are pipelined and answered in order', async () => {
  const call = client.append();
  const batches: TestBatch[] = [];
  for (let index = 0; index < 300; index += 1) {
    batches.push(await writer.batch([testEvent('a'), testEvent('b')]));
  }
  for (const [index, { run }] of batches.entries()) {
    call.send(run, index === 0 ? chainKey : undefined);
  }
  call.end();
  for (const [index, { sealHash }] of batches.entries()) {
    const answer = await call.answer();
    expect(Buffer.from(answer?.sealHash ?? [])).toEqual(sealHash);
    expect(commitOf(answer)).toMatchObject({ commit: index + 1, firstSequence: 1 + 2 * index });
  }
  expect(await call.answer()).toBeUndefined();
  expect(await nextSequence()).toBe(601);
});

test('a retry gets the first answer and adds nothing, on any stream and after a restart', async () => {
  const batch = await writer.batch([testEvent('once')]);
  const first = await client.appendBatch(batch.run, chainKey);
  const again = await client.appendBatch(batch.run, chainKey);
  expect(again.committed?.commitHeader).toEqual(first.committed?.commitHeader);
  const call = client.append();
  call.send(batch.run, chainKey);
  call.send(batch.run);
  for (const _ of [1, 2]) expect(commitOf(await call.answer()).commit).toBe(1);
  call.end();
  await call.answer();
  await server.restart();
  using after = server.client();
  const restarted = await after.appendBatch(batch.run, chainKey);
  expect(restarted.committed?.commitHeader).toEqual(first.committed?.commitHeader);
  expect(Number((await after.describeChain(chainKey)).nextSequence)).toBe(2);
  // The genesis is a batch as any other.
  await expect(after.appendBatch(genesisBatch.run, chainKey)).resolves.toBeDefined();
});

test('what is pipelined behind a rejected batch is told so, and can be sealed again', async () => {
  const call = client.append();
  const good = await writer.batch([testEvent('good')]);
  const preconditions = [{ kind: 'lands_before', sequence: 1 } as const];
  const late = await writer.make([testEvent('late')], { preconditions });
  call.send(good.run, chainKey);
  call.send(late.run);
  // Sealed behind the rejected one, as a client does that hasn't heard of the rejection yet.
  const behind = await writer.make([testEvent('behind')], {
    counter: writer.counter + 1,
    previous: late.sealHash,
  });
  const further = await writer.make([testEvent('further')], {
    counter: writer.counter + 2,
    previous: behind.sealHash,
  });
  call.send(behind.run);
  call.send(further.run);
  expect(commitOf(await call.answer()).commit).toBe(1);
  expect(await rejectionOf(call)).toBe('PRECONDITION_FAILED');
  expect(await rejectionOf(call)).toBe('PREDECESSOR_REJECTED');
  expect(await rejectionOf(call)).toBe('PREDECESSOR_REJECTED');
  const resealed = await writer.batch([testEvent('behind')]);
  call.send(resealed.run);
  expect(commitOf(await call.answer())).toMatchObject({ commit: 2, firstSequence: 2 });
  // A gap of the writer's own making is no predecessor's fault.
  const gap = await writer.make([testEvent('gap')], {
    counter: writer.counter + 5,
    previous: randomBytes(32),
  });
  call.send(gap.run);
  expect(await rejectionOf(call)).toBe('COUNTER_GAP');
  call.end();
});

test('what is pipelined behind a batch that could not be read is told so, until one is accepted again', async () => {
  const call = client.append();
  const unreadable = await writer.make([testEvent('unreadable')]);
  const behind = await writer.make([testEvent('behind')], {
    counter: writer.counter + 1,
    previous: unreadable.sealHash,
  });
  // The tag of a field that events don't have.
  const spoilt = Buffer.from(unreadable.run);
  spoilt[3] = 0x7a;
  call.send(spoilt, chainKey);
  call.send(behind.run);
  expect(await rejectionOf(call)).toBe('NON_CANONICAL');
  expect(await rejectionOf(call)).toBe('PREDECESSOR_REJECTED');
  call.send((await writer.batch([testEvent('unreadable')])).run);
  expect(commitOf(await call.answer()).commit).toBe(1);
  // Of another writer it still may be.
  const other = new TestWriter(writer.chainId, writer.key);
  const second = { counter: 1, previous: randomBytes(32) };
  call.send((await other.make([testEvent('second')], second)).run);
  expect(await rejectionOf(call)).toBe('PREDECESSOR_REJECTED');
  const gap = { counter: writer.counter + 5, previous: randomBytes(32) };
  call.send((await writer.make([testEvent('gap')], gap)).run);
  expect(await rejectionOf(call)).toBe('COUNTER_GAP');
  call.end();
});

test('a message that ends the stream takes no answer from the batches before it', async () => {
  const call = client.append();
  call.send((await writer.batch([testEvent('one')])).run, chainKey);
  call.send((await writer.batch([testEvent('two')])).run);
  call.send(randomBytes(0), 'example.com/me/another');
  expect(commitOf(await call.answer()).commit).toBe(1);
  expect(commitOf(await call.answer()).commit).toBe(2);
  await expect(call.answer()).rejects.toSatisfy((error) => reasonOf(error) === 'REQUEST_INVALID');
});

test('a forked writer is refused, whichever batch came first', async () => {
  const one = await writer.make([testEvent('one')]);
  const other = await writer.make([testEvent('other')]);
  await client.appendBatch(one.run, chainKey);
  await expect(client.appendBatch(other.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'WRITER_FORKED',
  );
  await expect(client.appendBatch(one.run, chainKey)).resolves.toBeDefined();
});

test("a stranger's key is refused, and nothing is stored", async () => {
  const stranger = new TestWriter(writer.chainId);
  const { run } = await stranger.batch([testEvent('mine')]);
  await expect(client.appendBatch(run, chainKey)).rejects.toSatisfy(
    (error) =>
      reasonOf(error) === 'KEY_NOT_ALLOWED' &&
      error.details.includes(stranger.key.publicKey.fingerprintHex),
  );
  expect(await nextSequence()).toBe(1);
});

test('a batch whose signature is broken is refused', async () => {
  const { run } = await writer.make([testEvent('x')]);
  for (const at of [run.length - 1, run.length - 3000]) {
    const broken = Buffer.from(run);
    broken[at] = (broken[at] ?? 0) ^ 1;
    await expect(client.appendBatch(broken, chainKey)).rejects.toSatisfy(
      (error) => reasonOf(error) === 'SIGNATURE_INVALID',
    );
  }
});

test('a newer stream takes a writer over, the older one ends; a replayed batch takes over nothing', async () => {
  const older = client.append();
  const batch = await writer.batch([testEvent('1')]);
  older.send(batch.run, chainKey);
  commitOf(await older.answer());
  const replayer = client.append();
  replayer.send(batch.run, chainKey);
  commitOf(await replayer.answer());
  const stillThere = await writer.batch([testEvent('2')]);
  older.send(stillThere.run);
  commitOf(await older.answer());
  const newer = client.append();
  newer.send((await writer.batch([testEvent('3')])).run, chainKey);
  commitOf(await newer.answer());
  await expect(older.answer()).rejects.toSatisfy(
    (error) => reasonOf(error) === 'WRITER_TAKEN_OVER',
  );
  newer.end();
  replayer.end();
});

test('appending creates a chain from a genesis only', async () => {
  const key = `${chainKey}x`;
  const plain = await writer.make([testEvent('x')]);
  await expect(client.appendBatch(plain.run, key)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'CHAIN_NOT_FOUND',
  );
  const other = await testGenesis({ chainKey: key, trustMode: 'distributed' });
  await expect(client.appendBatch(other.batch.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'CHAIN_EXISTS',
  );
  await expect(client.appendBatch(other.batch.run, `${key}y`)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'GENESIS_INVALID',
  );
  const central = await testGenesis({ chainKey: key, trustMode: 'centralized' });
  await expect(client.appendBatch(central.batch.run, key)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'TRUST_MODE_MISMATCH',
  );
  await expect(client.openChain({ chainKey: key })).rejects.toSatisfy(
    (error) => reasonOf(error) === 'CHAIN_NOT_FOUND',
  );
  const offered = await client.openChain({ chainKey: key, forAppend: true });
  expect(offered.genesis).toBeUndefined();
});

test('of many that create one chain at once, one does, and the others are told which', async () => {
  const key = `${chainKey}r`;
  const offers = await Promise.all(
    Array.from({ length: 8 }, () => testGenesis({ chainKey: key, trustMode: 'distributed' })),
  );
  const outcomes = await Promise.allSettled(
    offers.map(({ batch }) => client.appendBatch(batch.run, key)),
  );
  const reasons = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'created' : reasonOf(outcome.reason),
  );
  expect(reasons.sort()).toEqual([...Array(7).fill('CHAIN_EXISTS'), 'created'].sort());
});

test('a stream of one chain key takes no other, and needs one', async () => {
  const without = client.append();
  without.send((await writer.make([testEvent('x')])).run);
  await expect(without.answer()).rejects.toSatisfy((e) => reasonOf(e) === 'REQUEST_INVALID');
  const call = client.append();
  call.send((await writer.batch([testEvent('x')])).run, chainKey);
  commitOf(await call.answer());
  call.send((await writer.batch([testEvent('x')])).run, `${chainKey}z`);
  await expect(call.answer()).rejects.toSatisfy((e) => reasonOf(e) === 'REQUEST_INVALID');
});

test('a request whose fields are out of order, doubled or unknown is refused', async () => {
  const { run } = await writer.make([testEvent('x')]);
  const request = appendRequest(run, chainKey);
  const keyField = request.subarray(run.length);
  const cases = [
    Buffer.concat([keyField, run]),
    Buffer.concat([request, keyField]),
    Buffer.concat([request, Buffer.from([0x98, 0x01, 0x01])]),
    request.subarray(0, request.length - 1),
    Buffer.from([0xff, 0xff, 0xff]),
  ];
  for (const bytes of cases) {
    await expect(client.unary('AppendBatch', bytes)).rejects.toSatisfy((error) =>
      ['NON_CANONICAL', 'BATCH_INVALID', 'REQUEST_INVALID'].includes(reasonOf(error) ?? ''),
    );
  }
  expect(await nextSequence()).toBe(1);
});

test('two writers of one key append side by side, each with its own counters', async () => {
  const second = new TestWriter(writer.chainId, writer.key);
  const calls = [writer, second].map((each) => ({ each, call: client.append() }));
  await Promise.all(
    calls.map(async ({ each, call }) => {
      for (let index = 0; index < 50; index += 1) {
        call.send((await each.batch([testEvent(`${index}`)])).run, chainKey);
        commitOf(await call.answer());
      }
      call.end();
    }),
  );
  expect(await nextSequence()).toBe(101);
});

test('several roots may write, each as its own writer', async () => {
  const key = `${chainKey}m`;
  const roots = [KeyPair.generate(), KeyPair.generate()];
  const genesis = await testGenesis({ chainKey: key, trustMode: 'distributed', roots });
  await client.appendBatch(genesis.batch.run, key);
  const second = new TestWriter(genesis.writer.chainId, roots[1]);
  await client.appendBatch((await second.batch([testEvent('b')])).run, key);
  expect((await client.describeChain(key)).writers).toBe(2);
});

test('a writer names a head it has seen; one that the chain never had is refused', async () => {
  const { head } = await client.openChain({ chainKey });
  const asOf = { size: Number(head?.size), root: Buffer.from(head?.root ?? []) };
  await client.appendBatch((await writer.batch([testEvent('x')], { asOf })).run, chainKey);
  const wrong = await writer.make([testEvent('x')], { asOf: { size: 2, root: randomBytes(32) } });
  await expect(client.appendBatch(wrong.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'AS_OF_INVALID',
  );
  const ahead = await writer.make([testEvent('x')], { asOf: { size: 99, root: randomBytes(32) } });
  await expect(client.appendBatch(ahead.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'AS_OF_INVALID',
  );
  // Old heads are looked up in the tree, not remembered.
  const old = await writer.batch([testEvent('x')], { asOf });
  await expect(client.appendBatch(old.run, chainKey)).resolves.toBeDefined();
});
