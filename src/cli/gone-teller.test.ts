import { expect, test } from 'vitest';
import { GoneTeller, uncheckedNotice } from './gone-teller.ts';

test('events without data are counted by why it is gone', () => {
  const teller = new GoneTeller();
  teller.note({ dataState: 'present' });
  expect(teller.notice()).toBeUndefined();
  for (const dataState of ['dropped', 'redacted', 'dropped'] as const) teller.note({ dataState });
  expect(teller.notice()).toEqual({
    kind: 'data-gone',
    message:
      'not printed: the data of 3 events is gone, of 2 since something newer is there, of 1 by a redaction',
  });
});

test('what was not checked is told with its first sequence', () => {
  const { kind, message } = uncheckedNotice({ count: 1, sequences: [17] });
  expect(kind).toBe('data-unchecked');
  expect(message).toContain('the data of 1 event, from sequence 17 on, is gone');
});
