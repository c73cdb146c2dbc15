import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyPair, passphraseCosts } from '../crypto/index.ts';
import { parseOwner } from '../event/index.ts';
import { passwordCostsMin, passwordKeys, recoveryKeys } from './password-keys.ts';
import { makeRecoveryCode, parseRecoveryCode } from './recovery-code.ts';
import { openVault, sealVault } from './vault.ts';

const account = parseOwner('me@example.com');
const other = parseOwner('you@example.com');
const keys = [KeyPair.generate(), KeyPair.generate({ forSigningOnly: true })];
const seedsOf = (pairs: readonly KeyPair[] = []) =>
  pairs.map((pair) => [pair.exportSeed(), pair.exportKemSeed()]);
const costs = { ...passwordCostsMin, lanes: 1, salt: Buffer.alloc(16, 1) };

test('a vault gives the keys that were sealed in it, to who has its key, as the vault that it is', () => {
  const vaultKey = Buffer.alloc(32, 1);
  const sealed = sealVault(vaultKey, account, 'recovery', keys);
  expect(seedsOf(openVault(vaultKey, account, 'recovery', sealed))).toEqual(seedsOf(keys));
  expect(openVault(Buffer.alloc(32, 2), account, 'recovery', sealed)).toBeUndefined();
  expect(openVault(vaultKey, other, 'recovery', sealed)).toBeUndefined();
  expect(openVault(vaultKey, account, 'key', sealed)).toBeUndefined();
  for (let at = 0; at < sealed.length; at += 7) {
    const altered = Buffer.from(sealed);
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(openVault(vaultKey, account, 'recovery', altered)).toBeUndefined();
  }
  expect(openVault(vaultKey, account, 'recovery', sealed.subarray(0, 10))).toBeUndefined();
});

test('keys follow from password, salt and account, and from nothing less', async () => {
  const make = async (password: string, of = account, salt = costs.salt) => {
    using made = await passwordKeys(password, of, { ...costs, salt });
    const { fingerprintHex } = made.signer.publicKey;
    return [
      fingerprintHex,
      made.vaultKey('key').toString('hex'),
      made.vaultKey('sudo').toString('hex'),
    ];
  };
  const mine = await make('correct horse');
  expect(new Set(mine).size).toBe(3);
  expect(await make('correct horse')).toEqual(mine);
  for (const differs of [
    await make('correct horsf'),
    await make('correct horse', other),
    await make('correct horse', account, Buffer.alloc(16, 2)),
  ]) {
    expect(differs.filter((one) => mine.includes(one))).toEqual([]);
  }
});

test('costs below the least are refused before anything is made of the password', async () => {
  for (const [field, value] of [
    ['memoryKib', passwordCostsMin.memoryKib - 1],
    ['passes', 1],
    ['memoryKib', 2 ** 31],
    ['lanes', 17],
  ] as const) {
    const low = { ...passphraseCosts, salt: costs.salt, [field]: value };
    await expect(passwordKeys('x', account, low)).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
  }
});

test('a recovery code is read however it is typed, and typing errors are seen', () => {
  const code = makeRecoveryCode();
  expect(code).toMatch(/^([A-Z2-7]{4}-){6}[A-Z2-7]{4}$/);
  const secret = parseRecoveryCode(code);
  expect(secret).toHaveLength(16);
  expect(parseRecoveryCode(` ${code.toLowerCase().replaceAll('-', ' ')}`)).toEqual(secret);
  expect(parseRecoveryCode(code.replaceAll('O', '0').replaceAll('I', '1'))).toEqual(secret);
  expect(() => parseRecoveryCode(code.slice(1))).toThrow(/characters/);
  expect(() => parseRecoveryCode(`${code.slice(0, -1)}9`)).toThrow(/another one/);
  let unseen = 0;
  fc.assert(
    fc.property(fc.nat(33), fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'), (at, to) => {
      if (code[at] === '-' || code[at] === to) return;
      const typed = `${code.slice(0, at)}${to}${code.slice(at + 1)}`;
      try {
        expect(parseRecoveryCode(typed)).not.toEqual(secret);
        unseen += 1;
      } catch (error) {
        // No part of what was typed is shown.
        expect(String(error)).not.toContain(typed.slice(0, 9));
      }
    }),
    { numRuns: 300 },
  );
  expect(unseen).toBeLessThan(10);
});

test('keys follow from a recovery code and the account', () => {
  const code = makeRecoveryCode();
  const fingerprint = (of = account) =>
    recoveryKeys(parseRecoveryCode(code), of).signer.publicKey.fingerprintHex;
  expect(fingerprint()).toBe(fingerprint());
  expect(fingerprint(other)).not.toBe(fingerprint());
});
