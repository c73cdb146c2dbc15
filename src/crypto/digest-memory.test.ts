import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { digestFrom } from './digest-memory.ts';

test('each digest has memory of its own, and keeps little of others beside it', () => {
  const inputs = Array.from({ length: 200 }, () => randomBytes(32));
  const digests = inputs.map((input) => digestFrom(input.toString('latin1')));
  expect(digests).toEqual(inputs);
  for (const digest of digests) expect(digest.buffer.byteLength).toBeLessThanOrEqual(2_048);
});
