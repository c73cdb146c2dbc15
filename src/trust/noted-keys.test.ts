import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from '../bytes/index.ts';
import { NotedKeys } from './noted-keys.ts';

const secret = randomBytes(16);
const keys = Array.from({ length: 8 }, () => randomBytes(16));

/** An event on one of the keys by one of three writers, so many sequences after the one before; or a question about a key. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.nat(7), fc.nat(2), fc.integer({ min: 1, max: 2 ** 20 })) },
    { weight: 1, arbitrary: fc.nat(7) },
  ),
  { maxLength: 400 },
);

test('it says at any time what a table says that has the same events', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const noted = new NotedKeys(secret);
      const table = new KeyTable(secret);
      let sequence = 2 ** 40;
      for (const step of all) {
        if (typeof step === 'number') {
          const key = keys[step] as Buffer;
          expect(noted.find(key)).toEqual(table.find(key));
          continue;
        }
        const [key, writer, distance] = step;
        sequence += distance;
        const bytes = Buffer.concat([Buffer.alloc(key), keys[key] as Buffer]);
        noted.add(bytes, key, sequence, writer);
        table.add(bytes, key, sequence, writer, 0);
      }
      for (const key of keys) expect(noted.find(key)).toEqual(table.find(key));
    }),
  );
});
