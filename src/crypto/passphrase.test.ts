import { afterEach, describe, expect, test } from 'vitest';
import {
  arePayable,
  chooseProvider,
  openWithPassphrase,
  passphraseCosts,
  passphraseCostsMax,
  sealWithPassphrase,
} from './index.ts';

afterEach(() => chooseProvider('native'));

const costs = { memoryKib: 64, passes: 1, lanes: 2 };
const aad = Buffer.from('what it is');
const secret = Buffer.from('a seed');

describe.each([
  ['native', 'portable'],
  ['portable', 'native'],
])('sealed with the %s cryptography, opened with the %s one', (seals, opens) => {
  test('a secret opens with its passphrase alone', async () => {
    await chooseProvider(seals);
    const sealed = await sealWithPassphrase('correct horse', aad, secret, costs);
    expect(sealed.costs).toEqual(costs);
    expect([sealed.salt.length, sealed.data.length]).toEqual([16, secret.length + 16]);
    await chooseProvider(opens);
    expect(await openWithPassphrase('correct horse', aad, sealed)).toEqual(secret);
    for (const wrong of ['Correct horse', 'correct horse ', 'correct', '']) {
      expect(await openWithPassphrase(wrong, aad, sealed)).toBeUndefined();
    }
    expect(await openWithPassphrase('correct horse', secret, sealed)).toBeUndefined();
    const changed = [
      { ...sealed, salt: Buffer.alloc(16) },
      { ...sealed, data: Buffer.concat([sealed.data.subarray(1), Buffer.of(0)]) },
      { ...sealed, costs: { ...costs, memoryKib: 65 } },
      { ...sealed, costs: { ...costs, passes: 2 } },
      { ...sealed, costs: { ...costs, lanes: 1 } },
    ];
    for (const one of changed) {
      expect(await openWithPassphrase('correct horse', aad, one)).toBeUndefined();
    }
  });
});

test('the same passphrase seals differently each time', async () => {
  const [one, other] = [
    await sealWithPassphrase('x', aad, secret, costs),
    await sealWithPassphrase('x', aad, secret, costs),
  ];
  expect(one.salt).not.toEqual(other.salt);
  expect(one.data).not.toEqual(other.data);
});

test('a passphrase is the same however its letters are put together', async () => {
  const sealed = await sealWithPassphrase('caf\u00e9', aad, secret, costs);
  expect(await openWithPassphrase('cafe\u0301', aad, sealed)).toEqual(secret);
  expect(await openWithPassphrase('cafe', aad, sealed)).toBeUndefined();
});

test("what is spent is the RFC's second recommendation", async () => {
  expect(passphraseCosts).toEqual({ memoryKib: 64 * 1024, passes: 3, lanes: 4 });
  const sealed = await sealWithPassphrase('x', aad, secret);
  expect(sealed.costs).toEqual(passphraseCosts);
  expect(await openWithPassphrase('x', aad, sealed)).toEqual(secret);
});

test('costs are paid up to a limit, and only ones that can be', async () => {
  expect(arePayable(passphraseCosts)).toBe(true);
  expect(arePayable(passphraseCostsMax)).toBe(true);
  expect(arePayable({ memoryKib: 8, passes: 1, lanes: 1 })).toBe(true);
  const { memoryKib, passes, lanes } = passphraseCostsMax;
  const wrong = [
    { memoryKib: memoryKib + 1 },
    { passes: passes + 1 },
    { lanes: lanes + 1 },
    { passes: 0 },
    { lanes: 0 },
    { lanes: 2, memoryKib: 15 },
    { memoryKib: 64.5 },
    { passes: Number.NaN },
    { lanes: '4' as unknown as number },
  ];
  for (const one of wrong) expect(arePayable({ ...passphraseCosts, ...one })).toBe(false);
  await expect(
    sealWithPassphrase('x', aad, secret, { ...costs, passes: passes + 1 }),
  ).rejects.toThrow(/has checked the costs/);
});
