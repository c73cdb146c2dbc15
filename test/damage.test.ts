import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AtedbError, type ChainEvent, connect, KeyPair } from '../src/client/index.ts';
import { noticeLogger } from './support/notices.ts';
import { reasonOf } from './support/raw-client.ts';
import { TestServer } from './support/test-server.ts';

const chainKey = 'team/damaged';
const notices: string[] = [];

const key = KeyPair.generate();

let server: TestServer;

beforeEach(async () => {
  notices.length = 0;
  server = await TestServer.start({ logger: noticeLogger((notice) => notices.push(notice)) });
  await using client = await connect(server.address, { home: null });
  await using chain = await client.open(chainKey, { forAppend: true, key });
  for (const data of ['one', 'two', 'three', 'four']) await chain.append({ data });
  return () => server[Symbol.asyncDispose]();
});

afterEach(() => {
  notices.length = 0;
});

/** Change a byte in the middle of the log while the server is down. */
async function damage(): Promise<void> {
  await server.restart(async () => {
    const file = join(server.logsPath, 'team', 'damaged.chain', 'segment-00000000.log');
    const bytes = await readFile(file);
    const at = bytes.indexOf('three');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);
  });
}

async function collect(events: AsyncIterable<ChainEvent>) {
  const data: string[] = [];
  try {
    for await (const event of events) if (event.kind === 'data') data.push(event.data.toString());
  } catch (error) {
    return { data, reason: (error as { reason?: string }).reason };
  }
  return { data, reason: undefined };
}

test('readers get what can be read, and are told that there had been more', async () => {
  await damage();
  await using client = await connect(server.address, { home: null });
  await using chain = await client.open(chainKey);
  expect(await collect(chain.read())).toEqual({ data: ['one', 'two'], reason: 'CHAIN_DAMAGED' });
  expect(await collect(chain.read({ limit: 9 }))).toMatchObject({ reason: 'CHAIN_DAMAGED' });
  expect(await collect(chain.read({ reverse: true, limit: 1 }))).toMatchObject({
    reason: 'CHAIN_DAMAGED',
  });
  expect(await collect(chain.subscribe())).toEqual({
    data: ['one', 'two'],
    reason: 'CHAIN_DAMAGED',
  });
  // What doesn't reach to where it is damaged is whole.
  expect(await collect(chain.read({ end: 2 }))).toEqual({ data: ['one'], reason: undefined });
  expect(await collect(chain.read({ limit: 2 }))).toEqual({ data: ['one'], reason: undefined });
});

test('of an object nobody says what is newest, and events before the damage can be had', async () => {
  await damage();
  await using client = await connect(server.address, { home: null });
  await using chain = await client.open(chainKey);
  expect((await chain.get({ sequence: 2 }))?.data.toString()).toBe('two');
  await expect(chain.get({ sequence: 3 })).rejects.toBeInstanceOf(AtedbError);
  const { primaryKey = Buffer.alloc(0) } = (await chain.get({ sequence: 1 })) ?? {};
  for (const asked of [{ primaryKey }, { name: 'never written' }]) {
    await expect(chain.get(asked)).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
  }
});

test('writers are told what is damaged and where, and so is the operator', async () => {
  await damage();
  await using client = await connect(server.address, { home: null });
  await using chain = await client.open(chainKey, { forAppend: true, key });
  await expect(chain.append({ data: 'five' })).rejects.toMatchObject({
    reason: 'CHAIN_READ_ONLY',
    message: expect.stringMatching(/segment-00000000\.log is damaged at offset \d+/),
  });
  expect(notices.join('\n')).toMatch(
    /can only be read: segment-00000000\.log is damaged at offset/,
  );
  using raw = server.client();
  const description = await raw.describeChain(chainKey);
  expect(description.trouble).toMatch(/damaged at offset/);
  await expect(raw.appendBatch(Buffer.alloc(0), chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'BATCH_INVALID',
  );
});
