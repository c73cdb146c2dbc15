import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/log-fixture.ts';
import { makeFolderDurable, readWhole, replaceFile } from './durable-files.ts';
import { FaultyStorage } from './faulty-storage.ts';
import { RealStorage } from './real-storage.ts';
import { Semaphore } from './semaphore.ts';

const storage = new RealStorage();

test('files are made, written at offsets, cut and read', async () => {
  const path = join(temporaryFolder(), 'file');
  await expect(storage.open(path, 'update')).rejects.toMatchObject({ code: 'ENOENT' });
  const file = await storage.open(path, 'replace');
  await file.write(4, Buffer.from('abc'));
  await file.writeDurable(7, Buffer.from('def'));
  expect(await file.size()).toBe(10);
  expect(await file.read(2, 100)).toEqual(Buffer.from('\0\0abcdef'));
  expect(await file.read(10, 5)).toEqual(Buffer.alloc(0));
  await file.truncate(6);
  await file.datasync();
  await file.close();
  expect(readFileSync(path, 'latin1')).toBe('\0\0\0\0ab');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const reader = await storage.open(path, 'read');
  await expect(reader.write(0, Buffer.from('x'))).rejects.toMatchObject({ code: 'EBADF' });
  await reader.close();
  await (await storage.open(path, 'replace')).close();
  expect(await storage.stat(path)).toEqual({ kind: 'file', bytes: 0 });
});

test('folders are made, listed and synced; links are listed as neither files nor folders', async () => {
  const top = temporaryFolder();
  expect(await storage.makeFolder(join(top, 'b'))).toBe(true);
  expect(await storage.makeFolder(join(top, 'b'))).toBe(false);
  await replaceFile(storage, join(top, 'a'), Buffer.from('1'));
  symlinkSync(top, join(top, 'c'));
  await storage.syncFolder(top);
  expect(await storage.list(top)).toEqual([
    { name: 'a', isFolder: false },
    { name: 'b', isFolder: true },
    { name: 'c', isFolder: false },
  ]);
  expect(await storage.stat(join(top, 'b'))).toMatchObject({ kind: 'folder' });
  expect(await storage.stat(join(top, 'd'))).toBeUndefined();
  await storage.rename(join(top, 'a'), join(top, 'b', 'e'));
  await storage.remove(join(top, 'b', 'e'));
  await expect(storage.remove(join(top, 'b', 'e'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a file is replaced in one step, and nothing unfinished is left', async () => {
  const top = temporaryFolder();
  const path = join(top, 'file');
  expect(await readWhole(storage, path)).toBeUndefined();
  await replaceFile(storage, path, Buffer.from('old'));
  await replaceFile(storage, path, Buffer.from('newer'));
  expect(await readWhole(storage, path)).toEqual(Buffer.from('newer'));
  expect(existsSync(`${path}.new`)).toBe(false);
});

test('each new folder is made durable in the one above it, up to the top', async () => {
  const top = temporaryFolder();
  const traced = new FaultyStorage(storage, () => undefined);
  await makeFolderDurable(traced, join(top, 'a', 'b'), top);
  const changes = traced.calls.filter(({ name }) => name !== 'stat');
  expect(changes.map(({ name, path }) => `${name} ${path.slice(top.length)}`)).toEqual([
    'makeFolder /a',
    'syncFolder ',
    'makeFolder /a/b',
    'syncFolder /a',
  ]);
  // A folder that is there may be an interrupted call's.
  const again = new FaultyStorage(storage, () => undefined);
  await makeFolderDurable(again, join(top, 'a', 'b'), top);
  const synced = again.calls.filter(({ name }) => name === 'syncFolder');
  expect(synced.map(({ path }) => path.slice(top.length))).toEqual(['', '/a']);
  const missing = join(top, 'x', 'y');
  await makeFolderDurable(storage, join(missing, 'z'), missing);
  expect(existsSync(join(missing, 'z'))).toBe(true);
});

test('so many tasks at once and no more, in order, also when some fail', async () => {
  const semaphore = new Semaphore(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, place) =>
      semaphore.run(async () => {
        order.push(place);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (place % 3 === 0) throw new Error('failed');
      }),
    ),
  );
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(results.filter(({ status }) => status === 'rejected').length).toBe(3);
});
