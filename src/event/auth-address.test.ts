import { expect, test } from 'vitest';
import { AtedbError } from '../bytes/index.ts';
import { parseAuthAddress } from './auth-address.ts';

const pin = 'ab'.repeat(32);

test.each<[string, string, string?]>([
  ['auth.example.com', 'auth.example.com:5001'],
  ['auth.example.com:7', 'auth.example.com:7'],
  ['ate://auth.example.com', 'auth.example.com:5001'],
  ['ate://auth.example.com/', 'auth.example.com:5001'],
  ['ws://localhost:5555/auth', 'localhost:5555'],
  ['ws://localhost/auth', 'localhost:5001'],
  ['[::1]', '[::1]:5001'],
  ['ate://[::1]:5002', '[::1]:5002'],
  [`ate://a.example#sha256:${pin}`, 'a.example:5001', pin],
])('%s is an auth server at %s', (text, server, pinned) => {
  expect(parseAuthAddress(text)).toMatchObject({ server, pinned });
});

test.each(['', 'ate://a/b', 'ws://a/db', 'http://a/auth', 'a:0', 'a:70000', 'a#sha256:ab', 'a b'])(
  '%j is none',
  (text) => {
    expect(() => parseAuthAddress(text)).toThrow(AtedbError);
  },
);
