import { expect, test } from 'vitest';
import { parseStartPoint } from './start-point.ts';

test('words, sequences and times', () => {
  expect(parseStartPoint('start')).toBe('start');
  expect(parseStartPoint('now')).toBe('now');
  expect(parseStartPoint('0')).toEqual({ sequence: 0 });
  expect(parseStartPoint('9007199254740991')).toEqual({ sequence: Number.MAX_SAFE_INTEGER });
  const timeUnixMs = Date.UTC(2026, 0, 31, 23, 59);
  for (const text of ['2026-01-31T23:59Z', '2026-02-01 00:59:00.000+01:00']) {
    expect(parseStartPoint(text)).toEqual({ timeUnixMs });
  }
});

test('without a zone, times are those of this machine, of days as well', () => {
  const local = { timeUnixMs: new Date(2026, 0, 31).getTime() };
  expect(parseStartPoint('2026-01-31')).toEqual(local);
  expect(parseStartPoint('2026-01-31T00:00')).toEqual(local);
});

test.each(['', '-1', '1.5', 'today', '2026-13-01', '2026-01-31T25:00', '9007199254740992', '1e3'])(
  '%j is refused',
  (text) => {
    expect(() => parseStartPoint(text)).toThrow(/a sequence, "start", "now"/);
  },
);
