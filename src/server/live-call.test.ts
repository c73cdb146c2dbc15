import { expect, test } from 'vitest';
import { isLocalPeer } from './live-call.ts';

test.each([
  ['127.0.0.1:40000', true],
  ['127.8.9.10:1', true],
  ['::ffff:127.0.0.1:40000', true],
  ['::1:40000', true],
  ['unix', true],
  ['192.0.2.1:40000', false],
  ['::ffff:192.0.2.1:40000', false],
  ['2001:db8::1:40000', false],
  ['2001:db8::127.0.0.1:40000', false],
  ['127.0.0.1.example.com:1', false],
])('a peer of %s is local: %s', (peer, isLocal) => {
  expect(isLocalPeer(peer)).toBe(isLocal);
});
