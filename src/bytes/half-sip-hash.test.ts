import { expect, test } from 'vitest';
import { halfSipHash } from './half-sip-hash.ts';

test('it is what the Linux kernel tests its own with: 00 01 … 0f under the key 00 01 … 07', () => {
  const input = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c] as const;
  expect(halfSipHash(...input, 0x03020100, 0x07060504) >>> 0).toBe(0x8b31d501);
});

test('every word of the input and of the key counts', () => {
  const words = [1, 2, 3, 4, 5, 6] as const;
  const hashes = words.map((_, place) => {
    const [a, b, c, d, e, f] = words.map((word, at) => (at === place ? word ^ 0x8000_0000 : word));
    return halfSipHash(a ?? 0, b ?? 0, c ?? 0, d ?? 0, e ?? 0, f ?? 0);
  });
  expect(new Set([halfSipHash(...words), ...hashes]).size).toBe(7);
});
