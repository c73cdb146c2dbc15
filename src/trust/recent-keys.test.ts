import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseBatch } from '../event/index.ts';
import { RecentKeys } from './recent-keys.ts';

test('it knows the objects of the last 131,072 events at least, and twice as many at most', async () => {
  const key = KeyPair.generate();
  const [mine, other] = [0, 1].map(() => new TestWriter(randomBytes(32), key, randomBytes(16)));
  if (mine === undefined || other === undefined) throw new Error('there are two writers');
  const primaryKey = randomBytes(16);
  const one = parseBatch((await other.make([testEvent('x', { primaryKey })], {}, [])).run);
  const many = parseBatch(
    (
      await mine.make(
        Array.from({ length: 8_192 }, () => testEvent('')),
        {},
        [],
      )
    ).run,
  );
  const condition = { kind: 'key_unchanged', primaryKey, sinceSequence: 0 } as const;
  const recent = new RecentKeys();
  const { writerId } = many.seal;
  recent.add(one, 7);
  expect(recent.endOfOthersOn(condition, writerId)).toBe(8);
  expect(recent.endOfOthersOn(condition, one.seal.writerId)).toBe(0);
  let sequence = 8;
  let known = 0;
  while (recent.endOfOthersOn(condition, writerId) === 8 && known <= 262_144 + 8_192) {
    recent.add(many, sequence);
    sequence += many.count;
    known += many.count;
  }
  expect(known).toBeGreaterThan(131_072);
  expect(known).toBeLessThanOrEqual(262_144);
});
