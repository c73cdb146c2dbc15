import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diagnoseChain, repairChain } from '../src/chain/index.ts';
import { AtedbError, type ChainEvent, connect, KeyPair } from '../src/client/index.ts';
import { RealStorage } from '../src/log/index.ts';
import { noticeLogger } from './support/notices.ts';
import { reasonOf } from './support/raw-client.ts';
import { temporaryHome } from './support/test-client.ts';
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
async function damage(what = 'three'): Promise<void> {
  await server.restart(async () => {
    const file = join(server.logsPath, 'team', 'damaged.chain', 'segment-00000000.log');
    const bytes = await readFile(file);
    const at = bytes.indexOf(what);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);
  });
}

async function collect(events: AsyncIterable<ChainEvent>) {
  const data: string[] = [];
  try {
    for await (const event of events) if (event.kind === 'data') data.push(String(event.data));
  } catch (error) {
    return { data, reason: (error as { reason?: string }).reason };
  }
  return { data, reason: undefined };
}

test.each([-1, -3, 1, 40, 4_096])(
  'where %i bytes are too many, what follows is not taken for what a crash has torn',
  async (count) => {
    await server.restart(async () => {
      const file = join(server.logsPath, 'team', 'damaged.chain', 'segment-00000000.log');
      const bytes = await readFile(file);
      const at = bytes.indexOf('two');
      const behind = bytes.subarray(at + Math.max(0, -count));
      const more = Buffer.alloc(Math.max(0, count), 'x');
      await writeFile(file, Buffer.concat([bytes.subarray(0, at), more, behind]));
    });
    await using client = await connect(server.address, { home: null });
    await using chain = await client.open(chainKey);
    expect(await collect(chain.read())).toEqual({ data: ['one'], reason: 'CHAIN_DAMAGED' });
    await expect(client.describe(chainKey)).resolves.toMatchObject({ health: 'read-only' });
  },
);

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
  expect((await chain.get({ sequence: 2 }))?.data?.toString()).toBe('two');
  await expect(chain.get({ sequence: 3 })).rejects.toBeInstanceOf(AtedbError);
  const { primaryKey = Buffer.alloc(0) } = (await chain.get({ sequence: 1 })) ?? {};
  for (const asked of [{ primaryKey }, { name: 'never written' }]) {
    await expect(chain.get(asked)).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
  }
});

test('damage is logged once, however many meet it, and names its chain', async () => {
  await damage();
  await using client = await connect(server.address, { home: null });
  await using chain = await client.open(chainKey);
  for (let times = 0; times < 3; times += 1) {
    expect(await collect(chain.read())).toMatchObject({ reason: 'CHAIN_DAMAGED' });
  }
  expect(notices).toEqual([expect.stringMatching(/^the log can only be read: segment-00000000/)]);
  // Beyond reading: nothing of its first batch is left.
  notices.length = 0;
  await damage(chainKey);
  await using again = await connect(server.address, { home: null });
  for (let times = 0; times < 3; times += 1) {
    await expect(again.describe(chainKey)).rejects.toMatchObject({
      reason: 'CHAIN_DAMAGED',
      message: expect.stringMatching(/the chain team\/damaged can't be opened: .*segment-00000000/),
      metadata: { chain_key: chainKey },
    });
  }
  expect(notices).toEqual([expect.stringMatching(/^the chain team\/damaged can't be opened/)]);
});

test('an event that was lost with the end is damage, not a sequence that is yet to come', async () => {
  await damage();
  await using client = await connect(server.address, { home: null });
  await using chain = await client.open(chainKey);
  const lost = { reason: 'CHAIN_DAMAGED', metadata: { first_sequence: '3' } };
  await expect(chain.get({ sequence: 3 })).rejects.toMatchObject(lost);
  await expect(chain.get({ sequence: 30 })).rejects.toMatchObject(lost);
  for (const from of [3, 4, 30]) {
    expect(await collect(chain.read({ from }))).toEqual({ data: [], reason: 'CHAIN_DAMAGED' });
    expect(await collect(chain.subscribe({ from: { sequence: from } }))).toMatchObject({
      reason: 'CHAIN_DAMAGED',
    });
  }
  expect(chain.lostEnd).toMatchObject({ file: 'segment-00000000.log', firstSequence: 3 });
  expect(chain.damages).toEqual([chain.lostEnd]);
});

describe('a client that had verified what is lost', () => {
  let home: string;

  beforeEach(async () => {
    home = await temporaryHome();
    await using client = await connect(server.address, { home });
    await using chain = await client.open(chainKey);
    expect(await collect(chain.read())).toMatchObject({ reason: undefined });
  });

  /** The server has another port after a restart, and a client remembers servers by that. */
  async function moveMemory(from: string): Promise<string> {
    const folderOf = (address: string) => join(home, 'chains', address.replace(':', '_'));
    await rename(folderOf(from), folderOf(server.address));
    return readFile(join(folderOf(server.address), chainKey, 'head.json'), 'utf8');
  }

  test('is told of the damage, reads what is left where it asks to, and never goes back', async () => {
    const before = server.address;
    await damage();
    const remembered = await moveMemory(before);
    await using client = await connect(server.address, { home });
    await expect(client.open(chainKey)).rejects.toMatchObject({
      reason: 'CHAIN_DAMAGED',
      message: expect.stringMatching(/sequences from 3 to 4 .*--damaged.*atedb repair.*head\.json/),
      metadata: {
        known_size: '5',
        served_size: '3',
        file: 'segment-00000000.log',
        first_sequence: '3',
      },
    });
    const left = await client.open(chainKey, { readDamaged: true });
    expect(await collect(left.read())).toEqual({ data: ['one', 'two'], reason: 'CHAIN_DAMAGED' });
    expect(await collect(left.read({ end: 2 }))).toEqual({ data: ['one'], reason: undefined });
    expect(await collect(left.subscribe())).toEqual({
      data: ['one', 'two'],
      reason: 'CHAIN_DAMAGED',
    });
    expect((await left.get({ sequence: 2 }))?.data?.toString()).toBe('two');
    for (const write of [left.append({ data: 'five' }), left.sealRequests({ data: 'five' })]) {
      await expect(write).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    }
    await left.close();
    expect(await moveMemory(server.address)).toBe(remembered);
    await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
  });

  test('is not told of damage where the server knows of none', async () => {
    const before = server.address;
    await damage();
    await server.restart(async () => {
      const folder = join(server.logsPath, 'team', 'damaged.chain');
      const storage = new RealStorage();
      await repairChain(storage, folder, await diagnoseChain(storage, folder));
    });
    await moveMemory(before);
    await using client = await connect(server.address, { home });
    for (const readDamaged of [false, true]) {
      await expect(client.open(chainKey, { readDamaged })).rejects.toMatchObject({
        reason: 'HEAD_CONFLICT',
      });
    }
  });

  test('can not ask for both to append and to read what is left', async () => {
    await using client = await connect(server.address, { home });
    await expect(
      client.open(chainKey, { readDamaged: true, forAppend: true }),
    ).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    await using whole = await client.open(chainKey, { readDamaged: true });
    expect(await collect(whole.read())).toMatchObject({ reason: undefined });
    expect(whole.lostEnd).toBeUndefined();
  });
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
