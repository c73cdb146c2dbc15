import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { errorFromStatus } from './errors-from-grpc.ts';
import { withoutOwnStatus } from './outer-status.ts';

test('what ends a sealed call from outside is a lost connection, and never a word of the server', () => {
  const reasonOf = (code: status) => {
    const ended = { code, details: 'somebody on the way', metadata: new Metadata() };
    return errorFromStatus(withoutOwnStatus(ended, 'server:5000'), 'server:5000').reason;
  };
  expect(reasonOf(status.OK)).toBe('WIRE_TRUNCATED');
  // Else anybody could say that a server keeps no accounts, and have members of groups use keys of their own.
  expect(reasonOf(status.UNIMPLEMENTED)).toBe('WIRE_TRUNCATED');
  expect(reasonOf(status.UNAVAILABLE)).toBe('CONNECTION_FAILED');
  expect(reasonOf(status.PERMISSION_DENIED)).toBe('CONNECTION_FAILED');
});
