import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  type AccountDisk,
  accountDisk,
  openPassingStore,
} from '../../test/support/account-store.ts';
import { rounds } from '../../test/support/scale.ts';
import { decodeTries, encodeTries } from './records.ts';

const nowUnixMs = 1_700_000_000_000;
const name = (about: string) => ({ kind: 'tries', about }) as const;
const failed = (failures: number) =>
  encodeTries({
    login: { failures, lastUnixMs: nowUnixMs, lockedUntilUnixMs: 0 },
    totpStep: 0,
  });

test('what is written and read while the chain is written anew is neither lost nor refused', async () => {
  const disk = await accountDisk();
  const notices: string[] = [];
  const options = { renewBytesMin: 4_000, onNotice: (notice: string) => notices.push(notice) };
  const store = await openPassingStore(disk, options);
  const written = new Map<string, number>();
  let value = 0;
  let isOver = false;
  /** Each of its own accounts, so that what is newest of one is known. */
  const write = async (who: number) => {
    for (let count = 0; count < rounds({ short: 40, long: 400 }); count += 1) {
      value += 1;
      const [about, now] = [`a${who}_${count % 5}`, value];
      await store.put([{ name: name(about), data: failed(now) }]);
      written.set(about, now);
      const read = decodeTries(await store.get(name(about)));
      expect(read.login.failures, about).toBe(now);
      for (let wait = 0; wait < (who * 7 + count) % 5; wait += 1) await setImmediate();
    }
  };
  const read = async () => {
    while (!isOver) {
      const [about = 'nobody', before = 0] = [...written].at(-1) ?? [];
      const found = decodeTries(await store.get(name(about)));
      expect(found.login.failures, about).toBeGreaterThanOrEqual(before);
      await setImmediate();
    }
  };
  const readers = [read(), read()];
  await Promise.all(Array.from({ length: 12 }, (_, who) => write(who)));
  isOver = true;
  await Promise.all(readers);
  await store.close();
  expect(notices).toEqual([]);
  const again = await openPassingStore(disk);
  for (const [about, failures] of written) {
    expect(decodeTries(await again.get(name(about))).login.failures, about).toBe(failures);
  }
  await again.close();
  const [chain] = (await disk.list('/logs/_sys')).map(({ name: folder }) => folder);
  expect(chain).toMatch(/^tries_\d\d+\.chain$/);
});

/** A disk that takes long for each write to the chain of a number. */
function slowDisk(disk: AccountDisk, number: number): AccountDisk {
  return new Proxy(disk, {
    get(target, property) {
      const value = Reflect.get(target, property) as unknown;
      if (property !== 'open') return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: Parameters<AccountDisk['open']>) => {
        const file = await target.open(...args);
        if (!args[0].includes(`/tries_${number}.chain/segment`)) return file;
        const { writeDurable } = file;
        file.writeDurable = async (...what) => {
          for (let wait = 0; wait < 2_000; wait += 1) await setImmediate();
          return writeDurable.apply(file, what);
        };
        return file;
      };
    },
  });
}

test('what is being written when the chain is to be written anew is in the next one', async () => {
  const disk = await accountDisk();
  const store = await openPassingStore(slowDisk(disk, 1), { renewBytesMin: 1_000 });
  // Two are written before those that are too many come to an end, and go into the next batch.
  const many = Array.from({ length: 100 }, (_, at) => ({ name: name(`b${at}`), data: failed(1) }));
  const writes = [store.put(many)];
  for (let at = 0; at < 2; at += 1) {
    await setImmediate();
    writes.push(store.put([{ name: name(`a${at}`), data: failed(at + 1) }]));
  }
  await Promise.all(writes);
  for (let at = 0; at < 2; at += 1) {
    expect(decodeTries(await store.get(name(`a${at}`))).login.failures, `a${at}`).toBe(at + 1);
  }
  await store.close();
  expect((await disk.list('/logs/_sys')).map(({ name: chain }) => chain)).toEqual([
    'tries_2.chain',
  ]);
});
