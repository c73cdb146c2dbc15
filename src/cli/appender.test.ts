import { expect, test } from 'vitest';
import { AtedbError } from '../bytes/index.ts';
import type { AppendEvent, Committed } from '../client/index.ts';
import { Appender, type AppenderOptions } from './appender.ts';
import { recordBytesMax } from './batcher.ts';

/** A chain that commits what it gets after a moment, or refuses it. */
function fakeChain(refuse: (batch: number) => AtedbError | undefined = () => undefined) {
  const batches: string[][] = [];
  let sequence = 1;
  return {
    batches,
    append: async (events: AppendEvent | readonly AppendEvent[]): Promise<Committed> => {
      const list = events as AppendEvent[];
      const number = batches.push(list.map(({ data }) => String(data).slice(0, 20)));
      await new Promise((resolve) => setTimeout(resolve, 5));
      const refusal = refuse(number);
      if (refusal !== undefined) throw refusal;
      const firstSequence = sequence;
      sequence += list.length;
      return { firstSequence, lastSequence: sequence - 1, commit: number, timeUnixMs: 1 };
    },
    writable: async () => undefined,
  };
}

function appenderOf(chain: ReturnType<typeof fakeChain>, options: Partial<AppenderOptions> = {}) {
  const committed: Committed[] = [];
  const appender = new Appender(chain, {
    event: {},
    eventsMax: 3,
    flushMs: undefined,
    append: {},
    onCommitted: (batch) => committed.push(batch),
    ...options,
  });
  return { appender, committed };
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('so many events a batch, and the rest at the end', async () => {
  const chain = fakeChain();
  const { appender, committed } = appenderOf(chain);
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) appender.add(Buffer.from(text));
  await appender.finish();
  expect(chain.batches).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
  expect(committed.map(({ firstSequence }) => firstSequence)).toEqual([1, 4, 7]);
  expect(appender.tally).toEqual({ events: 7, first: 1, last: 7, unanswered: 0, unattested: 0 });
});

test('a batch that is begun is sent after the time for it', async () => {
  const chain = fakeChain();
  const { appender } = appenderOf(chain, { flushMs: 20 });
  appender.add(Buffer.from('a'));
  appender.add(Buffer.from('b'));
  expect(chain.batches).toEqual([]);
  await delay(60);
  expect(chain.batches).toEqual([['a', 'b']]);
  await appender.finish();
  expect(chain.batches.length).toBe(1);
});

test('large events share no batch, and the largest fits into one', async () => {
  const chain = fakeChain();
  const { appender } = appenderOf(chain, { event: { type: 't'.repeat(255) } });
  const large = Buffer.alloc(recordBytesMax, 'x');
  for (const data of [large, Buffer.from('a'), large]) appender.add(data);
  await appender.finish();
  expect(chain.batches.map((batch) => batch.length)).toEqual([1, 1, 1]);
});

test('the first refusal ends it, and says what had come before', async () => {
  const chain = fakeChain((batch) =>
    batch === 1 ? undefined : new AtedbError('KEY_NOT_ALLOWED', `batch ${batch} is refused`),
  );
  const { appender, committed } = appenderOf(chain, { eventsMax: 1 });
  for (const text of ['a', 'b', 'c']) appender.add(Buffer.from(text));
  await expect(appender.finish()).rejects.toThrow('batch 2 is refused');
  expect(appender.failed.aborted).toBe(true);
  expect(committed.length).toBe(1);
  expect(appender.tally).toEqual({ events: 1, first: 1, last: 1, unanswered: 0, unattested: 0 });
  appender.add(Buffer.from('d'));
  await expect(appender.finish()).rejects.toThrow('batch 2 is refused');
  expect(chain.batches.length).toBe(3);
});

test('events of unknown outcome are counted as such', async () => {
  const lost = new AtedbError('OUTCOME_UNKNOWN', 'lost');
  const { appender } = appenderOf(
    fakeChain(() => lost),
    { eventsMax: 2 },
  );
  for (const text of ['a', 'b', 'c']) appender.add(Buffer.from(text));
  await expect(appender.finish()).rejects.toBe(lost);
  expect(appender.tally).toEqual({
    events: 0,
    first: undefined,
    last: undefined,
    unanswered: 3,
    unattested: 0,
  });
});

test('what is durable and not attested is counted as durable', async () => {
  const metadata = { first_sequence: '7', last_sequence: '8', commit: '3' };
  const late = new AtedbError('NOT_ATTESTED', 'late', { metadata });
  const { appender } = appenderOf(
    fakeChain(() => late),
    { eventsMax: 2 },
  );
  for (const text of ['a', 'b']) appender.add(Buffer.from(text));
  await expect(appender.finish()).rejects.toBe(late);
  expect(appender.tally).toEqual({ events: 2, first: 7, last: 8, unanswered: 0, unattested: 2 });
});
