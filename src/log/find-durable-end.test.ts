import { expect, test } from 'vitest';
import { findDurableEnd } from './find-durable-end.ts';
import { unsyncedBytesMax } from './log-limits.ts';

const torn = { what: 'a batch is cut short', contradiction: false };
const wrong = { what: 'time goes back', contradiction: true };

test.each([
  ['ends with its last batch', { end: 500, fileBytes: 500, fault: undefined }, 'whole'],
  ['has a torn batch behind what was durable', { end: 400, fileBytes: 500, fault: torn }, 'tail'],
  ['has a fault below what was durable', { end: 399, fileBytes: 500, fault: torn }, 'damage'],
  ['was cut below what was durable', { end: 399, fileBytes: 399, fault: undefined }, 'damage'],
  ['has whole bytes that say what cannot be', { end: 450, fileBytes: 500, fault: wrong }, 'damage'],
  [
    'has as much behind a fault as a crash can leave',
    { end: 400, fileBytes: 400 + unsyncedBytesMax, fault: torn },
    'tail',
  ],
  ['has more behind it', { end: 400, fileBytes: 401 + unsyncedBytesMax, fault: torn }, 'damage'],
] as const)('a segment that %s', (_, segment, verdict) => {
  expect(findDurableEnd({ ...segment, provenDurable: 400 })).toBe(verdict);
});
