import { expect, test } from 'vitest';
import { KeyPair } from '../crypto/index.ts';
import { authorityFields, authorityWords } from './dump-authority.ts';

const { publicKey } = KeyPair.generate();
const id = (fill: number) => Buffer.alloc(32, fill);
const hex = (fill: number) => id(fill).toString('hex');
const short = (fill: number) => hex(fill).slice(0, 12);
const own = publicKey.fingerprintHex;

const dumped = {
  said: {
    authorisation: {
      write: { kind: 'any_of', fingerprints: [id(1), id(2)] },
      add: { kind: 'everyone' },
      read: { kind: 'read_key', readKeyId: id(3) },
      admit: [id(10)],
    },
    publicKeys: [publicKey],
    wrappedKeys: [{ readKeyId: id(3), recipient: id(4), wrapped: Buffer.alloc(80) }],
    signWith: [id(5)],
    author: id(6),
    moves: true,
    roots: [publicKey],
    keyChange: { fingerprint: id(7), successor: publicKey },
    label: Buffer.alloc(16, 8),
  },
  confidentiality: { readKeyId: id(9), random: id(0), commitment: id(0) },
} as const;

test('all that an event says of rights and keys is told in words', () => {
  expect(authorityWords(dumped)).toEqual([
    `sealed with the read key ${short(9)}`,
    `may write: ${short(1)}, ${short(2)}`,
    'may add: everyone',
    `reads with the key ${short(3)}`,
    `may open: ${short(10)}`,
    `hands it to ${short(4)} (read key ${short(3)})`,
    `shows the keys ${own.slice(0, 12)}`,
    `also from ${short(5)}`,
    `by ${short(6)}`,
    'moves',
    `roots: ${own.slice(0, 12)}`,
    `the key ${short(7)} is replaced by ${own.slice(0, 12)}`,
    `label ${'08'.repeat(16)}`,
  ]);
});

test('and in JSON, whole', () => {
  expect(authorityFields(dumped)).toEqual({
    sealed: { readKeyId: hex(9) },
    write: { rule: 'any_of', fingerprints: [hex(1), hex(2)] },
    add: { rule: 'everyone', fingerprints: undefined },
    read: { rule: 'read_key', readKeyId: hex(3) },
    admit: [hex(10)],
    wrappedKeys: [{ readKeyId: hex(3), recipient: hex(4) }],
    publicKeys: [own],
    signWith: [hex(5)],
    author: hex(6),
    moves: true,
    roots: [own],
    keyChange: { fingerprint: hex(7), successor: own },
    label: '08'.repeat(16),
  });
});

test('an event that says nothing of them has none of it', () => {
  const nothing = { said: {}, confidentiality: undefined };
  expect(authorityWords(nothing)).toEqual([]);
  expect(JSON.stringify(authorityFields(nothing))).toBe('{}');
  const rules = {
    said: { authorisation: { write: { kind: 'inherit' }, read: { kind: 'inherit' } } },
    confidentiality: undefined,
  } as const;
  expect(authorityWords(rules)).toEqual(['may write: as its parent', 'may read: as its parent']);
  const revoked = { said: { keyChange: { fingerprint: id(7) } }, confidentiality: undefined };
  expect(authorityWords(revoked)).toEqual([`the key ${short(7)} is revoked`]);
});
