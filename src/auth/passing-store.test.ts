import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type AccountDisk,
  accountDisk,
  logsPath,
  openPassingStore,
} from '../../test/support/account-store.ts';
import { crashEndings } from '../../test/support/power-cuts.ts';
import { rounds } from '../../test/support/scale.ts';
import { bytesOnDisk } from '../log/index.ts';
import { Attempts } from './attempts.ts';
import { isLive } from './passing-records.ts';
import {
  encodeAddress,
  encodeCodes,
  encodePlace,
  encodeSignUp,
  encodeTries,
  type TriesRecord,
} from './records.ts';
import { noFailures } from './tries.ts';

const day = 24 * 60 * 60 * 1_000;
const startMs = 1_700_000_000_000;
const renewBytesMin = 40_000;

const numbersOn = async (disk: AccountDisk) =>
  (await disk.list(join(logsPath, '_sys'))).map(({ name }) => name);
const bytesOn = async (disk: AccountDisk) => {
  let bytes = 0;
  for (const name of await numbersOn(disk)) {
    bytes += await bytesOnDisk(disk, join(logsPath, '_sys', name));
  }
  return bytes;
};

const fail = (attempts: Attempts, account: string) =>
  attempts
    .run({ what: 'login', account, address: '192.0.2.9' }, async () => ({ result: undefined }))
    .catch((error: { reason: string }) => error.reason);

test('failures and logins without end take no more room than those of a day; what counts stays, over restarts too', async () => {
  const disk = await accountDisk();
  let nowMs = startMs;
  const options = { now: () => nowMs, renewBytesMin };
  let store = await openPassingStore(disk, options);
  let bytesMax = 0;
  for (let today = 0; today < rounds({ short: 12, long: 100 }); today += 1) {
    const attempts = new Attempts({ store, now: () => nowMs });
    for (let more = 0; more < 15; more += 1) {
      await fail(attempts, `nobody${today}_${more}@example.com`);
      const attempt = { what: 'login', account: 'me@example.com', address: '192.0.2.1' } as const;
      await attempts.run(attempt, async () => ({ result: true }));
      nowMs += 60 * 60 * 1_000;
    }
    bytesMax = Math.max(bytesMax, await bytesOn(disk));
    nowMs += day;
  }
  expect(bytesMax).toBeLessThan(4 * renewBytesMin);
  // What says nothing any more is not copied.
  expect(await store.get({ kind: 'tries', about: 'nobody0_0@example.com' })).toBeUndefined();
  const attempts = new Attempts({ store, now: () => nowMs });
  for (let count = 0; count < 5; count += 1) await fail(attempts, 'locked@example.com');
  expect(await fail(attempts, 'locked@example.com')).toBe('LOGIN_LOCKED');
  const others = Array.from({ length: 60 }, (_, at) => fail(attempts, `x${at}@example.com`));
  await Promise.all(others);
  await store.close();
  const [only, ...none] = await numbersOn(disk);
  expect(only).toMatch(/^tries_([2-9]|\d\d+)\.chain$/);
  expect(none).toEqual([]);
  store = await openPassingStore(disk, options);
  expect(await fail(new Attempts({ store, now: () => nowMs }), 'locked@example.com')).toBe(
    'LOGIN_LOCKED',
  );
  await store.close();
});

