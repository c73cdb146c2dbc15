import { expect, test } from 'vitest';
import { chainKeysMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { KeyRing } from './key-ring.ts';

const keyOf = (number: number) => ({ fingerprintHex: `key ${number}` }) as PublicKey;

test('a chain knows so many keys beside its roots, and not one more', () => {
  const others = Array.from({ length: chainKeysMax - 1 }, (_, number) => keyOf(number));
  const ring = new KeyRing({ roots: [keyOf(-1)], others, changed: [] });
  ring.add(keyOf(chainKeysMax), []);
  expect(() => ring.add(keyOf(chainKeysMax + 1), [])).toThrow(
    expect.objectContaining({ reason: 'TOO_MANY_KEYS' }),
  );
  // One that is known takes no room.
  ring.add(keyOf(0), []);
});
