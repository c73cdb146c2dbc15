import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { type Batch, parseBatch } from '../event/index.ts';
import { checkThreadsDefault, HashCheckers, handedOverBytesMin } from './index.ts';

const notices: string[] = [];
let checkers: HashCheckers | undefined;
afterEach(async () => {
  await checkers?.close();
  notices.length = 0;
});

function start(threads: number): HashCheckers {
  checkers = new HashCheckers({ threads, onNotice: (notice) => notices.push(notice) });
  return checkers;
}

/** As its callers do: what is wrong is thrown at once, or comes later. */
async function checkWith(pool: HashCheckers, batch: Batch): Promise<void> {
  await pool.check(batch);
}

const writer = new TestWriter(randomBytes(32));

/** A batch large enough to be handed over. */
async function large(bytes = handedOverBytesMin) {
  const events = [testEvent(randomBytes(bytes)), testEvent('two'), testEvent('three')];
  return parseBatch((await writer.make(events)).run);
}

async function spoilt() {
  const batch = await large();
  const run = Buffer.from(batch.bytes);
  run[1000] = (run[1000] as number) ^ 1;
  return parseBatch(run);
}

test.each([0, 1, 2])(
  'with %i threads, good batches pass, and others are refused',
  async (threads) => {
    const pool = start(threads);
    expect(pool.threads).toBe(threads);
    const good = await large();
    const bad = await spoilt();
    const checks = Array.from({ length: 40 }, (_, index) =>
      checkWith(pool, index % 5 === 3 ? bad : good),
    );
    const outcomes = await Promise.allSettled(checks);
    outcomes.forEach((outcome, index) => {
      expect(outcome.status).toBe(index % 5 === 3 ? 'rejected' : 'fulfilled');
      if (outcome.status === 'fulfilled') return;
      expect(outcome.reason).toMatchObject({
        reason: 'HASH_MISMATCH',
        message: 'event 0: its data does not hash to what its header says',
        metadata: { event_index: '0' },
      });
    });
    expect(pool.handedOver).toBe(threads === 0 ? 0 : 40);
    expect(notices).toEqual([]);
  },
);

test('small batches stay here', async () => {
  const pool = start(1);
  await pool.check(parseBatch((await writer.make([testEvent('small')])).run));
  expect(pool.handedOver).toBe(0);
});

test('batches of the largest size pass, more of them than fit at once', async () => {
  const pool = start(1);
  const largest = await large(3.7 * 1024 * 1024);
  await Promise.all(
    [largest, largest, await large(), largest].map((batch) => checkWith(pool, batch)),
  );
  expect(pool.handedOver).toBe(4);
});

test('what threads had when they ended is checked here, and what comes then', async () => {
  const pool = start(2);
  const good = await large();
  const bad = await spoilt();
  // They are waited for from the start: a refusal that comes while the pool closes is nobody's otherwise.
  const checks = Promise.allSettled([good, bad, good, good].map((batch) => checkWith(pool, batch)));
  await pool.close();
  const outcomes = await checks;
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  ]);
  expect(pool.threads).toBe(0);
  await pool.check(good);
  await expect(checkWith(pool, bad)).rejects.toMatchObject({ reason: 'HASH_MISMATCH' });
});

test('machines with few cores have no threads', () => {
  expect([1, 2, 3, 4, 5, 6, 64].map((cores) => checkThreadsDefault(cores))).toEqual([
    0, 0, 0, 2, 3, 4, 4,
  ]);
});
