import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Frontier, verifyConsistency } from '../src/crypto/index.ts';
import { commitLeaf, parseGenesis, splitSlice } from '../src/event/index.ts';
import { ReplayVerifier } from '../src/trust/index.ts';
import { type RawClient, reasonOf, sliceOf } from './support/raw-client.ts';
import { rounds } from './support/scale.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';

const chainKey = 'example.com/me/read';

let server: TestServer;
let client: RawClient;
let header: Buffer;
/** First and end sequence of each batch. */
const batches: { first: number; end: number }[] = [];

beforeAll(async () => {
  server = await TestServer.start({ segmentBytesMax: 30_000 });
  client = server.client();
  const genesis = await testGenesis({ chainKey, trustMode: 'distributed' });
  header = genesis.header;
  await client.appendBatch(genesis.batch.run, chainKey);
  batches.push({ first: 0, end: 1 });
  for (let index = 0; index < 40; index += 1) {
    const events = Array.from({ length: 1 + (index % 4) }, (_, at) => testEvent(`${index} ${at}`));
    await client.appendBatch((await genesis.writer.batch(events)).run, chainKey);
    const first = batches.at(-1)?.end ?? 0;
    batches.push({ first, end: first + events.length });
  }
});

afterAll(async () => {
  client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

interface Range {
  from: number;
  end: number | undefined;
  limit: number;
  reverse: boolean;
}

/** Read a range, verify it as a client would, and say which batches came, in their order. */
async function read({ from, end, limit, reverse }: Range) {
  const stream = client.readEvents({
    chainKey,
    fromSequence: BigInt(from),
    ...(end === undefined ? {} : { endSequence: BigInt(end) }),
    limit: BigInt(limit),
    reverse,
  });
  const firsts: number[] = [];
  let verifier: ReplayVerifier | undefined;
  let head = { size: 0, root: Buffer.alloc(0) as Buffer };
  let expectedRoot: Buffer | undefined;
  let ended = false;
  for await (const { bytes, message } of stream) {
    const { case: kind, value } = message.message;
    if (kind === 'start') {
      head = { size: Number(value.head?.size), root: Buffer.from(value.head?.root ?? []) };
      const frontier = value.frontier.map((hash) => Buffer.from(hash));
      const start = Frontier.from(Number(value.startCommit), frontier);
      expectedRoot = start.root();
      expect(
        verifyConsistency({
          first: start.size,
          second: head.size,
          firstRoot: expectedRoot,
          secondRoot: head.root,
          proof: value.consistency.map((hash) => Buffer.from(hash)),
        }),
      ).toBe(true);
      verifier = new ReplayVerifier(parseGenesis(header), {
        commit: start.size,
        sequence: Number(value.startSequence),
        frontier,
      });
    } else if (kind === 'log') {
      const stored = splitSlice(sliceOf(bytes));
      firsts.push(...stored.map(({ commit }) => commit.firstSequence));
      if (!reverse) await verifier?.verify(sliceOf(bytes));
      else {
        // Going backwards each message's own tree ends where the one before began.
        const oldest = stored.at(-1)?.commit.commit ?? 0;
        const hashes = message.frontier.map((hash) => Buffer.from(hash));
        const frontier = Frontier.from(oldest, hashes);
        const before = frontier.root();
        for (const { commit } of stored.toReversed()) {
          frontier.append(commitLeaf(commit.headerBytes));
        }
        expect(frontier.root()).toEqual(expectedRoot);
        expectedRoot = before;
      }
    } else if (kind === 'end') {
      ended = true;
      expect(Number(value.endCommit)).toBe(verifier?.nextCommit);
      expect(
        verifyConsistency({
          first: Number(value.endCommit),
          second: head.size,
          firstRoot: verifier?.head().root ?? Buffer.alloc(0),
          secondRoot: head.root,
          proof: value.consistency.map((hash) => Buffer.from(hash)),
        }),
      ).toBe(true);
    }
  }
  expect(ended).toBe(!reverse);
  return firsts;
}

/** The batches that must come: those that hold an event of the range, as far as the limit asks for. */
function model({ from, end, limit, reverse }: Range): number[] {
  const last = batches.at(-1)?.end ?? 0;
  let low = from;
  let high = Math.min(end ?? last, last);
  if (limit > 0 && reverse) low = Math.max(low, high - limit);
  if (limit > 0 && !reverse) high = Math.min(high, low + limit);
  const firsts = batches
    .filter((batch) => low < high && batch.end > low && batch.first < high)
    .map(({ first }) => first);
  return reverse ? firsts.reverse() : firsts;
}

test('every range is as the model has it, both ways, and verifies', async () => {
  const last = batches.at(-1)?.end ?? 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: last }),
      fc.option(fc.nat({ max: last + 10 }), { nil: undefined }),
      fc.oneof(fc.constant(0), fc.nat({ max: 20 })),
      fc.boolean(),
      async (from, length, limit, reverse) => {
        const asked = {
          from,
          end: length === undefined ? undefined : from + length,
          limit,
          reverse,
        };
        expect(await read(asked)).toEqual(model(asked));
      },
    ),
    { numRuns: rounds({ short: 60, long: 1_000 }) },
  );
});

test('a start beyond the end, and an end before the start, are refused', async () => {
  const last = batches.at(-1)?.end ?? 0;
  await expect(
    read({ from: last + 1, end: undefined, limit: 0, reverse: false }),
  ).rejects.toSatisfy((error) => reasonOf(error) === 'SEQUENCE_OUT_OF_RANGE');
  await expect(read({ from: last + 1, end: undefined, limit: 5, reverse: true })).rejects.toSatisfy(
    (error) => reasonOf(error) === 'SEQUENCE_OUT_OF_RANGE',
  );
  await expect(read({ from: 5, end: 4, limit: 0, reverse: false })).rejects.toSatisfy(
    (error) => reasonOf(error) === 'REQUEST_INVALID',
  );
});

test('opening proves that the head extends every head before it', async () => {
  const { head } = await client.openChain({ chainKey });
  const size = Number(head?.size);
  const leaves: Buffer[] = [];
  for await (const { bytes, message } of client.readEvents({ chainKey })) {
    if (message.message.case !== 'log') continue;
    leaves.push(...splitSlice(sliceOf(bytes)).map(({ commit }) => commitLeaf(commit.headerBytes)));
  }
  const frontier = Frontier.from(0, []);
  for (const leaf of leaves) {
    frontier.append(leaf);
    const opened = await client.openChain({ chainKey, knownSize: BigInt(frontier.size) });
    expect(
      verifyConsistency({
        first: frontier.size,
        second: size,
        firstRoot: frontier.root(),
        secondRoot: Buffer.from(opened.head?.root ?? []),
        proof: opened.consistency.map((hash) => Buffer.from(hash)),
      }),
    ).toBe(true);
  }
  await expect(client.openChain({ chainKey, knownSize: BigInt(size + 1) })).rejects.toSatisfy(
    (error) => reasonOf(error) === 'SEQUENCE_OUT_OF_RANGE',
  );
});
