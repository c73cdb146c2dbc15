import { expect, test } from 'vitest';
import { checkFrom } from './subscribe-from.ts';

test.each([
  undefined,
  'start',
  'now',
  { sequence: 0 },
  { sequence: 8 },
  { timeUnixMs: 1_700_000_000_000 },
])('%j is a start', (from) => {
  expect(() => checkFrom(from)).not.toThrow();
});

test.each([
  8,
  '8',
  'end',
  null,
  {},
  { sequence: -1 },
  { sequence: 1.5 },
  { sequence: '8' },
  { sequence: 8n },
  { timeUnixMs: new Date(0) },
  { sequence: 1, timeUnixMs: 1 },
])('start %# is none, and says what one is', (from) => {
  const refused = {
    reason: 'REQUEST_INVALID',
    message: expect.stringContaining('{ sequence: 8 }'),
  };
  expect(() => checkFrom(from)).toThrow(expect.objectContaining(refused));
});
