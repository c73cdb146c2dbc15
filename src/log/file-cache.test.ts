import { expect, test } from 'vitest';
import { FileCache } from './file-cache.ts';
import type { StorageFile } from './storage.ts';

/** Files that say when they are opened and closed. */
function files() {
  const open = new Set<string>();
  let opened = 0;
  const fake = (name: string): StorageFile => {
    const file = { close: async () => void open.delete(name) } as Partial<StorageFile>;
    return file as StorageFile;
  };
  return {
    open,
    opened: () => opened,
    fake,
    opener: async (name: string) => {
      if (name === 'gone') throw new Error('gone');
      opened += 1;
      open.add(name);
      return fake(name);
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('files stay open for the next reader, the ones used last', async () => {
  const { open, opened, opener } = files();
  const cache = new FileCache({ open: opener, idleMax: 2 });
  for (const name of ['1', '2', '1', '3', '1']) await cache.use(name, async () => undefined);
  await settled();
  expect([...open]).toEqual(['1', '3']);
  expect(opened()).toBe(3);
  await cache.close();
  expect(open.size).toBe(0);
});

test('a file that is being read is not closed, and is shared', async () => {
  const { open, opened, opener } = files();
  const cache = new FileCache({ open: opener, idleMax: 0 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const reads = [cache.use('1', () => promise), cache.use('1', () => promise)];
  await settled();
  expect([...open]).toEqual(['1']);
  const closing = cache.close();
  expect([...open]).toEqual(['1']);
  resolve();
  await Promise.all([...reads, closing]);
  await settled();
  expect(open.size).toBe(0);
  expect(opened()).toBe(1);
});

test('a pinned file stays open until it is unpinned', async () => {
  const { open, opened, opener, fake } = files();
  const cache = new FileCache({ open: opener, idleMax: 0 });
  open.add('7');
  cache.pin('7', fake('7'));
  await cache.use('7', async () => undefined);
  expect(opened()).toBe(0);
  expect([...open]).toEqual(['7']);
  cache.unpin('7');
  await settled();
  expect(open.size).toBe(0);
});

test('a file that could not be opened is tried again', async () => {
  const { opener } = files();
  let isGone = true;
  const cache = new FileCache({ open: (name) => opener(isGone ? 'gone' : name), idleMax: 1 });
  await expect(cache.use('1', async () => undefined)).rejects.toThrow('gone');
  isGone = false;
  await cache.use('1', async () => undefined);
  await cache.close();
});

test('a file is retired when nobody holds it any more, and is closed then', async () => {
  const { open, opener } = files();
  const cache = new FileCache({ open: opener, idleMax: 2 });
  const first = cache.hold('1');
  const second = cache.hold('1');
  await cache.use('1', async () => undefined);
  let isRetired = false;
  const retired = cache.retire('1').then(() => {
    isRetired = true;
  });
  first[Symbol.dispose]();
  await settled();
  expect(isRetired).toBe(false);
  expect([...open]).toEqual(['1']);
  second[Symbol.dispose]();
  await retired;
  expect(open.size).toBe(0);
  await cache.retire('2');
});

test('of a file that another one has taken the name of, the next reader gets the new one, and those before go on', async () => {
  const { open, opened, opener } = files();
  const cache = new FileCache({ open: opener, idleMax: 2 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const reading = cache.use('1', () => promise);
  await settled();
  cache.forget('1');
  await cache.use('1', async () => undefined);
  expect(opened()).toBe(2);
  resolve();
  await reading;
  await settled();
  // The first one is closed; both have the same name here.
  expect(open.size).toBe(0);
  cache.forget('1');
  cache.forget('1');
  await cache.use('1', async () => undefined);
  expect(opened()).toBe(3);
  await cache.close();
  expect(open.size).toBe(0);
});
