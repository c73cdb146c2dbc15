import { expect, test } from 'vitest';
import { rootsMax } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import type { SignatureView } from '../../event/index.ts';
import { StreamProofs } from './stream-proofs.ts';

const proofOf = (byte: number): SignatureView => ({
  suite: 1,
  fingerprint: Buffer.alloc(32, byte),
  signature: Buffer.alloc(0),
});
const hex = (byte: number) => Buffer.alloc(32, byte).toString('hex');

const ties = { serverFingerprint: Buffer.alloc(32), exporter: undefined };

/** Verifies a proof when it is told to. */
function verifying(verdict: Promise<void>): Chain {
  return { verifyProof: () => verdict } as unknown as Chain;
}

test('who asks right behind a proof waits for its verdict, and who asked before it does not', async () => {
  const proofs = new StreamProofs(ties);
  const before = proofs.isProven;
  const { promise, resolve } = Promise.withResolvers<void>();
  const proving = proofs.prove(verifying(promise), proofOf(1));
  const behind = proofs.isProven(hex(1));
  expect(before(hex(1))).toBe(false);
  expect(proofs.isProven(hex(2))).toBe(false);
  resolve();
  await proving;
  expect(await behind).toBe(true);
  // However late it asks: what came behind a message is nothing to it.
  expect(before(hex(1))).toBe(false);
});

test('the last proof of a key counts, for what comes behind it', async () => {
  const proofs = new StreamProofs(ties);
  await proofs.prove(verifying(Promise.resolve()), proofOf(1));
  const between = proofs.isProven;
  const refused = proofs.prove(verifying(Promise.reject(new Error('bad'))), proofOf(1));
  await expect(refused).rejects.toThrow('bad');
  expect(await between(hex(1))).toBe(true);
  expect(await proofs.isProven(hex(1))).toBe(false);
});

test('a proof beyond the limit is refused, and changes nothing', async () => {
  const proofs = new StreamProofs(ties);
  const chain = verifying(Promise.resolve());
  for (let byte = 1; byte <= rootsMax; byte += 1) await proofs.prove(chain, proofOf(byte));
  await expect(proofs.prove(chain, proofOf(99))).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
    metadata: { limit_proofs: '16' },
  });
  expect(await proofs.isProven(hex(rootsMax))).toBe(true);
  expect(await proofs.isProven(hex(99))).toBe(false);
});
