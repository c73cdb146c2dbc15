import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import { rounds } from '../../test/support/scale.ts';
import { type ChildQuery, ChildTable, KeyTable } from '../bytes/index.ts';
import { replaceFile, withFile } from './durable-files.ts';
import { encodeKeys } from './encode-keys.ts';
import { KeysFile, type UseKeysSource } from './keys-file.ts';
import type { MemoryStorage } from './memory-storage.ts';

// The rows of a file of keys, which say where objects are.

const path = join('/logs', 'keys-00000003');
const of = {
  chainId: Buffer.alloc(32, 1),
  segment: 3,
  generation: 0,
  sha256: Buffer.alloc(32, 9),
  firstSequence: 1_000,
};

let disk: MemoryStorage;
beforeEach(async () => {
  disk = await emptyDisk('/logs');
});

const use: UseKeysSource = (task) => withFile(disk, path, 'read', task);
const open = () => KeysFile.open(use, of);
const collections = [Buffer.alloc(16), randomBytes(16), randomBytes(16)];

/** So many objects below some parents; every fifth one was moved by rules. */
function tableOf(count: number, parentsCount: number) {
  const children = new ChildTable(randomBytes(16));
  const keys = Array.from({ length: count }, () => randomBytes(16));
  const parents = Array.from({ length: parentsCount }, () => randomBytes(16));
  for (const [at, key] of keys.entries()) {
    const parent = parents[randomInt(parentsCount)] as Buffer;
    const collection = randomInt(3);
    const bytes = Buffer.concat([key, parent, collections[collection] as Buffer]);
    const isMove = at % 5 === 0;
    children.add(bytes, 0, 16, collection === 0 ? -1 : 32, of.firstSequence + at, isMove);
  }
  return { children, keys, parents };
}

function encode(children: ChildTable): Promise<Buffer> {
  const table = new KeyTable(randomBytes(16));
  return encodeKeys({ table, children, writers: [], ...of, filterSalt: randomBytes(16) });
}

/** Some questions about a parent. */
function questions(parent: Buffer): ChildQuery[] {
  const after = Buffer.concat([collections[1] as Buffer, randomBytes(16)]);
  return [undefined, ...collections].flatMap((collection) => [
    { parent, collection, after: undefined },
    { parent, collection, after },
  ]);
}

// At the ends of pages: a row for each object, and another one for every fifth.
test.each([0, 1, 5, 261, 262, 263, 600, 2_000])(
  'where %i objects are is found as in memory',
  async (count) => {
    for (const parentsCount of [1, 4, 1_000]) {
      const { children, keys, parents } = tableOf(count, parentsCount);
      await replaceFile(disk, path, await encode(children));
      const file = await open();
      await file.checkPages();
      for (const parent of [...parents.slice(0, 20), randomBytes(16)]) {
        for (const query of questions(parent)) {
          for (const max of [3, 5_000]) {
            expect(await file.children(query, max)).toEqual(children.find(query, max));
          }
        }
      }
      for (const key of [...keys.slice(0, 40), randomBytes(16)]) {
        expect(await file.moveOf(key)).toBe(children.moveOf(key));
      }
    }
  },
);

test('a parent that is not there costs a page of the filter once, and then nothing', async () => {
  const { children } = tableOf(2_000, 500);
  await replaceFile(disk, path, await encode(children));
  let uses = 0;
  const file = await KeysFile.open((task) => {
    uses += 1;
    return use(task);
  }, of);
  for (let other = 0; other < 500; other += 1) {
    const query = { parent: randomBytes(16), collection: undefined, after: undefined };
    expect(await file.children(query, 10)).toEqual([]);
  }
  expect(uses).toBeLessThan(40);
});

test('whatever byte is changed, and wherever it is cut, it tells the truth or refuses', async () => {
  const every = rounds({ short: 23, long: 1 });
  const { children, keys, parents } = tableOf(40, 2);
  const bytes = await encode(children);
  const query = { parent: parents[0] as Buffer, collection: undefined, after: undefined };
  const due = children.find(query, 100);
  const check = async (changed: Buffer) => {
    await replaceFile(disk, path, changed);
    const ask = async <T>(asking: (file: KeysFile) => Promise<T>, expected: T) => {
      const found = await open()
        .then(asking)
        .catch((error) => error.reason);
      if (found !== 'CHAIN_DAMAGED' && found !== 'FORMAT_TOO_NEW') expect(found).toEqual(expected);
    };
    await ask((file) => file.children(query, 100), due);
    await ask((file) => file.moveOf(keys[0] as Buffer), children.moveOf(keys[0] as Buffer));
  };
  for (let at = 0; at < bytes.length; at += every) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    await check(changed);
  }
  for (let length = 0; length < bytes.length; length += every) {
    await check(bytes.subarray(0, length));
  }
});
