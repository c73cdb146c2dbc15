import { beforeAll, expect, test } from 'vitest';
import { AtedbError } from '../src/bytes/index.ts';
import { ChainRegistry } from '../src/chain/index.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { parseChainKey } from '../src/event/index.ts';
import { type Fault, FaultyStorage } from '../src/log/faulty-storage.ts';
import { replaceFile, type Storage } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { powerCuts } from './support/power-cuts.ts';
import { manyRoundsMs, rounds } from './support/scale.ts';
import { type TestBatch, testEvent, testGenesis } from './support/test-writer.ts';

// Every call to the file system fails in turn while a chain is deleted, and the power may go after it: the chain is there
// whole, or gone whole, and its neighbour notices nothing.

const logsPath = '/logs';
const doomed = parseChainKey('team/doomed');
const neighbour = parseChainKey('team/neighbour');
const server = KeyPair.generate();
const faults: Fault[] = ['refused', 'persisted', 'torn'];
const every = rounds({ quick: 13, short: 5, long: 1 });

let runs: TestBatch[];
let neighbours: TestBatch[];
let anew: TestBatch;
/** A disk with both chains, closed in good order. */
let disk: MemoryStorage;
let callCount = 0;

function registryOn(storage: Storage): ChainRegistry {
  return new ChainRegistry({
    storage,
    logsPath,
    serverIdentity: server.publicKey,
    trustMode: 'centralized',
    openChainsMax: 10,
    segmentBytesMax: 3_000,
    now: () => 1_700_000_000_000,
    logger: { warn: () => undefined },
  });
}

async function batchesOf(chainKey: string): Promise<TestBatch[]> {
  const { writer, batch } = await testGenesis({ chainKey, server });
  const batches = [batch];
  for (let count = 0; count < 4; count += 1) {
    batches.push(await writer.batch([testEvent(Buffer.alloc(1_500))]));
  }
  return batches;
}

async function write(registry: ChainRegistry, key: typeof doomed, batches: readonly TestBatch[]) {
  using lease = await registry.openOrCreate(key, (batches[0] as TestBatch).run);
  const { chain } = lease ?? {};
  if (chain === undefined) throw new Error('it is not there');
  for (const { run } of batches) await chain.submit(await chain.prepare(run)).durable;
}

beforeAll(async () => {
  runs = await batchesOf(doomed.text);
  neighbours = await batchesOf(neighbour.text);
  anew = (await testGenesis({ chainKey: doomed.text, server })).batch;
  disk = await emptyDisk(logsPath);
  const registry = registryOn(disk);
  await write(registry, doomed, runs);
  await write(registry, neighbour, neighbours);
  await registry.close();
  // As restores have left them: the same chain, and another one that had been there under its key.
  await copyFolder(doomed.text, 'team/doomed.chain~replaced-1');
  await copyFolder(neighbour.text, 'team/doomed.chain~replaced-2');
  const counted = new FaultyStorage(disk.clone(), () => undefined);
  await deleteOn(counted);
  callCount = counted.calls.length;
});

async function copyFolder(chainKey: string, name: string): Promise<void> {
  const [from, to] = [`${logsPath}/${chainKey}.chain`, `${logsPath}/${name}`];
  await disk.makeFolder(to);
  for (const { name: file, isFolder } of await disk.list(from)) {
    if (!isFolder) await replaceFile(disk, `${to}/${file}`, disk.peek(`${from}/${file}`) as Buffer);
  }
  await disk.syncFolder(`${logsPath}/team`);
}

/** Open the chain, delete it, and close all. */
async function deleteOn(storage: FaultyStorage): Promise<'deleted' | 'failed' | 'unknown'> {
  const registry = registryOn(storage);
  try {
    const lease = await registry.open(doomed);
    await registry.delete(lease, Buffer.from('as a test wishes'));
    return 'deleted';
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'STORAGE_FAILED') throw error;
    return error.metadata.outcome === 'unknown' ? 'unknown' : 'failed';
  } finally {
    await registry.close();
  }
}

