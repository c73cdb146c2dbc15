import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AtedbClient, Chain, ReadOptions } from '../src/client/index.ts';
import { rounds } from './support/scale.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const chainKey = 'team/ranges';
/** Batches of these sizes, over and over: boundaries fall everywhere. */
const batchSizes = [1, 7, 2, 1, 13, 40];
const batches = 120;

let server: TestServer;
let client: AtedbClient;
let chain: Chain;
/** All events, as text; the first is the genesis. */
const texts = [''];

beforeAll(async () => {
  // Small segments, so that ranges cross them.
  server = await TestServer.start({ segmentBytesMax: 50_000 });
  client = await testClient(server.address);
  chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (let batch = 0; batch < batches; batch += 1) {
    const size = batchSizes[batch % batchSizes.length] ?? 1;
    const events = Array.from({ length: size }, (_, index) => ({
      data: `${texts.length + index} `.repeat(20),
    }));
    texts.push(...events.map(({ data }) => data));
    await chain.append(events);
  }
});

afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** What a range should be, from the model. */
function expected({ from = 0, end, limit, reverse }: ReadOptions): string[] {
  const range = texts.slice(from, end);
  if (reverse) range.reverse();
  return range.slice(0, limit);
}

test('any range, either direction and any limit, is what the model says', async () => {
  const sequence = fc.integer({ min: 0, max: texts.length });
  const options = fc
    .record({
      from: fc.option(sequence, { nil: undefined }),
      end: fc.option(sequence, { nil: undefined }),
      limit: fc.option(fc.oneof(fc.integer({ min: 0, max: 50 }), sequence), { nil: undefined }),
      reverse: fc.boolean(),
    })
    .filter(({ from = 0, end = texts.length }) => from <= end);
  await fc.assert(
    fc.asyncProperty(options, async (read) => {
      const events = await all(chain.read(read));
      expect(events.map(({ data }) => String(data))).toEqual(expected(read));
      const sequences = events.map((event) => event.sequence);
      for (const [index, event] of sequences.slice(1).entries()) {
        expect(event - (sequences[index] ?? 0)).toBe(read.reverse ? -1 : 1);
      }
    }),
    { numRuns: rounds({ short: 60, long: 1_000 }) },
  );
});

test.each([false, true])(
  'an empty range in the middle of a batch is empty; reverse: %s',
  async (reverse) => {
    for (const from of [0, 1, 5, texts.length]) {
      await expect(all(chain.read({ from, end: from, reverse }))).resolves.toEqual([]);
    }
  },
);

test('a start beyond the end is refused, and so are numbers that are none', async () => {
  await expect(all(chain.read({ from: texts.length + 1 }))).rejects.toMatchObject({
    reason: 'SEQUENCE_OUT_OF_RANGE',
  });
  await expect(all(chain.read({ from: texts.length }))).resolves.toEqual([]);
  for (const options of [{ from: -1 }, { limit: 0.5 }, { end: Number.NaN }]) {
    await expect(all(chain.read(options))).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  }
});

test('reading can be left, cancelled and given a deadline', async () => {
  expect(await take(chain.read(), 3)).toHaveLength(3);
  const stop = new AbortController();
  const reading = (async () => {
    for await (const { sequence } of chain.read({ signal: stop.signal })) {
      if (sequence === 5) stop.abort(new Error('enough'));
    }
  })();
  await expect(reading).rejects.toThrow('enough');
  await expect(all(chain.read({ signal: AbortSignal.abort(new Error('no')) }))).rejects.toThrow(
    'no',
  );
  await expect(all(chain.read({ timeoutMs: 1 }))).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
  });
});

test('closing a chain ends what is being read of it', async () => {
  const other = await client.open(chainKey);
  const events = other.subscribe()[Symbol.asyncIterator]();
  await events.next();
  await other.close();
  const rest = (async () => {
    while (!(await events.next()).done);
  })();
  await expect(rest).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  await expect(all(other.read())).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
});

test('the events come in chunks, too, none of them empty', async () => {
  const chunks = await all(chain.read({ from: 10, end: 500 }).chunks());
  expect(chunks.flat().map(({ sequence }) => sequence)[0]).toBe(10);
  expect(chunks.flat()).toHaveLength(490);
  expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
});

test('reading while others write ends, and is whole', async () => {
  const busy = await client.open('team/busy', { key: testKey, forAppend: true });
  await busy.append({ data: 'first' });
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted) await busy.append({ data: 'more' });
  })();
  for (let round = 0; round < 30; round += 1) {
    const reverse = round % 2 === 1;
    const [last] = await all(busy.read({ reverse: true, limit: 1 }));
    const end = (last?.sequence ?? 0) + 1;
    const events = await all(busy.read({ from: Math.max(0, end - 5), reverse }));
    expect(events.length).toBeGreaterThanOrEqual(Math.min(end, 5));
  }
  stop.abort();
  await writing;
});
