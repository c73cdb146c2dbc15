import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AtedbError } from '../bytes/index.ts';
import { parseChainKey } from './chain-key.ts';

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

test('whatever is accepted is a plain relative path', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9._+@/-]{1,40}$/)), (text) => {
      let key: string;
      try {
        key = parseChainKey(text).text;
      } catch {
        return;
      }
      expect(key).toBe(text);
      for (const part of key.split('/')) {
        expect(part).toMatch(/^[a-z0-9][a-z0-9._+@-]*$|^[a-z0-9_]+/);
        expect(part).not.toBe('..');
      }
    }),
  );
});