/** What is there of the chains, and that a new one can be made where one is gone. */
async function look(storage: MemoryStorage, what: string): Promise<'there' | 'gone'> {
  const registry = registryOn(storage);
  try {
    using other = await registry.open(neighbour);
    expect(other.chain.log.durable.head.size, what).toBe(neighbours.length);
    expect(other.chain.log.trouble, what).toBeUndefined();
    const lease = await registry.openIfThere(doomed);
    if (lease !== undefined) {
      using there = lease;
      const { chain } = there;
      expect(await storage.stat('/logs/team/doomed.chain~replaced-1'), what).toBeDefined();
      expect(chain.log.durable.head.size, what).toBe(runs.length);
      expect(chain.log.trouble, what).toBeUndefined();
      let position = chain.log.startPosition();
      while (position.commit < runs.length) {
        const { next } = await chain.log.readSlice(position, { bytesMax: 1_000 });
        expect(next.commit, what).toBeGreaterThan(position.commit);
        position = next;
      }
      return 'there';
    }
    expect(await storage.stat('/logs/team/doomed.chain'), what).toBeUndefined();
    expect(await storage.stat('/logs/team/doomed.chain~deleted'), what).toBeUndefined();
    expect(await storage.stat('/logs/team/doomed.chain~replaced-1'), what).toBeUndefined();
    expect(await storage.stat('/logs/team/doomed.chain~replaced-2'), what).toBeDefined();
    await write(registry, doomed, [anew]);
    return 'gone';
  } finally {
    await registry.close();
  }
}

test('there are several files to delete', async () => {
  expect(callCount).toBeGreaterThan(20);
  expect(await look(disk.clone(), 'before')).toBe('there');
});

test.each(faults)(
  'a call that is %s leaves the chain whole, or gone',
  async (fault) => {
    const seen = new Set<string>();
    for (let at = 0; at < callCount; at += every) {
      const faulty = disk.clone();
      const storage = new FaultyStorage(faulty, ({ index }) => (index === at ? fault : undefined));
      const outcome = await deleteOn(storage);
      const { name, path } = storage.calls[at] ?? { name: 'no call', path: '' };
      const what = `${name} ${path} (call ${at}), ${outcome}`;
      const cut = faulty.clone({ keepsUnsynced: true });
      for (const [how, survives] of powerCuts()) {
        const copy = cut.clone({ keepsUnsynced: true });
        copy.powerCut(survives);
        const is = await look(copy, `${what}, then a power cut: ${how}`);
        if (outcome === 'deleted') expect(is, what).toBe('gone');
        if (outcome === 'failed') expect(is, what).toBe('there');
      }
      const is = await look(faulty, what);
      if (outcome === 'deleted') expect(is, what).toBe('gone');
      if (outcome === 'failed') expect(is, what).toBe('there');
      seen.add(outcome);
    }
    expect(seen).toContain('deleted');
    expect(seen).toContain('failed');
  },
  manyRoundsMs,
);

test.each(faults)(
  'when from a call on all are %s, the chain is whole, or gone',
  async (fault) => {
    for (let at = 0; at < callCount; at += every) {
      const faulty = disk.clone();
      const storage = new FaultyStorage(faulty, ({ index }) => (index >= at ? fault : undefined));
      const outcome = await deleteOn(storage);
      const what = `calls from ${at} on, ${outcome}`;
      for (const [how, survives] of powerCuts()) {
        const copy = faulty.clone({ keepsUnsynced: true });
        copy.powerCut(survives);
        const is = await look(copy, `${what}, then a power cut: ${how}`);
        if (outcome === 'deleted') expect(is, what).toBe('gone');
        if (outcome === 'failed') expect(is, what).toBe('there');
      }
    }
  },
  manyRoundsMs,
);

test('what a crash has left of a deleted chain is removed by whoever looks for it', async () => {
  const storage = new FaultyStorage(disk.clone(), ({ name, path }) =>
    name === 'remove' && /~deleted.segment-0*1\.log$/.test(path) ? 'refused' : undefined,
  );
  expect(await deleteOn(storage)).toBe('deleted');
  const left = await storage.list('/logs/team/doomed.chain~deleted');
  expect(left.map(({ name }) => name)).toContain('deleted');
  const registry = registryOn(storage);
  // It still can't.
  await expect(registry.openIfThere(doomed)).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
  expect(
    (await registry.list({ prefix: '', after: '', limit: 9 })).map(({ key }) => key.text),
  ).toEqual([neighbour.text]);
  await registry.close();
});
