import { expect, test } from 'vitest';
import { FaultyStorage } from '../src/log/faulty-storage.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { append, datum, logsPath, QuotaWorld } from './support/quota-world.ts';

const limit = 1_000_000;

test('what an owner has is read from the disk once, and then known, also when nothing of it is open', async () => {
  const disk = await emptyDisk(logsPath);
  const before = new QuotaWorld(disk, { ownerBytes: limit });
  for (let more = 0; more < 8; more += 1) await before.create(`example.com/me/at_${more}`);
  const { root } = await before.create('example.com/me/large');
  {
    using large = await before.use('example.com/me/large');
    for (let more = 0; more < 3; more += 1) await append(large.chain, root, [datum(20_000)]);
  }
  await before.registry.close();
  const counting = new FaultyStorage(disk, () => undefined);
  // Each is closed before the next one is opened, so that nobody holds the owner.
  const world = new QuotaWorld(counting, { ownerBytes: limit }, 1);
  const used = async (name: string) => {
    using again = await world.use(`example.com/me/${name}`);
    await again.chain.eraser.idle();
    return world.registry.quotas.of(again.chain).owner?.usedBytes ?? 0;
  };
  const first = await used('at_0');
  expect(first).toBeGreaterThan(60_000);
  expect(counting.calls.some(({ path }) => path.includes('/me/at_7.chain'))).toBe(true);
  const { length } = counting.calls;
  expect(await used('at_1')).toBeLessThanOrEqual(first);
  const others = counting.calls
    .slice(length)
    .filter(({ path }) => path.includes('/me/') && !/at_[01]\.chain/.test(path));
  expect(others).toEqual([]);
  expect(await used('large')).toBeLessThanOrEqual(first);
});
