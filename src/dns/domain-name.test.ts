import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DomainName } from './domain-name.ts';
import { readPlainName } from './message.ts';

const name = (text: string) => DomainName.parse(text);

test('the canonical order is that of RFC 4034, 6.1', () => {
  const inOrder = [
    'example',
    'a.example',
    'yljkjljk.a.example',
    'Z.a.example',
    'zABC.a.EXAMPLE',
    'z.example',
    '*.z.example',
  ].map(name);
  const last = DomainName.of(['\xc8', 'z', 'example']);
  const between = DomainName.of(['\x01', 'z', 'example']);
  const all = [...inOrder.slice(0, 6), between, inOrder[6] as DomainName, last];
  for (const [at, one] of all.entries()) {
    for (const [otherAt, other] of all.entries()) {
      expect(Math.sign(one.compare(other)), `${one.text} ${other.text}`).toBe(
        Math.sign(at - otherAt),
      );
    }
  }
});

test('letters make no difference, and a last dot neither', () => {
  expect(name('WWW.Example.COM.').equals(name('www.example.com'))).toBe(true);
  expect(name('.').text).toBe('.');
  expect(name('a.b').isWithin(name('.'))).toBe(true);
  expect(name('ab.c').isWithin(name('b.c'))).toBe(false);
  expect(name('a.b').isWithin(name('a.b'))).toBe(true);
});

test.each([
  '',
  '..',
  'a..b',
  '.a',
  'a b',
  'ü.x',
  'a\\046b',
  `${'a'.repeat(64)}.x`,
  'a.'.repeat(127).concat('ab'),
])('%j is no name', (text) => {
  expect(() => name(text)).toThrow();
});

test('names are read back as they are written, and no other bytes are', () => {
  const labels = fc.array(
    fc
      .uint8Array({ minLength: 1, maxLength: 63 })
      .map((bytes) => Buffer.from(bytes).toString('latin1')),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(labels, (parts) => {
      const written = DomainName.of(parts);
      const { name: read, end } = readPlainName(Buffer.concat([written.wire, Buffer.of(7)]), 0);
      expect(read.equals(written)).toBe(true);
      expect(end).toBe(written.wire.length);
      expect(read.parent.labels).toEqual(read.labels.slice(1));
    }),
  );
});
