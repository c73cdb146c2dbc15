import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  keyTag,
  namesKey,
  readKeyDigest,
  readZoneKey,
  verifyWith,
  type ZoneKey,
} from './dnssec-keys.ts';
import { DomainName } from './domain-name.ts';
import { recordTypes } from './message.ts';
import { recordSet, signedBytes } from './record-set.ts';

// The examples of the RFCs that define the algorithms.

interface Example {
  readonly zone: string;
  readonly algorithm: number;
  /** Of the DNSKEY record, in base64. */
  readonly key: string;
  readonly tag: number;
  readonly digest: string;
  readonly digestType: number;
  readonly owner: string;
  readonly type: number;
  readonly data: Buffer;
  readonly times: readonly [number, number];
  readonly signature: string;
}

const mail = Buffer.concat([Buffer.of(0, 10), DomainName.parse('mail.example.com').wire]);
const mx = 15;
const ofEd25519 = {
  zone: 'example.com',
  algorithm: 15,
  digestType: 2,
  owner: 'example.com',
  type: mx,
  data: mail,
  times: [1440021600, 1438207200] as const,
};

const examples: readonly Example[] = [
  {
    ...ofEd25519,
    key: 'l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    tag: 3613,
    digest: '3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b',
    signature:
      'oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==',
  },
  {
    ...ofEd25519,
    key: 'zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=',
    tag: 35217,
    digest: '401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c',
    signature:
      'zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==',
  },
  {
    zone: 'example.net',
    algorithm: 13,
    key: 'GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
    tag: 55648,
    digestType: 2,
    digest: 'b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17',
    owner: 'www.example.net',
    type: recordTypes.A,
    data: Buffer.of(192, 0, 2, 1),
    times: [Date.UTC(2010, 8, 9, 10, 4, 39) / 1000, Date.UTC(2010, 7, 12, 10, 4, 39) / 1000],
    signature:
      'qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==',
  },
];

test.each(examples)('RFC 8080 and RFC 6605: the key $tag', (example) => {
  const zone = DomainName.parse(example.zone);
  const data = Buffer.concat([
    Buffer.of(1, 1, 3, example.algorithm),
    Buffer.from(example.key, 'base64'),
  ]);
  const key = readZoneKey(data);
  expect(key?.tag).toBe(example.tag);
  const digest = readKeyDigest(
    Buffer.concat([
      Buffer.of(example.tag >> 8, example.tag & 0xff, example.algorithm, example.digestType),
      Buffer.from(example.digest, 'hex'),
    ]),
  );
  expect(digest && namesKey(digest, zone, key as ZoneKey)).toBe(true);
  expect(digest && namesKey(digest, DomainName.parse('example.org'), key as ZoneKey)).toBe(false);

  const owner = DomainName.parse(example.owner);
  const head = Buffer.alloc(18);
  head.writeUInt16BE(example.type, 0);
  head.writeUInt8(example.algorithm, 2);
  head.writeUInt8(owner.labels.length, 3);
  head.writeUInt32BE(3600, 4);
  head.writeUInt32BE(example.times[0], 8);
  head.writeUInt32BE(example.times[1], 12);
  head.writeUInt16BE(example.tag, 16);
  const signed = Buffer.concat([head, zone.wire, Buffer.from(example.signature, 'base64')]);
  const set = recordSet(
    [
      { name: owner, type: example.type, ttl: 3600, data: example.data },
      { name: owner, type: recordTypes.RRSIG, ttl: 3600, data: signed },
    ],
    { name: owner, type: example.type },
  );
  const [signature] = set?.signatures ?? [];
  if (set === undefined || signature === undefined) throw new Error('no signature');
  const bytes = signedBytes(set, signature);
  expect(verifyWith(key as ZoneKey, bytes, signature.signature)).toBe(true);
  for (const at of [0, 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8((changed[at] ?? 0) ^ 1, at);
    expect(verifyWith(key as ZoneKey, changed, signature.signature)).toBe(false);
  }
  expect(verifyWith(key as ZoneKey, bytes, signature.signature.subarray(1))).toBe(false);
  expect(verifyWith(key as ZoneKey, bytes, Buffer.alloc(0))).toBe(false);
});

/** A key record of RSA, whose exponent is 65537. */
function rsaKey(bits: number, flags = 0x0100, protocol = 3, algorithm = 8): Buffer {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
  const head = Buffer.of(flags >> 8, flags & 0xff, protocol, algorithm, 3, 1, 0, 1);
  return Buffer.concat([head, modulus]);
}

test('RSA keys have 1024 to 4096 bits', () => {
  expect(readZoneKey(rsaKey(1016))).toBeUndefined();
  expect(readZoneKey(rsaKey(1024))).toBeDefined();
  // The example of RFC 5702 has a key of 512 bits, which was no good idea then either.
  const short = Buffer.from('03010001c15c1ac6b1c5d822bae1a60a45489b2e21f7d0aa', 'hex');
  expect(readZoneKey(Buffer.concat([Buffer.of(1, 0, 3, 8), short]))).toBeUndefined();
  const long = Buffer.concat([Buffer.of(1, 0, 3, 8, 3, 1, 0, 1), Buffer.alloc(513, 0xff)]);
  expect(readZoneKey(long)).toBeUndefined();
  expect(readZoneKey(long.subarray(0, -1))).toBeDefined();
});

test('keys that may sign no zone, are revoked, of another protocol or algorithm are none', () => {
  const key = rsaKey(1024);
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(key);
    bytes.writeUInt8(value, at);
    return readZoneKey(bytes);
  };
  expect(changed(0, 1)).toBeDefined();
  expect(changed(0, 0)).toBeUndefined();
  expect(changed(1, 0x81)).toBeUndefined();
  expect(changed(2, 2)).toBeUndefined();
  for (const algorithm of [0, 1, 3, 5, 6, 7, 12, 13, 15, 253, 255]) {
    expect(changed(3, algorithm), String(algorithm)).toBeUndefined();
  }
  for (const length of [0, 4, 5, 8]) expect(readZoneKey(key.subarray(0, length))).toBeUndefined();
  // A point that is on no curve.
  const point = Buffer.concat([Buffer.of(1, 0, 3, 13), Buffer.alloc(64, 1)]);
  expect(readZoneKey(point)).toBeUndefined();
  // An exponent that would cost whoever verifies.
  const exponent = Buffer.concat([
    Buffer.of(1, 0, 3, 8, 9),
    Buffer.alloc(9, 3),
    Buffer.alloc(128, 0xff),
  ]);
  expect(readZoneKey(exponent)).toBeUndefined();
});

test('the tag of the key of the root of 2017 is 20326', () => {
  const key =
    'AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=';
  const data = Buffer.concat([Buffer.of(1, 1, 3, 8), Buffer.from(key, 'base64')]);
  expect(keyTag(data)).toBe(20326);
  const digest = Buffer.from(
    'e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d',
    'hex',
  );
  const named = { tag: 20326, algorithm: 8, digestType: 2, digest };
  expect(namesKey(named, DomainName.root, readZoneKey(data) as ZoneKey)).toBe(true);
});
