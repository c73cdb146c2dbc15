import { expect, test } from 'vitest';
import { KeyPair, PublicKey } from '../crypto/index.ts';
import { parsePublicKeyText, publicKeyText } from './public-key-text.ts';

const { publicKey } = KeyPair.generate();
const text = publicKeyText(publicKey);

test.each([
  ['as it is', text],
  ['as a line of a file', `${text}\n`],
  ['broken into lines by a mail program', text.replaceAll(' ', '\n  ')],
])('a public key is parsed %s', (_how, given) => {
  const parsed = parsePublicKeyText(given, 'it');
  expect(parsed.fingerprintHex).toBe(publicKey.fingerprintHex);
  expect(parsed.kem?.bytes).toEqual(publicKey.kem?.bytes);
});

test('a key that can only sign is one, too', () => {
  const signs = PublicKey.parse(publicKey.suite, publicKey.bytes);
  expect(parsePublicKeyText(publicKeyText(signs), 'it').kem).toBeUndefined();
});

const [mark = '', fingerprint = '', base64 = ''] = text.split(' ');
const other = KeyPair.generate().publicKey.fingerprintHex;
test.each([
  ['nothing', '', /not a line/],
  ['another mark', text.replace('-1 ', '-2 '), /not a line/],
  ['a comment behind', `${text} of Alice`, /not a line/],
  ['a part that is missing', `${mark} ${base64}`, /not a line/],
  ['the fingerprint of another key', `${mark} ${other} ${base64}`, /says another/],
  ['a key that is cut off', text.slice(0, -8), /no key/],
  ['what is no base64', `${mark} ${fingerprint} ${base64.slice(0, -1)}*`, /base64/],
  ['bytes behind the key', `${mark} ${fingerprint} ${base64}AAAA`, /base64|no key|another way/],
])('%s is refused', (_what, given, message) => {
  expect(() => parsePublicKeyText(given, 'the file')).toThrow(message);
  expect(() => parsePublicKeyText(given, 'the file')).toThrow(/^the file(:| is no public key)/);
});
