import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addPadding, paddedLength, padmeLength, removePadding } from './index.ts';

const lengthMax = 2 ** 31 - 1;

/** PADMÉ as the paper writes it, with integers that have no end. */
function oracle(length: bigint): bigint {
  const log = (value: bigint) => BigInt(value.toString(2).length - 1);
  if (length < 2n) return length;
  const exponent = log(length);
  const digits = log(exponent === 0n ? 1n : exponent) + 1n;
  const zeros = exponent - digits;
  const mask = zeros > 0n ? (1n << zeros) - 1n : 0n;
  return (length + mask) & ~mask;
}

describe('the length of PADMÉ', () => {
  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [8, 8],
    [9, 10],
    [10, 10],
    [15, 16],
    [100, 104],
    [1_000, 1_024],
    [1_025, 1_088],
    [10_000, 10_240],
    [1_000_000, 1_015_808],
  ])('of %i is %i', (length, expected) => {
    expect(padmeLength(length)).toBe(expected);
    expect(Number(oracle(BigInt(length)))).toBe(expected);
  });

  test('is that of the paper, never shorter, at most 12% longer, and never falls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lengthMax - 1 }), (length) => {
        const padded = padmeLength(length);
        expect(BigInt(padded)).toBe(oracle(BigInt(length)));
        expect(padded).toBeGreaterThanOrEqual(length);
        expect(padded).toBeLessThanOrEqual(length * 1.12 + 1);
        expect(padmeLength(length + 1)).toBeGreaterThanOrEqual(padded);
        if (padded <= lengthMax) expect(padmeLength(padded)).toBe(padded);
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes few values', () => {
    const lengths = Array.from({ length: 100_000 }, (_, length) => padmeLength(length));
    expect(new Set(lengths).size).toBeLessThan(220);
  });

  test('of what is no length is a defect', () => {
    expect(padmeLength(lengthMax)).toBe(2 ** 31);
    for (const wrong of [-1, 1.5, Number.NaN, lengthMax + 1]) {
      expect(() => padmeLength(wrong)).toThrow(/a length that can be/);
    }
  });
});

describe('padding', () => {
  test('comes off again, whatever the text ends in', () => {
    const texts = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const ends = fc.constantFrom('', '80', '00', '8000', '0080', '80'.repeat(3), '00'.repeat(9));
    fc.assert(
      fc.property(texts, ends, fc.constantFrom('mark', 'padme'), (text, end, rule) => {
        const whole = Buffer.concat([text, Buffer.from(end, 'hex')]);
        const padded = addPadding(whole, rule as 'mark');
        expect(padded.length).toBe(paddedLength(whole.length, rule as 'mark'));
        expect(removePadding(padded)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('is one byte, or up to the length of PADMÉ', () => {
    expect(addPadding(Buffer.from('ab'), 'mark').toString('hex')).toBe('616280');
    expect(addPadding(Buffer.alloc(0), 'mark').toString('hex')).toBe('80');
    expect(addPadding(Buffer.alloc(0), 'padme').toString('hex')).toBe('80');
    expect(addPadding(Buffer.alloc(99, 7), 'padme').length).toBe(104);
    expect(addPadding(Buffer.alloc(103, 7), 'padme').length).toBe(104);
    expect(addPadding(Buffer.alloc(104, 7), 'padme').length).toBe(112);
  });

  test('that is not there is missed', () => {
    for (const text of ['', '00', '0000', '61', '6100', '8001', '8181']) {
      expect(removePadding(Buffer.from(text, 'hex'))).toBeUndefined();
    }
  });
});
