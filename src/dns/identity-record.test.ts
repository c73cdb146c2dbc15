import { expect, test } from 'vitest';
import { readIdentityRecords, txtText } from './identity-record.ts';

const one = 'ab'.repeat(32);
const two = 'cd'.repeat(32);

test.each([
  [[`v=ate1; id=sha256:${one}`], [one]],
  [[`v=ate1;id=sha256:${one};`], [one]],
  [
    [`v=ate1; id=sha256:${one}`, `v=ate1; id=sha256:${two}`, `v=ate1; id=sha256:${one}`],
    [one, two],
  ],
  // What can't be read beside what can only lets fewer in.
  [['v=ate1; id=nonsense', `v=ate1; id=sha256:${two}`], [two]],
  [['v=spf1 -all', ''], undefined],
  [[], undefined],
])('%j', (texts, identities) => {
  expect(readIdentityRecords(texts, '_ate.x')).toEqual(identities);
});

test.each([
  'v=ate1',
  'v=ate1; id=',
  `v=ate1; id=${one}`,
  `v=ate1; id=sha256:${one.toUpperCase()}`,
  `v=ate1; id=sha256:${one}0`,
  `v=ate1; id=sha256:${one} sha256:${two}`,
  `v=ate1; id=sha512:${one}`,
  `v=ate1; key=1; id=sha256:${one}`,
  `v=ate2; id=sha256:${one}`,
  `V=ATE1; id=sha256:${one}`,
  ` v=ate1; id=sha256:${one}`,
])('%j alone is refused: to pass it over would be to trust any server', (text) => {
  expect(() => readIdentityRecords([text], '_ate.x')).toThrow(/_ate.x is .* and not as v=ate1/);
});

test('the parts of a record are one text', () => {
  expect(txtText(Buffer.from('\x03abc\x00\x02de'))).toBe('abcde');
  // Of a part that ends too early there is what there is.
  expect(txtText(Buffer.from('\x05abc'))).toBe('abc');
  expect(txtText(Buffer.alloc(0))).toBe('');
});
