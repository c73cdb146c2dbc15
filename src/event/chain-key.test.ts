import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AtedbError, chainKeyBytesMax } from '../bytes/index.ts';
import { parseChainKey, parseTypedChainKey } from './chain-key.ts';

test('a key of three parts is of a user', () => {
  expect(parseChainKey('example.com/me/mydb')).toEqual({
    kind: 'user',
    text: 'example.com/me/mydb',
    domain: 'example.com',
    name: 'me',
    db: 'mydb',
    rootsFingerprint: undefined,
  });
});

test('a key of two parts is of a group, and may carry a fingerprint', () => {
  const fingerprint = 'a'.repeat(51).concat('q');
  expect(parseChainKey(`team.one/db_1@${fingerprint}`)).toEqual({
    kind: 'group',
    text: `team.one/db_1@${fingerprint}`,
    group: 'team.one',
    db: 'db_1',
    rootsFingerprint: fingerprint,
  });
});

test.each([
  'localhost/me/db',
  'xn--bcher-kva.example/a+b.c-d_e/0',
  `g/${'a'.repeat(64)}`,
  `${'g'.repeat(63)}/db`,
])('%s is valid', (text) => {
  expect(parseChainKey(text).text).toBe(text);
});

test.each([
  '',
  'db',
  '/db',
  'a//b',
  '/example.com/me/db',
  'example.com/me/db/',
  'a/b/c/d',
  '../db',
  'example.com/../db',
  'example.com/./db',
  '_sys/identity',
  '_sys/me/db',
  'Example.com/me/db',
  'example.com/Me/db',
  'example.com/me/DB',
  'example/me/db',
  '127.0.0.1/me/db',
  'example.0x7f/me/db',
  'example.com./me/db',
  `${'a'.repeat(64)}.com/me/db`,
  `example.com/${'a'.repeat(64)}/db`,
  '-a.com/me/db',
  'a..com/me/db',
  'exämple.com/me/db',
  'example.com/me/d-b',
  'example.com/me/db.log',
  'example.com/x.chain/db',
  'example.com/x.chain.new/db',
  'example.com/.hidden/db',
  `g/${'a'.repeat(65)}`,
  `${'g'.repeat(64)}/db`,
  'g/db@tooshort',
  `g/db@${'1'.repeat(52)}`,
  'g/db\0',
  'g\\x/db',
  'g/db\n',
  `${'a.'.repeat(126)}aa/me/db`,
])('%j is refused, naming the two forms', (text) => {
  let error: unknown;
  try {
    parseChainKey(text);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(AtedbError);
  expect((error as AtedbError).reason).toBe('CHAIN_KEY_INVALID');
  expect((error as AtedbError).message).toMatch(/domain\/name\/db .* group\/db/);
});

test('parts and the whole have lengths', () => {
  const longest = (domain: number, name: number, db: number) =>
    `${'a.'.repeat(40)}${'b'.repeat(domain - 80)}/${'n'.repeat(name)}/${'d'.repeat(db)}`;
  for (const text of [longest(100, 63, 64), `${longest(81, 55, 64)}@${'a'.repeat(52)}`]) {
    expect(parseChainKey(text).text).toBe(text);
  }
  const whole = `${longest(82, 55, 63)}@${'a'.repeat(52)}`;
  expect(whole).toHaveLength(chainKeyBytesMax);
  expect(parseChainKey(whole).text).toBe(whole);
  expect(() => parseChainKey(`a.${whole}`)).toThrow(`longer than ${chainKeyBytesMax} bytes`);
  expect(() => parseChainKey(longest(144, 1, 1))).toThrow(/none of its parts/);
  expect(() => parseChainKey(longest(100, 64, 1))).toThrow(/not a user name/);
  expect(() => parseChainKey(longest(100, 1, 65))).toThrow(/not a database name/);
});

/** Texts that are keys often, and nearly keys else. */
const someText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[a-z0-9._+@/-]{1,40}$/),
  fc.stringMatching(
    /^(([a-z0-9-]{1,5}\.){1,2}[a-z]{1,3}|localhost)\/[a-z0-9._+-]{1,12}\/[a-z0-9_]{1,5}$/,
  ),
  fc.stringMatching(/^[A-Za-z0-9._+-]{1,12}\/[A-Za-z0-9_]{1,8}(@[a-z2-7]{52})?$/),
  fc
    .array(
      fc.constantFrom('..', '.', '', '~', '_sys', 'a', 'a.chain', 'b.chain.new', 'CON', 'a.b'),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((parts) => parts.join('/')),
);

