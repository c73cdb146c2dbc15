import { expect, test } from 'vitest';
import { parseTrustAnchors, rootAnchors } from './trust-anchors.ts';

const digest = 'e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d';
const key =
  'AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=';

test('the keys of the root are those of 2017 and 2024', () => {
  expect(rootAnchors.map(({ zone, tag }) => [zone.text, tag])).toEqual([
    ['.', 20326],
    ['.', 38696],
  ]);
});

test.each([
  `. IN DS 20326 8 2 ${digest}`,
  `.\t172800\tIN\tDS\t20326 8 2 ${digest.toUpperCase()} ; a comment`,
  `. DS 20326 8 2 ${digest.slice(0, 50)} ${digest.slice(50)}`,
  `. 3600 IN DNSKEY 257 3 8 ${key}`,
  `. in dnskey 257 3 8 ${key} ;{id = 20326 (ksk), size = 2048b} ;;state=2`,
])('%s', (line) => {
  const [anchor] = parseTrustAnchors(`# comment\n\n${line}\n`, 'x');
  expect(anchor).toMatchObject({ tag: 20326, algorithm: 8, digestType: 2 });
  expect(anchor?.digest.toString('hex')).toBe(digest);
});

test.each([
  ['', /no DS or DNSKEY record/],
  ['; nothing', /no DS or DNSKEY record/],
  ['example.com', /line 1 of file holds no trust anchor: it is no DS or DNSKEY record/],
  [`\n. IN DS 20326 8 2 ${digest}ff`, /line 2 .* does not count/],
  [`. IN DS 20326 8 1 ${digest.slice(0, 40)}`, /digest of type 1/],
  [`. IN DS 20326 5 2 ${digest}`, /algorithm 5/],
  [`. IN DNSKEY 257 3 5 ${key}`, /does not count/],
  [`. IN DNSKEY 385 3 8 ${key}`, /revoked/],
  [`a..b. IN DS 20326 8 2 ${digest}`, /a label of the name is empty/],
  [`. IN DS 20326 8 2 (`, /no DS or DNSKEY record on one line/],
])('%j is refused', (text, why) => {
  expect(() => parseTrustAnchors(text, 'file')).toThrow(why);
});
