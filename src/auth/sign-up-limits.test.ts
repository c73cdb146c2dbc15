import { expect, test } from 'vitest';
import { accountDisk, openAccountStore } from '../../test/support/account-store.ts';
import { Attempts } from './attempts.ts';
import { encodeAddress } from './records.ts';
import { noFailures } from './tries.ts';
import { wideNetworkOf } from './wide-network.ts';

// How many accounts and codes may be asked for in a day, by whom.

async function world() {
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const store = await openAccountStore(await accountDisk(), { now });
  const attempts = new Attempts({ store, now });
  /** As if so many had been asked for today. */
  const preset = (about: string, count: number, successUnixMs = 0) => {
    const signUps = { dayUnixMs: clock.nowMs, count };
    const data = encodeAddress({ failures: noFailures, signUps, successUnixMs });
    return store.put([{ name: { kind: 'address', about }, data }]);
  };
  const ask = (address: string, isLocal = false) => attempts.countSignUp(address, isLocal);
  return { clock, preset, ask, store };
}

const refused = (limit: number, whose: RegExp) =>
  expect.objectContaining({
    reason: 'ACCOUNT_LIMIT',
    message: expect.stringMatching(whose),
    metadata: { limit: String(limit) },
  });

test('a network of many addresses has its own limit', async () => {
  const { ask, preset, clock, store } = await world();
  await preset('192.0.0.0/16', 1_999);
  await ask('192.0.2.1');
  await expect(ask('192.0.7.9')).rejects.toEqual(refused(2_000, /network 192\.0\.0\.0\/16/));
  await ask('192.1.2.1');
  await preset('2001:db8::/32', 2_000);
  await expect(ask('2001:db8:1:2::/64')).rejects.toEqual(refused(2_000, /2001:db8::\/32/));
  await ask('2001:db9:1:2::/64');
  clock.nowMs += 24 * 60 * 60 * 1_000;
  await ask('192.0.7.9');
  await store.close();
});

test('what a crowd can not use up is left to networks with few, to addresses that somebody was let in from, and to the own machine', async () => {
  const { ask, preset, clock, store } = await world();
  await preset('*', 15_000);
  await preset('198.51.0.0/16', 10);
  const crowd = '198.51.100.1';
  await expect(ask(crowd)).rejects.toEqual(refused(15_000, /in all/));
  // Who was refused has used up nothing.
  await preset('198.51.0.0/16', 9);
  await ask(crowd);
  await expect(ask(crowd)).rejects.toEqual(refused(15_000, /in all/));
  await preset(crowd, 3, clock.nowMs - 29 * 24 * 60 * 60 * 1_000);
  await ask(crowd);
  await preset(crowd, 3, clock.nowMs - 31 * 24 * 60 * 60 * 1_000);
  await expect(ask(crowd)).rejects.toEqual(refused(15_000, /in all/));
  await preset('*', 20_000);
  await expect(ask('203.0.113.1')).rejects.toEqual(refused(20_000, /in all/));
  await ask('127.0.0.1', true);
  await store.close();
});

test.each([
  ['192.0.2.1', '192.0.0.0/16'],
  ['2001:db8:1:2::/64', '2001:db8::/32'],
  ['0:0:0:0::/64', '0:0::/32'],
  ['unix', undefined],
  ['*', undefined],
])('%s is of the network %s', (address, network) => {
  expect(wideNetworkOf(address)).toBe(network);
});