/** What a text is taken for, by a parser; undefined: it is refused, as it may be. */
function taken(parse: typeof parseChainKey, text: string): string | undefined {
  try {
    return parse(text).text;
  } catch (error) {
    expect(error).toBeInstanceOf(AtedbError);
    expect((error as AtedbError).reason).toBe('CHAIN_KEY_INVALID');
    return undefined;
  }
}

test('whatever is accepted is a plain relative path, in every form', () => {
  fc.assert(
    fc.property(someText, fc.constantFrom(parseChainKey, parseTypedChainKey), (text, parse) => {
      const key = taken(parse, text);
      if (key === undefined) return;
      if (parse === parseChainKey) expect(key).toBe(text);
      // The strict form is a fixed point of both.
      expect(parseChainKey(key).text).toBe(key);
      expect(parseTypedChainKey(key).text).toBe(key);
      const folder = resolve('/logs', `${key}.chain`);
      expect(folder).toBe(`/logs/${key}.chain`);
      expect(folder.startsWith('/logs/_sys')).toBe(false);
      for (const part of key.split('/')) {
        expect(part).toMatch(/^[a-z0-9_][a-z0-9._+@-]*$/);
        // What file systems take in one piece.
        expect(Buffer.byteLength(`${part}.chain.new`)).toBeLessThanOrEqual(255);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('no two keys have one folder where case, or the form of Unicode, makes no difference', () => {
  const spelt = (key: string) => [
    key,
    key.toUpperCase(),
    key.normalize('NFD'),
    key.normalize('NFKC'),
  ];
  fc.assert(
    fc.property(someText, (text) => {
      const key = taken(parseChainKey, text);
      if (key === undefined) return;
      for (const other of spelt(key)) {
        if (other !== key) expect(taken(parseChainKey, other)).toBeUndefined();
      }
    }),
    { numRuns: 1_000 },
  );
});

test('no chain lies in the folder of another one', () => {
  fc.assert(
    fc.property(someText, someText, (text, otherText) => {
      const key = taken(parseChainKey, text);
      const other = taken(parseChainKey, otherText);
      if (key === undefined || other === undefined || key === other) return;
      for (const suffix of ['.chain', '.chain.new']) {
        expect(`${other}.chain/`.startsWith(`${key}${suffix}/`)).toBe(false);
      }
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['Bücher.example/me/db', 'xn--bcher-kva.example/me/db'],
  ['BU\u0308CHER.Example/me/db', 'xn--bcher-kva.example/me/db'],
  ['xn--BCHER-kva.example/me/db', 'xn--bcher-kva.example/me/db'],
  ['Example.COM/me/db', 'example.com/me/db'],
  ['example。com/me/db', 'example.com/me/db'],
  ['example.com./me/db', 'example.com/me/db'],
  ['LOCALHOST/me/db', 'localhost/me/db'],
  ['faß.de/me/db', 'xn--fa-hia.de/me/db'],
  ['team/db', 'team/db'],
])('%s, as it is typed, is %s', (typed, text) => {
  expect(parseTypedChainKey(typed).text).toBe(text);
  if (typed !== text) expect(() => parseChainKey(typed)).toThrow();
});

test.each([
  ['bücher/me/db', /it has no dot in it/],
  ['Team/db', /is not a group name/],
  ['bücher.example/Me/db', /is not a user name/],
  ['bücher.example/me/DB', /is not a database name/],
  ['xn--a.example/me/db', /"xn--a" is no label of an internationalised name/],
  ['a\u200db.example/me/db', /is no label/],
  ['a_b.example/me/db', /none of its parts/],
  ['１.２.３.４/me/db', /it comes to 1.2.3.4, an IP address/],
  ['1.2.3.4/me/db', /ends in a number/],
  ['℀.example/me/db', /is no label/],
  [`${'ü'.repeat(60)}.example/me/db`, /longer than 63/],
  ['a..ü/me/db', /a part between its dots is empty/],
  ['a%2fü.example/me/db', /"%" can't be in it/],
  [`${'ü'.repeat(100_000)}/me/db`, /it is longer than/],
])('%s is refused as it is typed', (typed, why) => {
  expect(() => parseTypedChainKey(typed)).toThrow(why);
});
