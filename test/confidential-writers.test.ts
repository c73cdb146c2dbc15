import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AppendRequestSchema } from '../gen/atedb/v1/chain_pb.js';
import {
  type Chain,
  childPrimaryKey,
  KeyPair,
  type OpenOptions,
  type PublicKey,
  primaryKeyFromName,
} from '../src/client/index.ts';
import { type Confidentiality, readConfidentiality } from '../src/event/index.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Several who write sealed data, from several devices, while its rules change: what each of them sends is on record here.

const [alice, bob, laptop] = Array.from({ length: 3 }, () => KeyPair.generate()) as [
  KeyPair,
  KeyPair,
  KeyPair,
];
const publicKeysOf = (...keys: KeyPair[]): PublicKey[] => keys.map(({ publicKey }) => publicKey);

let server: TestServer;
let proxy: LyingProxy;
let count = 0;
let chainKey: string;

beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized' });
  proxy = await LyingProxy.start(server.address);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  count += 1;
  chainKey = `team/sealed_${count}`;
  proxy.appends.length = 0;
});

async function as(key: KeyPair, options: OpenOptions & { home?: string } = {}): Promise<Chain> {
  const { home, ...open } = options;
  const client = await testClient(proxy.address, { home: home ?? null });
  return client.open(chainKey, { key, forAppend: true, ...open });
}

/** Data of the data events as this key's owner reads it; a question mark where it is sealed. */
async function readBy(key: KeyPair): Promise<string[]> {
  const events = await all((await as(key)).read());
  return events
    .filter(({ kind }) => kind === 'data')
    .map(({ data, sealed }) => (sealed?.state === 'no key' ? '?' : String(data)));
}

/** How data was sealed that was sent, an event each, by the header of each; also of what was refused. */
function sealings(): Map<string, Confidentiality> {
  const events = proxy.appends.flatMap((message) => {
    return fromBinary(AppendRequestSchema, message).events;
  });
  const found = new Map<string, Confidentiality>();
  for (const { header } of events) {
    const bytes = Buffer.from(header);
    const confidentiality = readConfidentiality(bytes);
    if (confidentiality !== undefined) found.set(bytes.toString('hex'), confidentiality);
  }
  return found;
}

/** Whether anything was sent in clear, whatever became of it. */
const wasSent = (text: RegExp) => text.test(Buffer.concat(proxy.appends).toString('latin1'));

async function isStored(text: string): Promise<boolean> {
  const folder = join(server.logsPath, `${chainKey}.chain`);
  const names = await readdir(folder);
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return contents.some((bytes) => bytes.includes(text));
}

test('no two sealings have random bytes or a commitment in common: of two devices, two runs, and what is sealed anew', async () => {
  const homes = [await temporaryHome(), await temporaryHome()];
  const owner = await as(testKey, { confidential: true });
  await owner.setReaders(publicKeysOf(alice));
  const write = async (chain: Chain) => {
    for (let index = 0; index < 3; index += 1) await chain.append({ data: 'the same' });
  };
  // The same key, copied to another device; and each of them begun again.
  for (const home of [...homes, ...homes]) {
    const device = await as(testKey, { home });
    await write(device);
    await device.close();
  }
  const late = await as(testKey);
  await late.append({ data: 'the same' });
  await owner.setReaders([]);
  const before = sealings().size;
  await late.append({ data: 'the same' });
  // What was refused was sealed once more.
  expect(sealings().size).toBe(before + 2);
  const all = [...sealings().values()];
  expect(all).toHaveLength(3 * 4 + 1 + 2);
  for (const field of ['random', 'commitment'] as const) {
    expect(new Set(all.map((one) => one[field].toString('hex'))).size).toBe(all.length);
  }
  expect(await readBy(testKey)).toEqual(Array(14).fill('the same'));
});

test('a second device reads: with the same key, and with another of its owner that was handed the read key', async () => {
  const chain = await as(testKey, { confidential: true, home: await temporaryHome() });
  await chain.setReaders([]);
  await chain.append({ data: 'one' });
  const copied = await as(testKey, { home: await temporaryHome() });
  expect((await all(copied.read())).at(-1)?.data?.toString()).toBe('one');
  expect(await readBy(laptop)).toEqual(['?']);
  await copied.addReaders(publicKeysOf(laptop));
  await chain.append({ data: 'two' });
  expect(await readBy(laptop)).toEqual(['one', 'two']);
});

test('a removal while an append is on its way: it is refused, and sealed anew for those who stay', async () => {
  const owner = await as(testKey, { confidential: true });
  await owner.setReaders(publicKeysOf(alice));
  const writer = await as(testKey);
  await writer.append({ data: 'for alice' });
  await owner.setReaders([]);
  await writer.append({ data: 'not for alice' });
  const [first, refused, taken] = [...sealings().values()].map((one) => one.readKeyId);
  // What a server that helps her has, though it was refused.
  expect(refused).toEqual(first);
  expect(taken).not.toEqual(first);
  expect(await readBy(alice)).toEqual(['for alice', '?']);
  expect(await readBy(testKey)).toEqual(['for alice', 'not for alice']);
});

