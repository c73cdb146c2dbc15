import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { withoutData } from '../../test/support/gone.ts';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { parseBatch } from './batch.ts';
import { dataBytesAt } from './event-layout.ts';
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

test('with each comes how much data and salt is there, which is what the layout says', async () => {
  const writer = new TestWriter(randomBytes(32));
  const events = [
    testEvent('some data'),
    testEvent(''),
    testEvent('', { kind: 'tombstone' }),
    testEvent(randomBytes(20_000), { type: 'x'.repeat(200) }),
  ];
  const { run } = await writer.make(events, {}, []);
  const gone = withoutData(run, (index) => (index === 0 ? { state: 'dropped' } : undefined));
  for (const [bytes, expected] of [
    [run, [9 + 16, 16, 0, 20_000 + 16]],
    [gone, [0, 16, 0, 20_000 + 16]],
  ] as const) {
    const told: number[] = [];
    eachPrimaryKey(bytes, (_event, _at, dataBytes) => told.push(dataBytes));
    expect(told).toEqual(expected);
    const { layout, count } = parseBatch(bytes);
    for (let index = 0; index < count; index += 1) {
      // Of a tombstone only what isn't counted: its salt.
      if (index !== 2) expect(dataBytesAt(layout, index)).toBe(expected[index]);
    }
  }
});

test('a genesis has none', async () => {
  const { batch } = await testGenesis();
  expect(keysOf(batch.run)).toEqual([]);
});
