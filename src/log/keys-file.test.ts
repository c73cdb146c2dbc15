import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import { KeyTable } from '../bytes/index.ts';
import { replaceFile, withFile } from './durable-files.ts';
import { encodeKeys, KeysFile, type KeysOf } from './keys-file.ts';
import type { MemoryStorage } from './memory-storage.ts';

const path = join('/logs', 'keys-00000003');
const of: KeysOf = {
  chainId: Buffer.alloc(32, 1),
  segment: 3,
  firstSequence: 1_000,
  nextSequence: 2_000,
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
    table.add(key, 0, sequence++, 0);
    if (index % 3 === 0) table.add(key, 0, sequence++, 1);
  }
  return { table, keys };
}

async function find(key: Buffer, as: KeysOf = of) {
  return withFile(disk, path, 'read', async (file) =>
    (await KeysFile.open(file, as)).find(file, key),
  );
}

test.each([0, 1, 2, 4, 5, 144, 145, 146, 290, 600])(
  '%i keys are found, and no others',
  async (count) => {
    const { table, keys } = tableOf(count);
    await replaceFile(disk, path, encodeKeys(table, writers, of));
    for (const [index, key] of keys.entries()) {
      const known = table.find(key);
      expect(await find(key)).toEqual({
        newest: known?.newest,
        writerId: writers[index % 3 === 0 ? 1 : 0],
        endOfOthers: known?.endOfOthers,
      });
    }
    for (let other = 0; other < 50; other += 1) {
      expect(await find(randomBytes(16))).toBeUndefined();
    }
  },
);

test('a file of another segment is refused', async () => {
  const { table, keys } = tableOf(10);
  await replaceFile(disk, path, encodeKeys(table, writers, of));
  const others = [
    { chainId: Buffer.alloc(32, 2) },
    { segment: 4 },
    { firstSequence: 999 },
    { nextSequence: 2_001 },
  ];
  for (const other of others) {
    await expect(find(keys[0] as Buffer, { ...of, ...other })).rejects.toMatchObject({
      reason: 'CHAIN_DAMAGED',
    });
  }
});

test('whatever byte is changed, and wherever it is cut, it tells the truth or refuses', async () => {
  const { table, keys } = tableOf(150);
  const bytes = encodeKeys(table, writers, of);
  const check = async (changed: Buffer) => {
    await replaceFile(disk, path, changed);
    // One of the first page, one of the last, and one that isn't there.
    for (const key of [keys[0], keys[149], Buffer.alloc(16)] as Buffer[]) {
      const known = table.find(key);
      const found = await find(key).catch((error) => error.reason);
      if (found === 'CHAIN_DAMAGED' || found === 'FORMAT_TOO_NEW') continue;
      expect(found?.newest).toBe(known?.newest);
      expect(found?.endOfOthers).toBe(known?.endOfOthers);
    }
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    await check(changed);
    if (at % 5 === 0) await check(bytes.subarray(0, at));
  }
});
