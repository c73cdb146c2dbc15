import { Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { agree } from '../../test/support/wire-world.ts';
import { Tunnel } from './tunnel.ts';

const call = { path: '/a.B/C', metadata: new Metadata(), deadline: Number.POSITIVE_INFINITY };

test('a call whose session ends while it begins is begun all the same', async () => {
  let nowMs = 0;
  const now = () => nowMs;
  const terms = { lifetimeMs: 1_000, idleMs: 1_000, bytesMax: 1_000_000 };
  let handshakes = 0;
  const shakeHands = async () => {
    handshakes += 1;
    // To make keys takes time, and nothing else is done meanwhile.
    nowMs += 100;
    return (await agree({ terms, now })).client;
  };
  const options = {
    server: 'example.com:5000',
    encryption: 128 as const,
    identityCheck: { mustEncrypt: async () => true, accept: async () => undefined },
    state: undefined,
    createCall: () => {
      throw new Error('nothing is called here');
    },
    closed: new AbortController().signal,
  };
  const tunnel = new Tunnel(options, shakeHands);
  (await tunnel.choose(call, undefined)).close();
  // It is due, and as good as over.
  nowMs += 900;
  (await tunnel.choose(call, undefined)).close();
  expect(handshakes).toBe(2);
});