test('data in clear to a chain that got a rule later is refused, though the server has seen it, and then sealed', async () => {
  const owner = await as(testKey);
  await owner.append({ data: 'in clear', name: 'x' });
  const writer = await as(testKey);
  await writer.append({ data: 'in clear, too', name: 'x' });
  await owner.setReaders([]);
  await writer.append({ data: 'rule not read', name: 'x' });
  await writer.append({ data: 'rule was read', name: 'x' });
  expect(wasSent(/rule not read/)).toBe(true);
  expect(wasSent(/rule was read/)).toBe(false);
  expect(await isStored('in clear')).toBe(true);
  expect(await isStored('rule not read')).toBe(false);
  const ruled = ['rule not read', 'rule was read'];
  expect(await readBy(testKey)).toEqual(['in clear', 'in clear, too', ...ruled]);
  expect(await readBy(bob)).toEqual(['in clear', 'in clear, too', '?', '?']);
});

test('what is sealed, then for everyone, then sealed again is for its readers of each time', async () => {
  const diary = primaryKeyFromName('diary');
  const owner = await as(testKey);
  const write = (data: string) => owner.append({ data, primaryKey: diary });
  await owner.setReaders(publicKeysOf(alice), { primaryKey: diary });
  await write('sealed for alice');
  await owner.append({ data: 'opened', primaryKey: diary, read: 'everyone' });
  await write('for everyone');
  await owner.setReaders(publicKeysOf(bob), { primaryKey: diary });
  await write('sealed for bob');
  await owner.append({ data: 'as all others', primaryKey: diary, read: 'inherit' });
  const [yes, no] = [['opened', 'for everyone'], '?'];
  expect(await readBy(alice)).toEqual(['sealed for alice', ...yes, no, 'as all others']);
  expect(await readBy(bob)).toEqual([no, ...yes, 'sealed for bob', 'as all others']);
  expect(wasSent(/sealed for/)).toBe(false);
  expect(wasSent(/for everyone/)).toBe(true);
  const ids = [...sealings().values()].map(({ readKeyId }) => readKeyId.toString('hex'));
  expect(new Set(ids).size).toBe(2);
});

test('an object that gives its own rule up is sealed as its parent is, in the same event', async () => {
  const board = primaryKeyFromName('board');
  const owner = await as(testKey, { confidential: true });
  await owner.setReaders(publicKeysOf(alice));
  await owner.append({ data: 'public', primaryKey: board, read: 'everyone' });
  await owner.append({ data: 'secret now', primaryKey: board, read: 'inherit' });
  await owner.append({ data: 'secret still', primaryKey: board });
  expect(wasSent(/secret/)).toBe(false);
  expect(await readBy(alice)).toEqual(['public', 'secret now', 'secret still']);
  expect(await readBy(bob)).toEqual(['public', '?', '?']);
});

test('what its own events before it have put somewhere is sealed as is due there: in one batch, and on their way', async () => {
  const [hers, folder, board] = ['for alice', 'folder', 'board'].map(primaryKeyFromName) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const owner = await as(testKey);
  await owner.setReaders(publicKeysOf(alice), { primaryKey: hers });
  await owner.append({ data: 'open', primaryKey: board, read: 'everyone', parent: hers });
  await owner.append([
    { data: 'a folder', primaryKey: folder, parent: hers },
    { data: 'a page', parent: folder, name: 'page' },
  ]);
  const below = { parent: hers, name: 'another folder' };
  const other = childPrimaryKey(hers, primaryKeyFromName('another folder'));
  await Promise.all([
    owner.append({ data: 'a second folder', ...below }),
    owner.append({ data: 'a second page', parent: other, name: 'page' }),
    owner.append({ kind: 'tombstone', primaryKey: board }),
    owner.append({ data: 'no board any more', primaryKey: board, parent: hers }),
  ]);
  // Nothing was sealed anew, so nothing was refused.
  expect(sealings().size).toBe(5);
  expect(wasSent(/folder|page|no board/)).toBe(false);
  const sealed = ['a folder', 'a page', 'a second folder', 'a second page', 'no board any more'];
  expect(await readBy(alice)).toEqual(['open', ...sealed]);
  expect(await readBy(bob)).toEqual(['open', '?', '?', '?', '?', '?']);
});

test('what is below a parent that moves is sealed as it is where the parent comes to', async () => {
  const names = ['for alice', 'for bob', 'folder', 'page'];
  const [hers, his, folder, page] = names.map(primaryKeyFromName) as Buffer[] as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const owner = await as(testKey);
  await owner.setReaders(publicKeysOf(alice), { primaryKey: hers });
  await owner.setReaders(publicKeysOf(bob), { primaryKey: his });
  await owner.append({ data: 'folder 1', primaryKey: folder, parent: hers });
  await owner.append({ data: 'page 1', primaryKey: page, parent: folder });
  const late = await as(testKey);
  await all(late.read());
  await late.append({ data: 'page 2', primaryKey: page, parent: folder });
  await owner.append({ data: 'folder 2', primaryKey: folder, parent: his, moves: true });
  await owner.append({ data: 'page 3', primaryKey: page, parent: folder });
  // By one who doesn't know of the move.
  await late.append({ data: 'page 4', primaryKey: page, parent: folder });
  const [before, after] = [
    ['folder 1', 'page 1', 'page 2'],
    ['folder 2', 'page 3', 'page 4'],
  ];
  expect(await readBy(alice)).toEqual([...before, '?', '?', '?']);
  expect(await readBy(bob)).toEqual(['?', '?', '?', ...after]);
  expect(await readBy(testKey)).toEqual([...before, ...after]);
  expect(wasSent(/folder \d|page \d/)).toBe(false);
});
