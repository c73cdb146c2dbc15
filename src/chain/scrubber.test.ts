import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseChainKey } from '../event/index.ts';
import { closedSegments, RealStorage, type Storage } from '../log/index.ts';
import { ChainRegistry, type ScrubSettings } from './index.ts';

let logsPath: string;
const notices: string[] = [];

beforeEach(async () => {
  logsPath = await mkdtemp(join(tmpdir(), 'atedb-scrub-'));
  notices.length = 0;
});

afterEach(() => rm(logsPath, { recursive: true, force: true }));

const root = KeyPair.generate();
const often: ScrubSettings = { bytesPerSecond: 1e9, firstMs: 20, roundMs: 20 };

function registryOn(
  scrub: ScrubSettings | undefined,
  changes: { idleMs?: number; storage?: Storage } = {},
): ChainRegistry {
  const registry = new ChainRegistry({
    storage: new RealStorage(),
    logsPath,
    serverIdentity: root.publicKey,
    trustMode: 'distributed',
    openChainsMax: 100,
    segmentBytesMax: 10_000,
    now: Date.now,
    scrub,
    logger: { warn: (_fields, notice) => notices.push(notice) },
    ...changes,
  });
  onTestFinished(() => registry.close());
  return registry;
}

/** A chain with some closed segments, in files only. */
async function makeChain(chainKey: string): Promise<void> {
  const registry = registryOn(undefined);
  const { writer, batch } = await testGenesis({
    chainKey,
    trustMode: 'distributed',
    roots: [root],
  });
  using lease = await registry.openOrCreate(parseChainKey(chainKey), batch.run);
  for (let at = 0; lease !== undefined && at < 8; at += 1) {
    const { run } = await writer.batch([testEvent(`${at}`.padEnd(1_000, 'x'))]);
    await lease.chain.submit(await lease.chain.prepare(run)).durable;
  }
  await registry.close();
}

const pathOf = (chainKey: string, segment: number) =>
  join(logsPath, `${chainKey}.chain`, `segment-0000000${segment}.log`);

async function flipByte(chainKey: string, segment: number): Promise<void> {
  const bytes = await readFile(pathOf(chainKey, segment));
  // In the data of an event.
  const at = bytes.indexOf('xxxx');
  expect(at).toBeGreaterThan(0);
  // In place: a file that is written anew is cut short for a moment, and the scrubber may read it then.
  await using file = await open(pathOf(chainKey, segment), 'r+');
  await file.write(Buffer.of((bytes[at] ?? 0) ^ 1), 0, 1, at);
}

async function troubleOf(registry: ChainRegistry, chainKey: string): Promise<string | undefined> {
  using lease = await registry.open(parseChainKey(chainKey));
  return lease.chain.log.trouble;
}

const damaged =
  /^segment-00000001\.log is damaged at offset \d+: a checksum does not fit\. What can't be read: sequences \d+ to \d+$/;

test('damage in a closed segment of an open chain is found, and other chains go on', async () => {
  for (const key of ['team/a', 'team/b']) await makeChain(key);
  // Again and again: what was checked before it was damaged is checked once more.
  const registry = registryOn({ ...often, intervalMs: 1 });
  using lease = await registry.open(parseChainKey('team/a'));
  await flipByte('team/a', 1);
  await vi.waitUntil(() => lease.chain.log.trouble !== undefined, { timeout: 10_000 });
  expect(lease.chain.log.trouble).toMatch(damaged);
  const [{ firstSequence = -1, lastSequence = -1 } = {}] = lease.chain.log.damages;
  expect(firstSequence).toBe(lastSequence);
  expect(await troubleOf(registry, 'team/b')).toBeUndefined();
  expect(notices).toEqual([expect.stringMatching(/^the log can only be read: segment-00000001/)]);
  await registry.close();
});

test('damage of a chain that is closed is found, and stays known when it is opened', async () => {
  await makeChain('team/a');
  await flipByte('team/a', 1);
  const registry = registryOn(often, { idleMs: 20 });
  await vi.waitUntil(() => notices.length > 0, { timeout: 10_000 });
  expect(registry.openCount).toBe(0);
  expect(await troubleOf(registry, 'team/a')).toMatch(damaged);
  // Closed, since nobody uses it, and opened again.
  await vi.waitUntil(() => registry.openCount === 0, { timeout: 10_000 });
  expect(await troubleOf(registry, 'team/a')).toMatch(damaged);
  await registry.close();
});

