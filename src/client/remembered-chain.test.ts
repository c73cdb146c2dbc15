import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseChainKey } from '../event/index.ts';
import { RememberedChain } from './remembered-chain.ts';

let home: string;
let errors: unknown[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'atedb-remembered-'));
  errors = [];
});

afterEach(() => rm(home, { recursive: true }));

const chainId = Buffer.alloc(32, 1);
const head = (size: number) => ({ size, root: Buffer.alloc(32, size) });

function remembered(chainKey = 'example.com/me/mydb', at: string | undefined = home) {
  return new RememberedChain({
    home: at,
    server: '[::1]:5000',
    chainKey: parseChainKey(chainKey),
    onError: (error) => errors.push(error),
  });
}

test('what is noted is there the next time, in a file of its own a chain', async () => {
  const one = remembered();
  expect(await one.load()).toBeUndefined();
  one.note({ chainId, head: head(3) });
  await one.flush();
  expect(one.path).toBe(
    join(home, 'chains', '[::1]_5000', 'example.com', 'me', 'mydb', 'head.json'),
  );
  expect(await remembered().load()).toEqual({ chainId, head: head(3) });
  expect(await remembered('example.com/me').load()).toBeUndefined();
  expect(errors).toEqual([]);
});

test('of several processes none takes the head back, and none replaces the chain', async () => {
  const many = Array.from({ length: 8 }, () => remembered());
  await Promise.all(
    many.map(async (each, index) => {
      each.note({ chainId, head: head(1 + ((index * 5) % 8)) });
      await each.flush();
    }),
  );
  expect((await remembered().load())?.head.size).toBe(8);
  const late = remembered();
  late.note({ chainId, head: head(2) });
  await late.flush();
  expect((await remembered().load())?.head.size).toBe(8);
  const other = remembered();
  other.note({ chainId: Buffer.alloc(32, 9), head: head(100) });
  await other.flush();
  expect((await remembered().load())?.chainId).toEqual(chainId);
  expect(errors).toEqual([]);
});

test('it is written at most once a second, without being asked', async () => {
  const one = remembered();
  const path = one.path ?? '';
  one.note({ chainId, head: head(1) });
  await expect.poll(() => readFile(path, 'utf8').catch(() => '')).toContain('"headSize": 1');
  for (let size = 2; size < 50; size += 1) one.note({ chainId, head: head(size) });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await readFile(path, 'utf8')).toContain('"headSize": 1,');
  await expect.poll(() => readFile(path, 'utf8')).toContain('"headSize": 49');
});

test('a damaged file is named, and a folder that cannot be written is told once asked', async () => {
  const one = remembered();
  one.note({ chainId, head: head(1) });
  await one.flush();
  await writeFile(one.path ?? '', '{"format":"atedb-chain-1","chainId":"xy"}');
  await expect(remembered().load()).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
    metadata: { path: one.path },
  });
  const file = join(home, 'file');
  await writeFile(file, '');
  const lost = remembered('team/db', file);
  lost.note({ chainId, head: head(1) });
  await lost.flush();
  expect(errors).toMatchObject([{ reason: 'STORAGE_FAILED' }]);
});

test('evidence is kept in full, and without a home folder nothing is', async () => {
  const evidence = {
    why: 'a test',
    genesisHeader: Buffer.from('genesis'),
    rememberedHead: head(5),
    servedHead: head(4),
    consistency: [Buffer.alloc(32, 7)],
  };
  const path = await remembered().keepEvidence(evidence);
  expect(JSON.parse(await readFile(path ?? '', 'utf8'))).toMatchObject({
    server: '[::1]:5000',
    chainKey: 'example.com/me/mydb',
    genesisHeader: Buffer.from('genesis').toString('base64'),
    rememberedHead: { size: 5 },
    servedHead: { size: 4 },
    consistency: ['07'.repeat(32)],
  });
  // Who tries again finds the same, and keeps it once.
  expect(await remembered().keepEvidence(evidence)).toBe(path);
  expect(await remembered().keepEvidence({ ...evidence, servedHead: head(3) })).not.toBe(path);
  const nowhere = new RememberedChain({
    home: undefined,
    server: 'localhost:5000',
    chainKey: parseChainKey('team/db'),
    onError: (error) => errors.push(error),
  });
  nowhere.note({ chainId, head: head(1) });
  await nowhere.flush();
  expect(nowhere.path).toBeUndefined();
  expect(await nowhere.load()).toMatchObject({ head: { size: 1 } });
  expect(await nowhere.keepEvidence(evidence)).toBeUndefined();
  expect(errors).toEqual([]);
});
