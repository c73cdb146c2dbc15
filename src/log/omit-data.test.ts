import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutData } from '../../test/support/gone.ts';
import { ForgedChain } from '../../test/support/malicious/forged-chain.ts';
import { rounds } from '../../test/support/scale.ts';
import { testEvent } from '../../test/support/test-writer.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseBatch, splitSlice } from '../event/index.ts';
import { omitLargeData } from './omit-data.ts';

const key = KeyPair.generate();
const sizes = [0, 1, 5, 6, 100, 126, 127, 128, 300, 16_383, 16_384, 20_000];

test('data of more bytes is left out, in place or not, and all else stays', async () => {
  const chain = await ForgedChain.create({ roots: [key] });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom(...sizes), { minLength: 1, maxLength: 5 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.constantFrom(0, 1, 5, 127, 128, 16_383, 16_384, 30_000),
      async (batches, dataUpTo) => {
        const made = chain.copy();
        for (const batch of batches) {
          await made.append(
            key,
            batch.map((bytes, at) =>
              at === 4 ? testEvent('', { kind: 'tombstone' }) : testEvent(randomBytes(bytes)),
            ),
            { signers: [] },
          );
        }
        const slice = made.slice(0, made.size);
        const due = Buffer.concat(
          splitSlice(slice).flatMap(({ run, start, end }) => {
            const events = parseBatch(run).isGenesis ? [] : parseBatch(run).events;
            return [
              withoutData(run, (at) =>
                (events[at]?.data.length ?? 0) > dataUpTo ? { state: 'omitted' } : undefined,
              ),
              slice.subarray(start + run.length, end),
            ];
          }),
        );
        const before = Buffer.from(slice);
        const trimmed = omitLargeData(slice, { dataUpTo });
        expect(trimmed.equals(due)).toBe(true);
        expect(slice.equals(before)).toBe(true);
        expect(trimmed === slice).toBe(due.equals(slice));
        expect(omitLargeData(slice, { dataUpTo, into: slice }).equals(due)).toBe(true);
      },
    ),
    { numRuns: rounds({ short: 25, long: 500 }) },
  );
});