test('what was checked is not read again before its time, and nothing is where the rate is 0', async () => {
  await makeChain('team/a');
  const storage = new RealStorage();
  const opened: string[] = [];
  const open = storage.open.bind(storage);
  storage.open = (path, mode) => {
    if (path.endsWith('.log')) opened.push(path);
    return open(path, mode);
  };
  const lists = vi.spyOn(storage, 'list');
  const rounds = async (count: number) => {
    const before = lists.mock.calls.length;
    await vi.waitUntil(() => lists.mock.calls.length >= before + 2 * count, { timeout: 10_000 });
  };
  const registry = registryOn(often, { storage });
  await rounds(4);
  await registry.close();
  expect(opened.length).toBeGreaterThan(1);
  expect(new Set(opened).size).toBe(opened.length);

  opened.length = 0;
  const again = registryOn({ ...often, intervalMs: 1 }, { storage });
  await rounds(4);
  await again.close();
  expect(opened.filter((path) => path === opened[0]).length).toBeGreaterThan(1);

  opened.length = 0;
  const never = registryOn({ ...often, bytesPerSecond: 0 }, { storage });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await never.close();
  expect(opened).toEqual([]);
});

test('segments are read no faster than they may be, and closing ends that at once', async () => {
  await makeChain('team/a');
  await flipByte('team/a', 1);
  const bytes = (await readFile(pathOf('team/a', 1))).length;
  const slow = registryOn({ ...often, bytesPerSecond: bytes * 4 });
  const startedMs = performance.now();
  await vi.waitUntil(() => notices.length > 0, { timeout: 10_000, interval: 5 });
  // Twice: once to find that it is another file, and once to find where.
  expect(performance.now() - startedMs).toBeGreaterThan(250);
  await slow.close();
  const slower = registryOn({ ...often, bytesPerSecond: 1 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closedMs = performance.now();
  await slower.close();
  expect(performance.now() - closedMs).toBeLessThan(1_000);
  expect(notices).toHaveLength(1);
});

test('a segment in which reading comes upon damage is checked at once', async () => {
  await makeChain('team/a');
  const registry = registryOn(undefined);
  using lease = await registry.open(parseChainKey('team/a'));
  const { log } = lease.chain;
  await rm(pathOf('team/a', 1));
  await rm(join(logsPath, 'team', 'a.chain', 'index-00000001'));
  const { pairs } = await closedSegments(new RealStorage(), join(logsPath, 'team', 'a.chain'));
  const commit = pairs[1]?.[0].firstCommit ?? 0;
  await expect(log.readCommit(commit)).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
  await vi.waitUntil(() => log.trouble !== undefined, { timeout: 10_000 });
  expect(log.trouble).toMatch(/^segment-00000001\.log is damaged at offset 0: it is gone/);
  expect(notices.filter((notice) => /can only be read/.test(notice))).toHaveLength(1);
  await registry.close();
});

test.each(['another has its key by now', 'its key is free'])(
  'a chain that is deleted while it is checked is not damaged, where %s',
  async (state) => {
    await makeChain('team/a');
    const storage = new RealStorage();
    const stat = storage.stat.bind(storage);
    let isReplaced = false;
    storage.stat = async (path) => {
      if (path === pathOf('team/a', 1) && !isReplaced) {
        isReplaced = true;
        await rm(join(logsPath, 'team', 'a.chain'), { recursive: true });
        if (state === 'another has its key by now') await makeChain('team/a');
      }
      return stat(path);
    };
    const lists = vi.spyOn(storage, 'list');
    const registry = registryOn(often, { storage });
    await vi.waitUntil(() => isReplaced, { timeout: 10_000 });
    const before = lists.mock.calls.length;
    await vi.waitUntil(() => lists.mock.calls.length > before + 4, { timeout: 10_000 });
    expect(notices).toEqual([]);
    if (state === 'another has its key by now') {
      expect(await troubleOf(registry, 'team/a')).toBeUndefined();
    }
    await registry.close();
  },
);
