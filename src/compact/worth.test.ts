import { expect, test } from 'vitest';
import { deadBytes, isWorthClosing, isWorthRewriting } from './worth.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const use = {
  bytes: 10 * mebibyte,
  dataBytes: 8 * mebibyte,
  newestBytes: 8 * mebibyte,
  keptBytes: 0,
};

test('what is dead is neither newest nor has to stay', () => {
  expect(deadBytes({ dataBytes: 10, newestBytes: 4, keptBytes: 5 })).toBe(1);
  expect(deadBytes({ dataBytes: 10, newestBytes: 8, keptBytes: 5 })).toBe(0);
});

test('a segment is rewritten from a fifth of dead bytes on, and from 64 KiB on', () => {
  expect(isWorthRewriting(use, false)).toBe(false);
  expect(isWorthRewriting({ ...use, newestBytes: 6 * mebibyte }, false)).toBe(true);
  expect(isWorthRewriting({ ...use, newestBytes: 6 * mebibyte + 1 }, false)).toBe(false);
  const small = { bytes: 200 * kibibyte, dataBytes: 100 * kibibyte, keptBytes: 0 };
  expect(isWorthRewriting({ ...small, newestBytes: 36 * kibibyte }, false)).toBe(true);
  expect(isWorthRewriting({ ...small, newestBytes: 36 * kibibyte + 1 }, false)).toBe(false);
});

test('what had to stay is not looked at again by itself, and is where somebody asks', () => {
  const kept = { ...use, newestBytes: 0, keptBytes: 8 * mebibyte };
  expect(isWorthRewriting(kept, false)).toBe(false);
  expect(isWorthRewriting(kept, true)).toBe(true);
  expect(isWorthRewriting(use, true)).toBe(false);
});

test('an active segment is closed from 2 MiB of dead bytes on, or where somebody asks', () => {
  expect(isWorthClosing({ ...use, newestBytes: 6 * mebibyte }, false)).toBe(true);
  const some = { ...use, bytes: 3 * mebibyte, newestBytes: 7 * mebibyte };
  expect(isWorthRewriting(some, false)).toBe(true);
  expect(isWorthClosing(some, false)).toBe(false);
  expect(isWorthClosing(some, true)).toBe(true);
});
