import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { saying } from '../../test/support/malicious/events.ts';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { parseBatch } from './batch.ts';
import { type EachPlace, eachPlace, eachPlaceOfRun } from './places-of-run.ts';

interface Told {
  readonly event: number;
  readonly key: string;
  readonly parent: string | undefined;
  readonly collection: string | undefined;
  readonly isMove: boolean;
}

/** What both ways tell of a run. */
function both(run: Buffer): { ofBatch: Told[]; ofRun: Told[] } {
  const tell = (told: Told[]): EachPlace => {
    const keyAt = (at: number) => (at < 0 ? undefined : run.toString('hex', at, at + 16));
    return (event, key, parent, collection, isMove) =>
      told.push({
        event,
        key: keyAt(key) ?? '',
        parent: keyAt(parent),
        collection: keyAt(collection),
        isMove,
      });
  };
  const [ofBatch, ofRun]: Told[][] = [[], []];
  eachPlace(parseBatch(run), tell(ofBatch as Told[]));
  eachPlaceOfRun(run, tell(ofRun as Told[]));
  return { ofBatch: ofBatch as Told[], ofRun: ofRun as Told[] };
}

test('events that put objects somewhere are found, and no others', async () => {
  const writer = new TestWriter(randomBytes(32));
  const key = () => randomBytes(16);
  const [parent, collection] = [key(), key()];
  const moves = { moves: true } as const;
  const authorisation = { write: { kind: 'nobody' as const } };
  const events = [
    testEvent('at the root'),
    testEvent('below', { parent }),
    testEvent('in a collection of the root', { collection, type: 'x'.repeat(200) }),
    testEvent(randomBytes(20_000), { parent, collection }),
    testEvent('', { kind: 'tombstone' }),
    testEvent('moved', { parent, authority: moves }),
    saying({ authorisation }, { primaryKey: key(), parent }),
    saying({ ...moves, authorisation }, { primaryKey: key(), parent, collection }),
    saying(moves, { primaryKey: key() }),
    saying({ authorisation }, { primaryKey: undefined }),
    testEvent('with rules', { parent, authority: { authorisation } }),
  ];
  const { run } = await writer.make(events, {}, []);
  const { ofBatch, ofRun } = both(run);
  expect(ofRun).toEqual(ofBatch);
  const said = parseBatch(run).events;
  const due = [1, 2, 3, 5, 7, 8, 10].map((event) => {
    const { primaryKey, parent: above, collection: within, kind } = said[event]?.header ?? {};
    return {
      event,
      key: primaryKey?.toString('hex') ?? '',
      parent: above?.toString('hex'),
      collection: within?.toString('hex'),
      isMove: kind === 'rules',
    };
  });
  expect(ofRun).toEqual(due);
});

test('a genesis puts nothing anywhere', async () => {
  const { batch } = await testGenesis();
  expect(both(batch.run)).toEqual({ ofBatch: [], ofRun: [] });
});
