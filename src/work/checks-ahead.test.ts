import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { TestChain } from '../../test/support/test-chain.ts';
import { testEvent } from '../../test/support/test-writer.ts';
import { parseBatch, splitSlice } from '../event/index.ts';
import { ReplayVerifier, type StoredBatch } from '../trust/index.ts';
import { ChecksAhead, replayThreadsDefault, SharedCheckers, threadsFromBytes } from './index.ts';

const chain = await TestChain.create();
for (const size of [1, 4, 40]) {
  const events = Array.from({ length: size }, (_, index) => testEvent(`event ${index}`));
  chain.accept((await chain.writer.batch(events)).run);
}
const batchBytes = 1024 * 1024;
for (let bytes = 0; bytes < threadsFromBytes; bytes += batchBytes) {
  chain.accept((await chain.writer.batch([testEvent(randomBytes(batchBytes))])).run);
}
const stored: readonly StoredBatch[] = splitSlice(chain.slice());
const small = stored.slice(0, 4);

/** Checks whose threads have been started, and check already. */
async function started(shared: SharedCheckers): Promise<ChecksAhead> {
  const checks = new ChecksAhead(shared);
  checks.begin(stored);
  while (!shared.isReady) await new Promise((resolve) => setTimeout(resolve, 5));
  return checks;
}

test('a history as long as it needs starts threads, and a shorter one does not', () => {
  const shared = new SharedCheckers({ threads: 1 });
  using checks = new ChecksAhead(shared);
  let bytes = 0;
  for (const one of stored.slice(0, -1)) {
    bytes += one.run.length;
    expect(checks.begin([one])).toEqual([one]);
  }
  expect(bytes).toBeLessThan(threadsFromBytes);
  expect(shared.running).toBe(0);
  checks.begin(stored.slice(-1));
  expect(shared.running).toBe(1);
});

test('what was checked ahead verifies to the same as what was not', async () => {
  const shared = new SharedCheckers({ threads: 1 });
  using checks = await started(shared);
  expect(checks.depth).toBeGreaterThan(0);
  const ahead = checks.begin(stored);
  const batches = await Promise.all(ahead.map((one) => one.ahead));
  expect(batches.every((batch, index) => batch?.bytes === stored[index]?.run)).toBe(true);
  expect(shared.handedOver).toBe(stored.length);
  const verified = await new ReplayVerifier(chain.genesis).verifyBatches(ahead);
  const plain = await new ReplayVerifier(chain.genesis).verifyBatches(stored);
  verified.forEach(({ batch, commit }, index) => {
    const due = plain[index]?.batch;
    expect(commit).toEqual(plain[index]?.commit);
    expect(batch.layout).toEqual(due?.layout);
    expect(batch.seal).toEqual(due?.seal);
    expect(batch.count).toBe(due?.count);
  });
});

test('where anything is spoilt, threads pass none of it, and the replay says what is wrong', async () => {
  const shared = new SharedCheckers({ threads: 1 });
  using checks = await started(shared);
  for (const [bad, batch] of small.entries()) {
    const sealStart = parseBatch(batch.run).seal.bytes.byteOffset - batch.run.byteOffset;
    // A byte of the framing, of the first event's header, of the last event's salt, and of the seal's header.
    for (const at of [0, 20, sealStart - 8, sealStart + 30]) {
      const run = Buffer.from(batch.run);
      run[at] = (run[at] as number) ^ 1;
      const spoilt = small.map((one, index) => (index === bad ? { ...one, run } : one));
      const ahead = checks.begin(spoilt);
      for (const one of ahead) expect(await one.ahead).toBeUndefined();
      const outcomes = [ahead, spoilt].map((all) =>
        new ReplayVerifier(chain.genesis).verifyBatches(all).then(
          () => expect.fail('it was taken'),
          (error: Error) => error.message,
        ),
      );
      const [told, due] = await Promise.all(outcomes);
      expect(told).toBe(due);
      expect(told).toMatch(new RegExp(`^commit ${bad} does not verify`));
    }
  }
});

test('threads are shared, and end with the last one that has use for them', async () => {
  const shared = new SharedCheckers({ threads: 2 });
  const one = await started(shared);
  const other = await started(shared);
  expect(shared.running).toBe(2);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(shared.running).toBe(2);
  other.rest();
  expect(shared.running).toBe(0);
  expect(other.depth).toBe(0);
  // One that rested goes on when there is as much again, and one that is over doesn't.
  expect(one.begin(stored)).toBe(stored);
  expect(shared.running).toBe(0);
  other.begin(stored);
  expect(shared.running).toBe(2);
  other[Symbol.dispose]();
});

test('what threads had when they ended is verified without them', async () => {
  const shared = new SharedCheckers({ threads: 1 });
  const checks = await started(shared);
  const ahead = [stored, stored, stored].map((all) => checks.begin(all));
  checks[Symbol.dispose]();
  for (const all of ahead) {
    const verified = await new ReplayVerifier(chain.genesis).verifyBatches(all);
    expect(verified).toHaveLength(stored.length);
  }
  expect(shared.running).toBe(0);
});

test('without threads all is left to the replay', async () => {
  using checks = new ChecksAhead(new SharedCheckers({ threads: 0 }));
  expect(checks.begin(stored)).toBe(stored);
  expect(checks.begin(stored)).toBe(stored);
  expect(checks.depth).toBe(0);
});

test('the thread that replays keeps a core, and more than two would have nothing to do', () => {
  expect([1, 2, 3, 4, 64].map((cores) => replayThreadsDefault(cores))).toEqual([0, 1, 2, 2, 2]);
});

test('threads take groups that follow each other, of any size, and answer each as it is', async () => {
  const shared = new SharedCheckers({ threads: 1 });
  using checks = await started(shared);
  const groups = Array.from({ length: 30 }, (_, index) =>
    checks.begin(index % 3 === 0 ? stored : stored.slice(index % 4, 4 + (index % 7))),
  );
  for (const group of groups) {
    for (const one of group) expect((await one.ahead)?.bytes).toBe(one.run);
  }
});
