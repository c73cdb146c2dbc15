import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testGenesis } from '../../test/support/test-writer.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseChainKey } from '../event/index.ts';
import { RealStorage, type Storage } from '../log/index.ts';
import { ChainRegistry } from './registry.ts';

let logsPath: string;

beforeEach(async () => {
  logsPath = await mkdtemp(join(tmpdir(), 'atedb-registry-'));
});

afterEach(() => rm(logsPath, { recursive: true, force: true }));

function registryOn(storage: Storage): ChainRegistry {
  return new ChainRegistry({
    storage,
    logsPath,
    serverIdentity: KeyPair.generate().publicKey,
    trustMode: 'distributed',
    openChainsMax: 100,
    now: Date.now,
    logger: { warn: () => undefined },
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
