import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countOf, isoTime, safeLines, safeText, shownData, spanOf } from './safe-text.ts';

test('what could drive a terminal is written as escapes', () => {
  expect(safeText('\u001b]0;title\u0007 \u001b[2J')).toBe('\\u001b]0;title\\u0007 \\u001b[2J');
  expect(safeText('a\r\nb\u009b31m\u007f')).toBe('a\\r\\nb\\u009b31m\\u007f');
  expect(safeText('txt.\u202eexe')).toBe('txt.\\u202eexe');
  expect(safeText('tab\there, naïve, 漢字, 🙂')).toBe('tab\there, naïve, 漢字, 🙂');
  expect(safeLines('one\ntwo\u001b')).toBe('one\ntwo\\u001b');
});

test('no bytes at all get a control character through', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, charactersMax) => {
      const buffer = Buffer.from(bytes);
      for (const shown of [shownData(buffer), shownData(buffer, charactersMax)]) {
        expect(/(?!\t)\p{Cc}/u.test(shown)).toBe(false);
      }
    }),
  );
});

test('binary data is shown by its size and first bytes', () => {
  expect(shownData(Buffer.of(0xff))).toBe('<1 byte: ff>');
  expect(shownData(Buffer.from('a\0b'))).toBe('<3 bytes: 610062>');
  const shown = shownData(Buffer.alloc(2000, 0xfe));
  expect(shown).toBe(`<2,000 bytes: ${'fe'.repeat(32)}…>`);
});

test('long text is cut at a whole character', () => {
  expect(shownData(Buffer.from('🙂🙂🙂'), 2)).toBe('🙂🙂…');
  expect(shownData(Buffer.from('🙂🙂'), 2)).toBe('🙂🙂');
  expect(shownData(Buffer.from('漢'.repeat(1000)), 3)).toBe('漢漢漢…');
  expect(shownData(Buffer.alloc(0), 3)).toBe('');
});

test('numbers for people', () => {
  expect([countOf(1, 'event'), countOf(1234, 'event')]).toEqual(['1 event', '1,234 events']);
  expect([spanOf(7, 7), spanOf(7, 12)]).toEqual(['7', '7…12']);
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
  expect(isoTime(8.64e15 + 1)).toContain('ms');
});
