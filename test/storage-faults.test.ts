import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChainService } from '../gen/atedb/v1/chain_pb.js';
import { ChainRegistry } from '../src/chain/index.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { RealStorage, type StorageFile } from '../src/log/index.ts';
import { chainService } from '../src/server/chain-service.ts';
import { defaultServerLimits } from '../src/server/limits.ts';
import { serveGrpc, serving } from '../src/server/serve-grpc.ts';
import { RawClient, reasonOf } from './support/raw-client.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

const chainKey = 'team/faults';

/** A disk that, once it is broken, does what it is told and says that it failed. */
class BreakableStorage extends RealStorage {
  isBroken = false;

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
  const identity = KeyPair.generate().publicKey;
  const logger = pino({ level: 'silent' });
  const common = { trustMode: 'distributed', now: Date.now } as const;
  const registry = new ChainRegistry({
    ...common,
    storage,
    logsPath,
    serverIdentity: identity,
    openChainsMax: 10,
    logger,
  });
  const service = chainService({ ...common, registry, identity });
  const grpc = await serveGrpc({
    listen: ['127.0.0.1'],
    port: 0,
    limits: defaultServerLimits,
    logger,
    otherFiles: [],
    services: [serving(ChainService, service)],
  });
  client = new RawClient(`127.0.0.1:${grpc.port}`);
  stop = async () => {
    client[Symbol.dispose]();
    await grpc.drain();
    await registry.close();
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

test('a batch whose outcome is not known is said to be so, again and again, until it is known', async () => {
  const batch = await writer.batch([testEvent('x')]);
  const append = () => client.appendBatch(batch.run, chainKey);
  storage.isBroken = true;
  // Never CHAIN_READ_ONLY, which would say that it isn't stored: it is.
  for (const _ of ['at first', 'and again']) {
    await expect(append()).rejects.toSatisfy(
      (error) => reasonOf(error) === 'STORAGE_FAILED' && !error.details.includes('secret'),
    );
  }
  const other = await writer.batch([testEvent('y')]);
  await expect(client.appendBatch(other.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'CHAIN_READ_ONLY',
  );
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
