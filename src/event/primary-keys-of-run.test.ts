import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { parseBatch } from './batch.ts';
import { eachPrimaryKey } from './primary-keys-of-run.ts';

function keysOf(run: Buffer): string[] {
  const keys: string[] = [];
  eachPrimaryKey(run, (event, at) => {
    keys[event] = run.toString('hex', at, at + 16);
  });
  return keys;
}

test('the keys of a run are those that its events have', async () => {
  const writer = new TestWriter(randomBytes(32));
  const sizes = [0, 1, 100, 127, 128, 16_383, 16_384, 70_000];
  const events = sizes.map((bytes, index) =>
    testEvent(randomBytes(bytes), { parent: randomBytes(16), type: 'x'.repeat(index * 30) }),
  );
  const { run } = await writer.make(events, {}, []);
  const expected = parseBatch(run).events.map(({ header }) => header.primaryKey?.toString('hex'));
  expect(keysOf(run)).toEqual(expected);
});

test('a genesis has none', async () => {
  const { batch } = await testGenesis();
  expect(keysOf(batch.run)).toEqual([]);
});
