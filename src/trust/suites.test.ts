import { expect, test } from 'vitest';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { KeyPair, suiteMldsa44Ed25519 } from '../crypto/index.ts';
import { chainIdOf, parseBatch } from '../event/index.ts';
import { keyTable, verifySignatures } from './signatures.ts';
import { verifyGenesis } from './verify-genesis.ts';

const small = KeyPair.generate({ suite: suiteMldsa44Ed25519 });
const large = KeyPair.generate();

test('the roots of a chain may be of different suites, and each signs in its own', async () => {
  const { header, batch } = await testGenesis({ trustMode: 'distributed', roots: [small, large] });
  const { genesis } = await verifyGenesis(batch.run);
  const suites = genesis.roots.map((root) => [root.fingerprintHex, root.suite]);
  expect(Object.fromEntries(suites)).toEqual({
    [small.publicKey.fingerprintHex]: 2,
    [large.publicKey.fingerprintHex]: 1,
  });
  const keys = keyTable(genesis.roots);
  for (const key of [small, large]) {
    const next = await new TestWriter(chainIdOf(header), key).batch([testEvent('x')]);
    const { seal } = parseBatch(next.run);
    expect(seal.signatures.map((one) => one.suite)).toEqual([key.publicKey.suite]);
    await verifySignatures(seal, keys);
  }
});

test('a signature that names another suite than its key is refused', async () => {
  const { batch } = await testGenesis({ trustMode: 'distributed', roots: [small] });
  const { seal } = parseBatch(batch.run);
  const keys = keyTable([small.publicKey]);
  await verifySignatures(seal, keys);
  const renamed = { ...seal, signatures: seal.signatures.map((one) => ({ ...one, suite: 1 })) };
  await expect(verifySignatures(renamed, keys)).rejects.toMatchObject({
    reason: 'SIGNATURE_INVALID',
  });
});
