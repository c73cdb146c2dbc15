import { expect, test } from 'vitest';
import { appendSummary, committedJson } from './append-lines.ts';

test('a summary says what is durable, where it is, and what may be', () => {
  const tally = { events: 1234, first: 0, last: 1233, unanswered: 0, unattested: 0 };
  expect(appendSummary(tally)).toBe('appended 1,234 events as 0…1233');
  expect(appendSummary({ ...tally, events: 1, last: 0 })).toBe('appended 1 event as 0');
  expect(appendSummary({ ...tally, last: 2000 })).toBe('appended 1,234 events between 0 and 2000');
  expect(appendSummary({ ...tally, unattested: 7 })).toBe(
    'appended 1,234 events as 0…1233; 7 events of them not attested',
  );
  const nothing = { ...tally, events: 0, first: undefined, last: undefined };
  expect(appendSummary({ ...nothing, unanswered: 2 })).toBe(
    'appended nothing; 2 events more may have been: the answer did not come',
  );
});

test('a committed batch is a line of JSON', () => {
  const committed = { firstSequence: 1, lastSequence: 3, commit: 1, timeUnixMs: 1_700_000_000_000 };
  expect(committedJson(committed)).toBe(
    '{"firstSequence":1,"lastSequence":3,"commit":1,"time":"2023-11-14T22:13:20.000Z"}',
  );
});
