import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { emptyDisk } from '../../test/support/log-fixture.ts';
import { ChildTable, KeyTable } from '../bytes/index.ts';
import { ClosedKeys } from './closed-keys.ts';
import { FileCache } from './file-cache.ts';
import { KeysCache } from './keys-cache.ts';
import { keysName } from './layout.ts';
import type { ClosedSegment } from './manifest.ts';
import type { SegmentTable } from './segment-table.ts';

const folder = '/logs';

/** The keys of one closed segment, which has 500 of them. */
async function world() {
  const storage = await emptyDisk(folder);
  const cache = new KeysCache();
  const of = { segment: 3, generation: 0, firstCommit: 10, firstSequence: 1_000, bytes: 1 };
  const segment: ClosedSegment = {
    ...of,
    sha256: randomBytes(32),
    originalSha256: randomBytes(32),
  };
  const keys = new ClosedKeys({
    ...{ storage, folder, chainId: randomBytes(32), cache },
    table: { get: () => segment } as unknown as SegmentTable,
    files: new FileCache({ open: (name) => storage.open(join(folder, name), 'read'), idleMax: 4 }),
    onSuspect: undefined,
    onNotice: () => undefined,
  });
  const table = new KeyTable(randomBytes(16));
  const there = Array.from({ length: 500 }, () => randomBytes(16));
  for (const [at, key] of there.entries()) table.add(key, 0, 1_000 + at, 0, 0);
  const children = new ChildTable(randomBytes(16));
  await keys.write(3, { table, children, writers: [randomBytes(32)] });
  return { keys, cache, there, path: join(folder, keysName(3)) };
}

const viewOf = (key: Buffer) => new DataView(key.buffer, key.byteOffset, key.length);

test('what a segment does not have is known without reading, once its file was asked; what it has is never denied', async () => {
  const { keys, there } = await world();
  const others = Array.from({ length: 500 }, () => randomBytes(16));
  const without = () => others.filter((key) => keys.isWithout(3, viewOf(key))).length;
  expect(without()).toBe(0);
  await keys.find(3, there[0] as Buffer);
  expect(without()).toBeGreaterThan(450);
  expect(there.filter((key) => keys.isWithout(3, viewOf(key)))).toEqual([]);
});

test('a file that has made room for others in the shared cache is kept by nobody else', async () => {
  const { keys, cache, there, path } = await world();
  await keys.find(3, there[0] as Buffer);
  expect(keys.isWithout(3, viewOf(there[0] as Buffer))).toBe(false);
  const file = new WeakRef(cache.opened(path) as object);
  expect(file.deref()).toBeDefined();
  cache.drop(path);
  await setImmediate();
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  gc();
  expect(file.deref()).toBeUndefined();
});
