import { afterEach, describe, expect, test } from 'vitest';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import {
  addPadding,
  chooseProvider,
  deriveDataKey,
  hpkeInfos,
  isCommitment,
  KeyPair,
  openOnce,
  removePadding,
  sealOnce,
  sealTo,
  selfTest,
  suiteMldsa44Ed25519,
  suiteMldsa65Ed25519,
} from '../crypto/index.ts';
import { chainIdOf, parseBatch } from '../event/index.ts';
import { checkBatch } from './check-batch.ts';
import { keyTable, verifySignatures } from './signatures.ts';
import { verifyGenesis } from './verify-genesis.ts';

afterEach(() => chooseProvider('native'));

const wrapped = { info: Buffer.from(hpkeInfos.wrappedKey), aad: Buffer.from('a chain') };
const readKey = Buffer.alloc(32, 1);
const random = Buffer.alloc(32, 2);
const text = Buffer.from('only for its readers');

describe.each([
  ['native', 'portable'],
  ['portable', 'native'],
])('written with the %s cryptography, read with the %s one', (writes, reads) => {
  test('the known answers come out', async () => {
    await chooseProvider(reads);
    selfTest();
  });

  test.each([suiteMldsa65Ed25519, suiteMldsa44Ed25519])(
    'a batch is sealed, signed and verified, and its data opened, in suite %i',
    async (suite) => {
      await chooseProvider(writes);
      const root = KeyPair.generate({ suite });
      const reader = KeyPair.generate();
      const seeds = { seed: reader.exportSeed(), kem: reader.exportKemSeed() };
      const { header, batch: genesis } = await testGenesis({
        trustMode: 'distributed',
        roots: [root],
      });
      const chainId = chainIdOf(header);
      const sealedKey = sealTo(reader.publicKey, wrapped, readKey);
      const { key, commitment } = deriveDataKey(readKey, random, chainId);
      const sealed = sealOnce(key, header, addPadding(text, 'padme'));
      const { run } = await new TestWriter(chainId, root).batch([testEvent(sealed)]);

      await chooseProvider(reads);
      const read = await verifyGenesis(genesis.run);
      expect(read.genesis.chainId).toEqual(chainId);
      const batch = parseBatch(run);
      checkBatch(batch);
      await verifySignatures(batch.seal, keyTable(read.genesis.roots));
      const { publicKey } = reader;
      const again = KeyPair.fromSeed(publicKey.suite, seeds.seed, seeds.kem);
      expect(again.publicKey.fingerprint).toEqual(publicKey.fingerprint);
      const openedKey = again.openSealed(wrapped, sealedKey) as Buffer;
      const derived = deriveDataKey(openedKey, random, chainId);
      expect(isCommitment(derived.commitment, commitment)).toBe(true);
      const opened = openOnce(derived.key, header, sealed) as Buffer;
      expect(removePadding(opened)).toEqual(text);
    },
  );
});
