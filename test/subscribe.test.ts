import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubscribeResponse } from '../gen/atedb/v1/chain_pb.js';
import { parseGenesis, splitSlice } from '../src/event/index.ts';
import { ReplayVerifier } from '../src/trust/index.ts';
import { type RawClient, reasonOf, type Stream, sliceOf } from './support/raw-client.ts';
import { TestServer } from './support/test-server.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

/** Small, so that every run crosses several segments. */
const segmentBytesMax = 40_000;

let server: TestServer;
let client: RawClient;
let count = 0;

beforeAll(async () => {
  server = await TestServer.start({ segmentBytesMax });
  client = server.client();
});

afterAll(async () => {
  client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

interface TestedChain {
  readonly key: string;
  readonly writer: TestWriter;
  readonly header: Buffer;
}

async function newChain(): Promise<TestedChain> {
  count += 1;
  const key = `example.com/me/subscribe_${count}`;
  const { writer, batch, header } = await testGenesis({ chainKey: key, trustMode: 'distributed' });
  await client.appendBatch(batch.run, key);
  return { key, writer, header };
}

async function appendBatches(chain: TestedChain, batches: number): Promise<void> {
  for (let index = 0; index < batches; index += 1) {
    const { run } = await chain.writer.batch([testEvent(`${index}a`), testEvent(`${index}b`)]);
    await client.appendBatch(run, chain.key);
  }
}

/** Read a subscription until a message satisfies; returns the sequences of all events that came, and all cases. */
async function readUntil(
  stream: Stream<SubscribeResponse>,
  isLast: (message: SubscribeResponse, nextSequence: number) => boolean,
) {
  const cases: string[] = [];
  const sequences: number[] = [];
  for await (const { bytes, message } of stream) {
    const kind = message.message.case ?? '';
    if (cases.at(-1) !== kind || kind !== 'log') cases.push(kind);
    if (kind === 'log') {
      for (const { commit } of splitSlice(sliceOf(bytes))) {
        for (let at = 0; at < commit.events; at += 1) sequences.push(commit.firstSequence + at);
      }
    }
    if (isLast(message, (sequences.at(-1) ?? -1) + 1)) break;
  }
  stream.cancel();
  return { cases, sequences };
}

const range = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => from + i);

test('history comes first, then the end of it is told, then what is live', async () => {
  const chain = await newChain();
  await appendBatches(chain, 30);
  const stream = client.subscribe({ chainKey: chain.key });
  let appended: Promise<void> | undefined;
  const { cases, sequences } = await readUntil(stream, (message, next) => {
    if (message.message.case === 'caughtUp') appended ??= appendBatches(chain, 5);
    return next === 71;
  });
  await appended;
  expect(sequences).toEqual(range(0, 71));
  expect(cases.slice(0, 5)).toEqual(['start', 'log', 'checkpoint', 'caughtUp', 'log']);
});

test('a subscription may start at any event: at a batch, inside one, at the end', async () => {
  const chain = await newChain();
  await appendBatches(chain, 30);
  for (let sequence = 0; sequence <= 61; sequence += 1) {
    const stream = client.subscribe({
      chainKey: chain.key,
      from: { case: 'sequence', value: BigInt(sequence) },
    });
    const { sequences } = await readUntil(stream, ({ message }) => message.case === 'caughtUp');
    // Whole batches are sent: the one that holds the sequence from its start on.
    const first = sequence === 0 ? 0 : sequence - ((sequence + 1) % 2);
    expect(sequences, `from ${sequence}`).toEqual(range(first, 61));
  }
  const beyond = client.subscribe({ chainKey: chain.key, from: { case: 'sequence', value: 62n } });
  await expect(readUntil(beyond, () => false)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'SEQUENCE_OUT_OF_RANGE',
  );
});

test('from now on, only what is appended later comes', async () => {
  const chain = await newChain();
  await appendBatches(chain, 3);
  const stream = client.subscribe({ chainKey: chain.key, from: { case: 'now', value: {} } });
  let appended: Promise<void> | undefined;
  const { cases, sequences } = await readUntil(stream, (message, next) => {
    if (message.message.case === 'caughtUp') appended ??= appendBatches(chain, 1);
    return next === 9;
  });
  await appended;
  expect(sequences).toEqual([7, 8]);
  expect(cases).toEqual(['start', 'checkpoint', 'caughtUp', 'log']);
});

test('from a time on, the first batch accepted then or later comes first', async () => {
  const chain = await newChain();
  await appendBatches(chain, 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const then = Date.now();
  await appendBatches(chain, 2);
  const stream = client.subscribe({
    chainKey: chain.key,
    from: { case: 'timeUnixMs', value: BigInt(then) },
  });
  const { sequences } = await readUntil(stream, ({ message }) => message.case === 'caughtUp');
  expect(sequences).toEqual(range(5, 9));
});

test('subscribers that come and go under concurrent writes see every event once, in order', async () => {
  const chain = await newChain();
  const total = 240;
  const writing = appendBatches(chain, total);
  const last = 1 + 2 * total;
  const starts = range(0, 12);
  const reading = starts.map(async (index) => {
    await new Promise((resolve) => setTimeout(resolve, index * 15));
    const { nextSequence } = await client.describeChain(chain.key);
    // Somewhere in the history, or right at its end: where history and what is live meet.
    const from = index % 3 === 0 ? nextSequence : nextSequence / BigInt(1 + (index % 4));
    const stream = client.subscribe({
      chainKey: chain.key,
      from: { case: 'sequence', value: from },
    });
    const { sequences } = await readUntil(stream, (_message, next) => next === last);
    const [first = 0] = sequences;
    expect(first).toBeLessThanOrEqual(Number(from));
    expect(first).toBeGreaterThanOrEqual(Number(from) - 1);
    expect(sequences).toEqual(range(first, last));
  });
  await Promise.all([writing, ...reading]);
  expect((await client.describeChain(chain.key)).segments).toBeGreaterThan(3);
});

test('a replay verifies by itself, with what the first message tells', async () => {
  const chain = await newChain();
  await appendBatches(chain, 30);
  for (const from of [0n, 1n, 20n, 61n]) {
    const stream = client.subscribe({
      chainKey: chain.key,
      from: { case: 'sequence', value: from },
    });
    let verifier: ReplayVerifier | undefined;
    for await (const { bytes, message } of stream) {
      if (message.message.case === 'start') {
        const { startCommit, startSequence, frontier } = message.message.value;
        verifier = new ReplayVerifier(parseGenesis(chain.header), {
          commit: Number(startCommit),
          sequence: Number(startSequence),
          frontier: frontier.map((hash) => Buffer.from(hash)),
        });
      } else if (message.message.case === 'log') await verifier?.verify(sliceOf(bytes));
      else if (message.message.case === 'caughtUp') {
        expect(verifier?.head().size).toBe(Number(message.message.value.head?.size));
        expect(verifier?.head().root).toEqual(Buffer.from(message.message.value.head?.root ?? []));
        break;
      }
    }
    stream.cancel();
  }
});

test('a silent stream has heartbeats, as often as asked', async () => {
  const chain = await newChain();
  const stream = client.subscribe({ chainKey: chain.key, heartbeatMs: 100 });
  let beats = 0;
  const { cases } = await readUntil(stream, ({ message }) => {
    if (message.case === 'heartbeat') beats += 1;
    return beats === 3;
  });
  expect(cases).toEqual([
    'start',
    'log',
    'checkpoint',
    'caughtUp',
    'heartbeat',
    'heartbeat',
    'heartbeat',
  ]);
  const tooOften = client.subscribe({ chainKey: chain.key, heartbeatMs: 99 });
  await expect(readUntil(tooOften, () => false)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'REQUEST_INVALID',
  );
});

test('a reader that stops reading is told that it fell behind, and misses nothing', async () => {
  const chain = await newChain();
  const stream = client.subscribe({ chainKey: chain.key });
  const iterator = stream[Symbol.asyncIterator]();
  const sequences: number[] = [];
  const cases: string[] = [];
  const take = async () => {
    const { value } = await iterator.next();
    if (value === undefined) throw new Error('the stream has ended');
    cases.push(value.message.message.case ?? '');
    for (const { commit } of splitSlice(sliceOf(value.bytes))) {
      for (let at = 0; at < commit.events; at += 1) sequences.push(commit.firstSequence + at);
    }
  };
  while (!cases.includes('caughtUp')) await take();
  // More than the tail that readers share, and than the connection holds.
  const big = Buffer.alloc(1024 * 1024, 'x');
  for (let index = 0; index < 24; index += 1) {
    const { run } = await chain.writer.batch([testEvent(big)]);
    await client.appendBatch(run, chain.key);
  }
  while (sequences.length < 25) await take();
  expect(sequences).toEqual(range(0, 25));
  expect(cases).toContain('fellBehind');
  while (cases.lastIndexOf('caughtUp') < cases.lastIndexOf('fellBehind')) await take();
  stream.cancel();
}, 60_000);

test('another chain than the pinned one is refused', async () => {
  const chain = await newChain();
  const chainId = Buffer.alloc(32, 7);
  await expect(
    readUntil(client.subscribe({ chainKey: chain.key, chainId }), () => false),
  ).rejects.toSatisfy((error) => reasonOf(error) === 'CHAIN_ID_MISMATCH');
  await expect(
    readUntil(client.subscribe({ chainKey: chain.key, chainId: Buffer.alloc(5) }), () => false),
  ).rejects.toSatisfy((error) => reasonOf(error) === 'REQUEST_INVALID');
});

test('a server that drains tells its subscribers to connect again', async () => {
  const own = await TestServer.start();
  using ownClient = own.client();
  const { batch } = await testGenesis({ chainKey: 'team/drain', trustMode: 'distributed' });
  await ownClient.appendBatch(batch.run, 'team/drain');
  const stream = ownClient.subscribe({ chainKey: 'team/drain' });
  const reading = readUntil(stream, () => false);
  const outcome = expect(reading).rejects.toSatisfy(
    (error) => reasonOf(error) === 'SERVER_DRAINING',
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  await own.running.drain('a test');
  await outcome;
  await own[Symbol.asyncDispose]();
});