test('whatever fails, and whenever power is cut: nothing that was written is lost', async () => {
  const name = (about: string) => ({ kind: 'tries', about }) as const;
  const tries = (failures: number): TriesRecord => ({
    login: { failures, lastUnixMs: startMs, lockedUntilUnixMs: 0 },
    totpStep: 0,
  });
  const fill = async (plan?: Parameters<typeof openPassingStore>[1]) => {
    const disk = await accountDisk();
    const known = new Map<string, number>();
    let calls = 0;
    const counted = {
      ...plan,
      plan: (call: { index: number }) => {
        calls = call.index;
        return plan?.plan?.(call as never);
      },
    };
    const store = await openPassingStore(disk, { renewBytesMin: 8_000, ...counted }).catch(
      () => undefined,
    );
    for (let at = 0; store !== undefined && at < 24; at += 1) {
      const about = `a${at % 7}`;
      const data = encodeTries(tries(at + 1));
      const isWritten = await store.put([{ name: name(about), data }]).then(
        () => true,
        () => false,
      );
      // What failed may be there all the same.
      if (isWritten) known.set(about, at + 1);
      else known.delete(about);
    }
    await store?.close().catch(() => undefined);
    return { disk, known, calls };
  };
  const whole = await fill();
  expect((await numbersOn(whole.disk))[0]).not.toBe('tries_1.chain');
  expect(whole.known.size).toBe(7);
  let round = 0;
  for (const fault of ['refused', 'persisted', 'torn'] as const) {
    for (let at = 0; at < whole.calls; at += 1) {
      for (const [survival, survives] of crashEndings()) {
        round += 1;
        if (round % rounds({ short: 151, long: 11 }) !== 0) continue;
        const what = `${fault} at call ${at}, ${survival}`;
        const { disk, known } = await fill({
          plan: ({ index }) => (index === at ? fault : undefined),
        });
        if (survives !== undefined) disk.powerCut(survives);
        const store = await openPassingStore(disk);
        for (const [about, failures] of known) {
          expect(await store.get(name(about)), `${what}: ${about}`).toEqual(
            encodeTries(tries(failures)),
          );
        }
        await store.close();
        // What was begun of a next one is replaced when that is made.
        const chains = (await numbersOn(disk)).filter((one) => !one.endsWith('.new'));
        expect(chains, what).toHaveLength(1);
      }
    }
  }
}, 600_000);

test('what is kept is what still says something', () => {
  const now = startMs;
  const tries = {
    login: noFailures,
    totpStep: 0,
  };
  const failed = (agoMs: number) => ({
    failures: 3,
    lastUnixMs: now - agoMs,
    lockedUntilUnixMs: 0,
  });
  const signUps = { dayUnixMs: 0, count: 0 };
  const address = { failures: noFailures, signUps, successUnixMs: 0 };
  const place = { login: noFailures, successUnixMs: 0 };
  const parts = { act: Buffer.of(1), secrets: Buffer.of(2) };
  const code = (expiresUnixMs: number) => ({
    ...{ mac: Buffer.alloc(32, 1), expiresUnixMs, network: 'local' },
  });
  const cases: [data: Buffer, live: boolean][] = [
    [encodeTries(tries), false],
    [encodeTries({ ...tries, login: failed(day - 1) }), true],
    [encodeTries({ ...tries, login: failed(day) }), false],
    [encodeTries({ ...tries, login: { ...failed(5 * day), lockedUntilUnixMs: now + 1 } }), true],
    // A one-time code counts once.
    [encodeTries({ ...tries, totpStep: Math.floor(now / 30_000) - 3 }), true],
    [encodeTries({ ...tries, totpStep: Math.floor(now / 30_000) - 130 }), false],
    [encodeAddress(address), false],
    [encodeAddress({ ...address, successUnixMs: now - 30 * day + 1 }), true],
    [encodeAddress({ ...address, successUnixMs: now - 30 * day }), false],
    [encodeAddress({ ...address, signUps: { dayUnixMs: now - 1, count: 1 } }), true],
    [encodeAddress({ ...address, failures: failed(1) }), true],
    [encodePlace({ ...place, successUnixMs: now - 29 * day }), true],
    [encodePlace({ ...place, successUnixMs: now - 31 * day }), false],
    [encodeCodes([]), false],
    [encodeCodes([code(now), code(now + 1)]), true],
    [encodeCodes([code(now)]), false],
    [encodeSignUp({ ...parts, createdUnixMs: now - day }), true],
    [encodeSignUp({ ...parts, createdUnixMs: now - 2 * day }), false],
  ];
  expect(cases.map(([data]) => isLive(data, now))).toEqual(cases.map(([, live]) => live));
});
