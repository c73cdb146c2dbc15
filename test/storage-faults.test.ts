import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChainEvent } from '../src/client/index.ts';
import { RealStorage, type StorageFile } from '../src/log/index.ts';
import { RawClient, reasonOf } from './support/raw-client.ts';
import { startStorageServer } from './support/storage-server.ts';
import { testClient, testKey } from './support/test-client.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

const chainKey = 'team/faults';

/** A disk that, once it is broken, does what it is told and says that it failed. */
class BreakableStorage extends RealStorage {
  isBroken = false;
  cutsFail = false;

  override async open(...options: Parameters<RealStorage['open']>): Promise<StorageFile> {
    const file = await super.open(...options);
    const write = file.writeDurable.bind(file);
    file.writeDurable = async (offset, bytes) => {
      await write(offset, bytes);
      if (!this.isBroken) return;
      // What is sent meanwhile is taken in before this fails.
      await new Promise((resolve) => setTimeout(resolve, 200));
      throw Object.assign(new Error("EIO: i/o error, write '/secret'"), { code: 'EIO' });
    };
    const truncate = file.truncate.bind(file);
    file.truncate = async (bytes) => {
      if (this.cutsFail) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      await truncate(bytes);
    };
    return file;
  }
}

let logsPath: string;
let storage: BreakableStorage;
let client: RawClient;
let stop: () => Promise<void>;
let writer: TestWriter;

async function start(): Promise<void> {
  storage = new BreakableStorage();
  const server = await startStorageServer({ storage, logsPath });
  client = new RawClient(server.address);
  stop = async () => {
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  };
}

beforeEach(async () => {
  logsPath = await mkdtemp(join(tmpdir(), 'atedb-faults-'));
  await start();
  const genesis = await testGenesis({ chainKey, trustMode: 'distributed' });
  writer = genesis.writer;
  await client.appendBatch(genesis.batch.run, chainKey);
});

afterEach(async () => {
  await stop();
  await rm(logsPath, { recursive: true, force: true });
});

test('after a write that failed the chain goes on by itself, and what had no answer is stored once', async () => {
  const batch = await writer.batch([testEvent('x')]);
  const append = () => client.appendBatch(batch.run, chainKey);
  storage.isBroken = true;
  // Never CHAIN_READ_ONLY, which would say that an operator is needed.
  for (const _ of ['at first', 'and again']) {
    await expect(append()).rejects.toSatisfy(
      (error) => reasonOf(error) === 'STORAGE_FAILED' && !error.details.includes('secret'),
    );
  }
  storage.isBroken = false;
  await append();
  const other = await writer.batch([testEvent('y')]);
  await client.appendBatch(other.run, chainKey);
  await append();
  expect((await client.describeChain(chainKey)).nextSequence).toBe(3n);
  await stop();
  await start();
  await append();
  expect((await client.describeChain(chainKey)).nextSequence).toBe(3n);
});

test('a client waits while the disk fails, and goes on when it works again', async () => {
  await using real = await testClient(client.address);
  const chain = await real.open('team/waiting', { key: testKey, forAppend: true });
  await chain.append({ data: '0' });
  const events = chain.subscribe()[Symbol.asyncIterator]();
  storage.isBroken = true;
  const appends = ['1', '2', '3'].map((data) => chain.append({ data }));
  await new Promise((resolve) => setTimeout(resolve, 600));
  storage.isBroken = false;
  await Promise.all(appends);
  // The subscription has seen nothing of what failed, and was not disturbed.
  const seen: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    seen.push(String(((await events.next()).value as ChainEvent).data));
  }
  await events.return?.();
  expect(seen).toEqual(['', '0', '1', '2', '3']);
});

test('a chain whose segment cannot be cut either can only be read until the server is restarted', async () => {
  storage.isBroken = true;
  storage.cutsFail = true;
  const batch = await writer.batch([testEvent('x')]);
  const append = () => client.appendBatch(batch.run, chainKey);
  await expect(append()).rejects.toSatisfy((error) => reasonOf(error) === 'STORAGE_FAILED');
  storage.isBroken = false;
  await expect(append()).rejects.toSatisfy((error) => reasonOf(error) === 'CHAIN_READ_ONLY');
  const described = await client.describeChain(chainKey);
  expect(described.trouble).toContain('cutting the segment failed');
  // Another chain of the same disk is not touched.
  const other = await testGenesis({ chainKey: 'team/other', trustMode: 'distributed' });
  await client.appendBatch(other.batch.run, 'team/other');
  storage.cutsFail = false;
  await stop();
  await start();
  await append();
  expect((await client.describeChain(chainKey)).nextSequence).toBe(2n);
});

test('no batch gets an answer once one before it gets none', async () => {
  const lost = await writer.batch([testEvent('lost')]);
  const preconditions = [{ kind: 'lands_before', sequence: 1 } as const];
  const rejected = await writer.make([testEvent('late')], { preconditions });
  const call = client.append();
  const failure = new Promise((resolve) => call.call.once('error', resolve));
  storage.isBroken = true;
  call.send(lost.run, chainKey);
  call.send(rejected.run);
  await expect(call.answer()).rejects.toBeDefined();
  expect(reasonOf(await failure)).toBe('STORAGE_FAILED');
});
