import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountDisk, openAccountStore, spiedDisk } from '../../test/support/account-store.ts';
import { rounds } from '../../test/support/scale.ts';
import { storeKeysOf } from './store-keys.ts';

const name = (about: string) => ({ kind: 'account', about }) as const;

test('a record is the one that was written last, also after it was opened again', async () => {
  const disk = await accountDisk();
  const store = await openAccountStore(disk);
  expect(await store.get(name('a@example.com'))).toBeUndefined();
  for (let round = 0; round < 40; round += 1) {
    await store.put([
      { name: name('a@example.com'), data: Buffer.from(`a ${round}`) },
      { name: name(`b${round}@example.com`), data: Buffer.alloc(3_000, round) },
    ]);
    expect(await store.get(name('a@example.com'))).toEqual(Buffer.from(`a ${round}`));
  }
  await store.close();
  const again = await openAccountStore(disk);
  expect(await again.get(name('a@example.com'))).toEqual(Buffer.from('a 39'));
  // Of closed segments, too.
  expect(await again.get(name('b3@example.com'))).toEqual(Buffer.alloc(3_000, 3));
  expect(await again.get({ kind: 'act', about: 'a@example.com', version: 0 })).toBeUndefined();
  expect(await again.get({ kind: 'tries', about: 'a@example.com' })).toBeUndefined();
  await again.put([{ name: name('a@example.com'), data: Buffer.from('after') }]);
  expect(await again.get(name('a@example.com'))).toEqual(Buffer.from('after'));
  await again.close();
});

test('nothing that is kept, and no name, is on the disk in clear', async () => {
  const disk = await accountDisk();
  const written: Buffer[] = [];
  const store = await openAccountStore(spiedDisk(disk, (bytes) => written.push(bytes)));
  const secret = randomBytes(32);
  await store.put([{ name: name('somebody@example.com'), data: secret }]);
  await store.close();
  const all = Buffer.concat(written);
  expect(all.length).toBeGreaterThan(1_000);
  expect(all.includes('_sys/auth')).toBe(true);
  expect(all.includes(secret)).toBe(false);
  expect(all.includes('somebody')).toBe(false);
});

test('a chain of accounts that was made with another secret is refused', async () => {
  const disk = await accountDisk();
  await (await openAccountStore(disk)).close();
  const others = storeKeysOf(Buffer.alloc(32, 8));
  await expect(openAccountStore(disk, { keys: others })).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
  });
});

test('a write that failed is told, and the next one is taken', async () => {
  const disk = await accountDisk();
  let isBroken = false;
  const store = await openAccountStore(disk, {
    plan: ({ name: call }) => (isBroken && call === 'writeDurable' ? 'torn' : undefined),
  });
  await store.put([{ name: name('a'), data: Buffer.from('before') }]);
  isBroken = true;
  await expect(store.put([{ name: name('a'), data: Buffer.from('lost') }])).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
  });
  isBroken = false;
  expect(await store.get(name('a'))).toEqual(Buffer.from('before'));
  await store.put([{ name: name('a'), data: Buffer.from('after') }]);
  expect(await store.get(name('a'))).toEqual(Buffer.from('after'));
  await store.close();
});

test('nothing that was acknowledged is lost, wherever power is cut', async () => {
  const write = fc.record({ about: fc.nat(4), size: fc.nat(2_000), wait: fc.boolean() });
  const survives = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 25 }),
      fc.nat(160),
      survives,
      async (writes, cutAt, chances) => {
        const disk = await accountDisk();
        let isCut = false;
        const plan = ({ index }: { readonly index: number }) => {
          isCut ||= index >= cutAt;
          return isCut ? ('refused' as const) : undefined;
        };
        const sent = new Map<string, number>();
        const acknowledged = new Map<string, number>();
        try {
          const store = await openAccountStore(disk, { plan });
          const all: Promise<unknown>[] = [];
          for (const [number, { about, size, wait }] of writes.entries()) {
            const key = String(about);
            sent.set(key, number);
            const data = Buffer.concat([Buffer.from([number]), Buffer.alloc(size)]);
            const done = store.put([{ name: name(key), data }]).then(
              () => acknowledged.set(key, Math.max(number, acknowledged.get(key) ?? -1)),
              () => {},
            );
            all.push(done);
            if (wait) await done;
          }
          await Promise.all(all);
        } catch {
          // The chain couldn't even be made.
        }
        let chance = 0;
        disk.powerCut(() => chances[chance++ % chances.length] as boolean);
        const store = await openAccountStore(disk);
        for (let about = 0; about <= 4; about += 1) {
          const key = String(about);
          const found = (await store.get(name(key)))?.[0] ?? -1;
          expect(found).toBeGreaterThanOrEqual(acknowledged.get(key) ?? -1);
          expect(found).toBeLessThanOrEqual(sent.get(key) ?? -1);
        }
        await store.put([{ name: name('0'), data: Buffer.from('goes on') }]);
        await store.close();
      },
    ),
    { numRuns: rounds({ short: 25, long: 600 }) },
  );
});
