import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { machineHasProc } from '../../test/support/proc.ts';
import { testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseChainKey } from '../event/index.ts';
import { RealStorage, type Storage } from '../log/index.ts';
import type { ChainLease } from './open-entry.ts';
import { ChainRegistry } from './registry.ts';
import type { RegistryOptions } from './registry-options.ts';

let logsPath: string;

beforeEach(async () => {
  logsPath = await mkdtemp(join(tmpdir(), 'atedb-registry-'));
});

afterEach(() => rm(logsPath, { recursive: true, force: true }));

function registryOn(storage: Storage, changes: Partial<RegistryOptions> = {}): ChainRegistry {
  return new ChainRegistry({
    storage,
    logsPath,
    serverIdentity: KeyPair.generate().publicKey,
    trustMode: 'distributed',
    openChainsMax: 100,
    now: Date.now,
    logger: { warn: () => undefined },
    ...changes,
  });
}

async function createChain(registry: ChainRegistry, chainKey: string): Promise<void> {
  const { batch } = await testGenesis({ chainKey, trustMode: 'distributed' });
  const lease = await registry.openOrCreate(parseChainKey(chainKey), batch.run);
  lease?.[Symbol.dispose]();
}

async function listed(registry: ChainRegistry): Promise<string[]> {
  const chains = await registry.list({ prefix: '', after: '', limit: 100 });
  return chains.map(({ key }) => key.text);
}

test('chains of domains and groups that end as the folders of chains do are listed', async () => {
  const registry = registryOn(new RealStorage());
  const keys = ['example.com/me', 'example.com/me/db', 'group.chain/db', 'my.chain/me/db'];
  for (const key of keys) await createChain(registry, key);
  expect(await listed(registry)).toEqual(keys);
  await registry.close();
});

test('a list passes over what goes away meanwhile, and over what may not be read', async () => {
  const storage = new RealStorage();
  const list = storage.list.bind(storage);
  storage.list = async (path) => {
    const code = { gone: 'ENOENT', 'lost+found': 'EACCES' }[path.slice(logsPath.length + 1)];
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return list(path);
  };
  const registry = registryOn(storage);
  await createChain(registry, 'group/db');
  for (const name of ['gone', 'lost+found']) await mkdir(join(logsPath, name));
  expect(await listed(registry)).toEqual(['group/db']);
  storage.list = async () => {
    throw Object.assign(new Error("EIO: i/o error, scandir '/x'"), { code: 'EIO' });
  };
  await expect(listed(registry)).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
    message: 'listing the chains failed: EIO: i/o error, scandir',
  });
  await registry.close();
});

test('a chain that is being opened when the registry is closed is closed, too, before that ends', async () => {
  const before = registryOn(new RealStorage());
  await createChain(before, 'group/db');
  await before.close();
  const storage = new RealStorage();
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const open = storage.open.bind(storage);
  let openFiles = 0;
  storage.open = async (path, mode) => {
    await mayGoOn;
    const file = await open(path, mode);
    const close = file.close.bind(file);
    openFiles += 1;
    file.close = async () => {
      openFiles -= 1;
      await close();
    };
    return file;
  };
  const registry = registryOn(storage);
  const opened = registry.open(parseChainKey('group/db'));
  opened.catch(() => undefined);
  const closed = registry.close();
  goOn();
  await closed;
  expect(openFiles).toBe(0);
  await expect(opened).rejects.toMatchObject({ reason: 'SERVER_DRAINING' });
});

test('chains that nobody uses are closed after a while, those in use stay', async () => {
  const registry = registryOn(new RealStorage(), { idleMs: 40 });
  const used = ['team/a', 'team/b'];
  const unused = Array.from({ length: 20 }, (_, index) => `team/c${index}`);
  for (const key of [...used, ...unused]) await createChain(registry, key);
  const leases = await Promise.all(used.map((key) => registry.open(parseChainKey(key))));
  await vi.waitUntil(() => registry.openCount === used.length, { timeout: 10_000 });
  for (const lease of leases) lease[Symbol.dispose]();
  await vi.waitUntil(() => registry.openCount === 0, { timeout: 10_000 });
  using again = await registry.open(parseChainKey('team/c7'));
  expect(again.chain.log.durable.head.size).toBe(1);
  await registry.close();
});

test('of chains that nobody uses only so many stay open, those used last', async () => {
  const registry = registryOn(new RealStorage(), { idleMs: 2_000, unusedChainsMax: 3 });
  const keys = Array.from({ length: 10 }, (_, index) => `team/u${index}`);
  for (const key of keys) await createChain(registry, key);
  using used = await registry.open(parseChainKey('team/u0'));
  await vi.waitUntil(() => registry.openCount <= 4, { timeout: 10_000 });
  const chains = await registry.list({ prefix: 'team/u', after: '', limit: 100 });
  const open = chains.filter(({ isOpen }) => isOpen).map(({ key }) => key.text);
  expect(open).toEqual(['team/u0', 'team/u7', 'team/u8', 'team/u9']);
  expect(used.chain.log.durable.head.size).toBe(1);
  used[Symbol.dispose]();
  await registry.close();
});

test('an unused chain whose files fail as it is closed is closed all the same, and can be opened again', async () => {
  const storage = new RealStorage();
  const open = storage.open.bind(storage);
  let isFailing = false;
  storage.open = async (path, mode) => {
    const file = await open(path, mode);
    const close = file.close.bind(file);
    file.close = async () => {
      await close();
      if (isFailing) throw Object.assign(new Error('EIO: i/o error, close'), { code: 'EIO' });
    };
    return file;
  };
  const registry = registryOn(storage, { idleMs: 40 });
  await createChain(registry, 'team/failing');
  isFailing = true;
  await vi.waitUntil(() => registry.openCount === 0, { timeout: 10_000 });
  isFailing = false;
  using again = await registry.open(parseChainKey('team/failing'));
  expect(again.chain.log.durable.head.size).toBe(1);
  again[Symbol.dispose]();
  await registry.close();
});

test('many chains are written and read with few descriptors', async () => {
  const registry = registryOn(new RealStorage({ descriptorsMax: 4 }));
  const keys = Array.from({ length: 60 }, (_, index) => `team/few${index}`);
  const root = KeyPair.generate();
  const geneses = await Promise.all(
    keys.map(async (chainKey) => {
      const { writer, batch } = await testGenesis({
        chainKey,
        trustMode: 'distributed',
        roots: [root],
      });
      return { chainKey, writer, batch };
    }),
  );
  // All of them at once, and each stays in use.
  const writers = await Promise.all(
    geneses.map(async ({ chainKey, writer, batch }) => {
      const lease = await registry.openOrCreate(parseChainKey(chainKey), batch.run);
      return { lease: lease as ChainLease, writer };
    }),
  );
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      writers.map(async ({ lease, writer }) => {
        const { run } = await writer.batch([testEvent('x')]);
        await lease.chain.submit(await lease.chain.prepare(run)).durable;
      }),
    );
    expect(openDescriptors(logsPath)).toBeLessThanOrEqual(8);
  }
  for (const { lease } of writers) {
    const { log } = lease.chain;
    let position = log.startPosition();
    while (position.commit < log.durable.head.size) {
      position = (await log.readSlice(position, { bytesMax: 100_000 })).next;
    }
    expect(position.commit).toBe(4);
    lease[Symbol.dispose]();
  }
  await registry.close();
  expect(openDescriptors(logsPath)).toBe(0);
});

const hasProc = machineHasProc();

/** Descriptors of this process on files below a folder; 0 where the system doesn't tell. */
function openDescriptors(folder: string): number {
  if (!hasProc) return 0;
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}
