import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import { rounds } from '../../test/support/scale.ts';
import { ChildTable, KeyTable } from '../bytes/index.ts';
import { replaceFile, withFile } from './durable-files.ts';
import { encodeKeys } from './encode-keys.ts';
import { KeysFile, type UseKeysSource } from './keys-file.ts';
import type { KeysOf } from './keys-header.ts';
import type { MemoryStorage } from './memory-storage.ts';

const path = join('/logs', 'keys-00000003');
const of: KeysOf = {
  chainId: Buffer.alloc(32, 1),
  segment: 3,
  generation: 0,
  sha256: Buffer.alloc(32, 9),
  firstSequence: 1_000,
};
const writers = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];

let disk: MemoryStorage;
beforeEach(async () => {
  disk = await emptyDisk('/logs');
});

/** A table with so many keys, each written by one writer and then perhaps by the other. */
function tableOf(count: number): { table: KeyTable; keys: Buffer[] } {
  const table = new KeyTable(randomBytes(16));
  const keys = Array.from({ length: count }, () => randomBytes(16));
  let sequence = of.firstSequence;
  for (const [index, key] of keys.entries()) {
    table.add(key, 0, sequence++, 0, 0);
    if (index % 3 === 0) table.add(key, 0, sequence++, 1, 0);
  }
  return { table, keys };
}

function encode(table: KeyTable): Promise<Buffer> {
  return encodeKeys({
    table,
    children: new ChildTable(randomBytes(16)),
    writers,
    ...of,
    filterSalt: randomBytes(16),
  });
}

const use: UseKeysSource = (task) => withFile(disk, path, 'read', task);

async function find(key: Buffer, as: KeysOf = of) {
  return (await KeysFile.open(use, as)).find(key);
}

// At the ends of pages of entries, and of a filter: of 3,276 keys it takes a page, and of one more two.
test.each([0, 1, 2, 4, 5, 144, 145, 146, 290, 600, 3_276, 3_277])(
  '%i keys are found, and no others',
  async (count) => {
    const { table, keys } = tableOf(count);
    await replaceFile(disk, path, await encode(table));
    const file = await KeysFile.open(use, of);
    for (const [index, key] of keys.entries()) {
      const known = table.find(key);
      expect(await file.find(key)).toEqual({
        newest: known?.newest,
        writerId: writers[index % 3 === 0 ? 1 : 0],
        endOfOthers: known?.endOfOthers,
      });
    }
    for (let other = 0; other < 50; other += 1) {
      expect(await file.find(randomBytes(16))).toBeUndefined();
    }
  },
);

test('keys that are looked for at the same time are all found', async () => {
  const { table, keys } = tableOf(5_000);
  await replaceFile(disk, path, await encode(table));
  const file = await KeysFile.open(use, of);
  const found = await Promise.all(keys.map((key) => file.find(key)));
  expect(found.map((one) => one?.newest)).toEqual(keys.map((key) => table.find(key)?.newest));
});

test('a key that is not there costs a page of the filter once, and then nothing', async () => {
  const { table } = tableOf(20_000);
  await replaceFile(disk, path, await encode(table));
  let uses = 0;
  const file = await KeysFile.open((task) => {
    uses += 1;
    return use(task);
  }, of);
  expect(uses).toBe(1);
  for (let other = 0; other < 1_000; other += 1) await file.find(randomBytes(16));
  // Seven pages of the filter, and where that is wrong, in one of a hundred cases, a page of entries.
  expect(uses).toBeGreaterThanOrEqual(8);
  expect(uses).toBeLessThan(60);
});

test('a file of another segment is refused', async () => {
  const { table, keys } = tableOf(10);
  await replaceFile(disk, path, await encode(table));
  const others = [
    { chainId: Buffer.alloc(32, 2) },
    { segment: 4 },
    { sha256: Buffer.alloc(32, 2) },
    { firstSequence: 999 },
  ];
  for (const other of others) {
    await expect(find(keys[0] as Buffer, { ...of, ...other })).rejects.toMatchObject({
      reason: 'CHAIN_DAMAGED',
    });
  }
});

test('whatever byte is changed, and wherever it is cut, it tells the truth or refuses', async () => {
  const every = rounds({ short: 5, long: 1 });
  const { table, keys } = tableOf(150);
  const bytes = await encode(table);
  const check = async (changed: Buffer) => {
    await replaceFile(disk, path, changed);
    // One of each page, and one that isn't there.
    for (const key of [keys[0], keys[149], Buffer.alloc(16)] as Buffer[]) {
      const known = table.find(key);
      const found = await find(key).catch((error) => error.reason);
      if (found === 'CHAIN_DAMAGED' || found === 'FORMAT_TOO_NEW') continue;
      expect(found?.newest).toBe(known?.newest);
      expect(found?.endOfOthers).toBe(known?.endOfOthers);
    }
  };
  for (let at = 0; at < bytes.length; at += every) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    await check(changed);
  }
  for (let length = 0; length < bytes.length; length += every) {
    await check(bytes.subarray(0, length));
  }
  await check(Buffer.concat([bytes, Buffer.alloc(1)]));
});

test('pages that have changed places are refused', async () => {
  const { table, keys } = tableOf(290);
  const bytes = await encode(table);
  const page = 3 + 127 * 32 + 4;
  const swapped = Buffer.from(bytes);
  bytes.copy(swapped, bytes.length - page, bytes.length - 2 * page, bytes.length - page);
  bytes.copy(swapped, bytes.length - 2 * page, bytes.length - page);
  await replaceFile(disk, path, swapped);
  for (const key of keys) {
    await expect(find(key)).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
  }
});
