import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { KeyPair } from '../crypto/index.ts';
import { KnownKeys } from './known-keys.ts';
import { SealedTeller } from './sealed-teller.ts';

const missing = (fill: number, holders: readonly Buffer[] = []) =>
  ({ readKeyId: Buffer.alloc(32, fill), state: 'no key', holders }) as const;
const id = (fill: number) => Buffer.alloc(32, fill).toString('hex');

test('what was opened, and what is in clear, is nothing to tell of', async () => {
  const teller = new SealedTeller();
  expect(teller.note({ sequence: 1 })).toBe(false);
  expect(teller.note({ sequence: 2, sealed: { ...missing(1), state: 'open' } })).toBe(false);
  await teller.end();
});

test('a read key that is missing is told of once, at the end with how much it hides, and who can give it by name', async () => {
  const home = mkdtempSync(join(tmpdir(), 'atedb-teller-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  vi.stubEnv('ATE_HOME', home);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { publicKey } = KeyPair.generate();
  await new KnownKeys(home).add('alice', publicKey);
  const first = { sequence: 1, sealed: missing(1, [publicKey.fingerprint, Buffer.alloc(32, 7)]) };
  const teller = new SealedTeller();
  expect(teller.note(first)).toBe(true);
  expect(teller.note({ ...first, sequence: 2 })).toBe(false);
  expect(teller.note({ sequence: 3, sealed: missing(2) })).toBe(true);
  const who = `alice (${publicKey.fingerprintHex}), ${id(7)}`;
  expect(await teller.notice(first)).toEqual({
    kind: 'read-key-missing',
    message: `event 1 is sealed with the read key ${id(1)}, which was not given to your key; these have it, and can give it with "atedb share" if they may change who reads: ${who}`,
  });
  await expect(teller.end()).rejects.toMatchObject({
    reason: 'READ_KEY_MISSING',
    message: expect.stringMatching(
      /^not printed: 2 events are sealed .* 1 event with other read keys/,
    ),
    metadata: { read_key_id: id(1), holders: `${publicKey.fingerprintHex},${id(7)}` },
  });
});

test('data that does not open with its read key does not verify', async () => {
  const teller = new SealedTeller();
  expect(teller.note({ sequence: 9, sealed: { ...missing(1), state: 'invalid' } })).toBe(false);
  await expect(teller.end()).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
    metadata: { sequence: '9' },
  });
});
