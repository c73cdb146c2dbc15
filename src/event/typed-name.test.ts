import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asciiName, endsInNumber } from './typed-name.ts';

test.each([
  ['example.com', 'example.com'],
  ['Example.COM.', 'example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['bu\u0308cher.example', 'xn--bcher-kva.example'],
  ['xn--Bcher-KVA.example', 'xn--bcher-kva.example'],
  ['faß.de', 'xn--fa-hia.de'],
  ['ΣΊΣΥΦΟΣ.gr', 'xn--kxa6akbbkh.gr'],
  ['日本語。ＪＰ', 'xn--wgv71a119e.jp'],
  ['a\u00adb.com', 'ab.com'],
  ['\u212aelvin.com', 'kelvin.com'],
  ['אב1.com', 'xn--1-zhcd.com'],
  ['☕.example', 'xn--53h.example'],
  // A joiner where the script has a use for it.
  ['क्\u200dष.com', 'xn--11b2ezcw70k.com'],
  ['ab--cd.com', 'ab--cd.com'],
  ['my_host', 'my_host'],
])('%j is %s', (typed, ascii) => {
  const found = asciiName(typed);
  expect(found.fault).toBeUndefined();
  if (ascii !== undefined) expect(found.ascii).toBe(ascii);
});

test.each([
  '',
  '.',
  'a..b',
  '.a',
  '-a.com',
  'a-.com',
  'ü-.com',
  '\uff0dü.com',
  'ab--ü.com',
  'a b.com',
  'a/b.com',
  'a@b.com',
  'a%2eb.com',
  'a:b',
  '[::1]',
  'a\u0000b',
  'xn--a.example',
  'xn--.example',
  // An A-label of letters that have small ones, and one of ASCII alone.
  'xn--zca-.com',
  'xn--abc-.com',
  'a\u200db.com',
  'a\u2024b.com',
  '℀.com',
  '\u2488com',
  '１.２.３.４',
  'ü_b.com',
  '\u0301a.com',
  'א0١a.com',
  `${'a'.repeat(64)}.com`,
  `${'ü'.repeat(58)}.com`,
  `${'abcdefg.'.repeat(32)}com`,
  'ü'.repeat(1_000_000),
])('%j is none, and is told why', (typed) => {
  const { ascii, fault } = asciiName(typed);
  expect(ascii).toBeUndefined();
  expect(fault).toMatch(/\w/);
  expect(fault?.length).toBeLessThan(400);
});

const letters = fc.constantFrom(
  ...'abAB09-.xnßüÜσςΣ日א١İıſK\u0308\u200c\u200d。．K'.split(''),
  'xn--',
  'bcher-kva',
);
const someName = fc.oneof(
  fc.array(letters, { minLength: 1, maxLength: 12 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

test('what is accepted is a name in small ASCII letters, and one spelling of itself', () => {
  fc.assert(
    fc.property(someName, (typed) => {
      const { ascii } = asciiName(typed);
      if (ascii === undefined) return;
      expect(ascii).toMatch(
        /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/,
      );
      expect(ascii.length).toBeLessThanOrEqual(253);
      expect(asciiName(ascii)).toEqual({ ascii });
      expect(asciiName(typed.toUpperCase().toLowerCase()).ascii ?? ascii).toBeTypeOf('string');
    }),
    { numRuns: 2_000 },
  );
});

test('Node has the same name for it, where both take it', () => {
  fc.assert(
    fc.property(someName, (typed) => {
      const { ascii } = asciiName(typed);
      const others = domainToASCII(typed).replace(/\.$/, '');
      if (ascii === undefined || others === '' || endsInNumber(ascii)) return;
      expect(ascii).toBe(others);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['1.2.3.4', true],
  ['a.0x7f', true],
  ['a.0', true],
  ['256', true],
  ['a.0x', true],
  ['1.a', false],
  ['a1', false],
  ['x0', false],
])('%s ends in a number: %s', (ascii, does) => {
  expect(endsInNumber(ascii)).toBe(does);
});
