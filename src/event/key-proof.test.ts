import { expect, test } from 'vitest';
import { keyProofBytes } from './key-proof.ts';

const part = (byte: number): Buffer => Buffer.alloc(32, byte);
const claim = {
  serverFingerprint: part(2),
  chainId: part(3),
  conversationId: part(4),
  fingerprint: part(5),
};

test('a proof signs five parts of 32 bytes, in this order', () => {
  const expected = [1, 2, 3, 4, 5]
    .map((byte) => Buffer.of(byte).toString('hex').repeat(32))
    .join('');
  expect(keyProofBytes({ ...claim, exporter: part(1) }).toString('hex')).toBe(expected);
});

test('without a tunnel the exporter is zeros', () => {
  expect(keyProofBytes(claim)).toEqual(keyProofBytes({ ...claim, exporter: part(0) }));
});

test.each(Object.keys(claim))('a part of another length is a defect: %s', (name) => {
  expect(() => keyProofBytes({ ...claim, [name]: Buffer.alloc(31) })).toThrow('32 bytes');
});
