import { expect, test } from 'vitest';
import { totpCodeAt, totpStepOf, totpUri } from './totp.ts';

// RFC 6238, appendix B: the secret and the times of its test vectors for SHA-1. Theirs have eight digits, of which ours are the last six.
const secret = Buffer.from('12345678901234567890', 'ascii');
const vectors = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const;

test.each(vectors)('at %i seconds the code is the one of RFC 6238', (seconds, eight) => {
  const code = eight.slice(2);
  const nowUnixMs = seconds * 1_000;
  expect(totpCodeAt(secret, nowUnixMs)).toBe(code);
  expect(totpStepOf(code, secret, { nowUnixMs, after: 0 })).toBe(Math.floor(seconds / 30));
});

test('a code counts in its step, in the one before and in the one after', () => {
  const step = 50_000_000;
  const code = totpCodeAt(secret, step * 30_000);
  const at = (seconds: number) =>
    totpStepOf(code, secret, { nowUnixMs: step * 30_000 + seconds * 1_000, after: 0 });
  expect([-30, -1, 0, 29, 30, 59].map(at)).toEqual(Array(6).fill(step));
  expect([-31, -60, 60, 90].map(at)).toEqual(Array(4).fill(undefined));
});

test('a code counts once, and none before it counts any more', () => {
  const step = 50_000_000;
  const nowUnixMs = step * 30_000;
  const [before, now, next] = [-1, 0, 1].map((away) =>
    totpCodeAt(secret, nowUnixMs + away * 30_000),
  );
  const check = (code = '', after: number) => totpStepOf(code, secret, { nowUnixMs, after });
  expect(check(now, step - 1)).toBe(step);
  expect(check(now, step)).toBeUndefined();
  expect(check(before, step)).toBeUndefined();
  expect(check(next, step)).toBe(step + 1);
  // The clock was set back after a later one was used.
  expect(check(now, step + 1_000)).toBeUndefined();
});

test('what has not the form of a code is none', () => {
  for (const code of ['', '12345', '1234567', '12345a', ' 123456', '１２３４５６']) {
    expect(totpStepOf(code, secret, { nowUnixMs: 59_000, after: 0 })).toBeUndefined();
  }
});

test('the URI is what authenticator apps read', () => {
  const uri = new URL(totpUri('me@example.com', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'));
  expect(uri.protocol).toBe('otpauth:');
  expect(decodeURIComponent(uri.pathname)).toContain('atedb:me@example.com');
  expect(uri.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
});
