import { expect, test } from 'vitest';
import { encodeBase32 } from './base32.ts';

// RFC 4648, section 10, in lower case and without the padding.
const vectors = [
  ['', ''],
  ['f', 'my'],
  ['fo', 'mzxq'],
  ['foo', 'mzxw6'],
  ['foob', 'mzxw6yq'],
  ['fooba', 'mzxw6ytb'],
  ['foobar', 'mzxw6ytboi'],
] as const;

test.each(vectors)('%j is %j', (text, encoded) => {
  expect(encodeBase32(Buffer.from(text))).toBe(encoded);
});

test('32 bytes make 52 characters', () => {
  expect(encodeBase32(Buffer.alloc(32, 0xff))).toMatch(/^[a-z2-7]{52}$/);
});
