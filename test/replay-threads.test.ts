import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AtedbClient, Chain, ChainEvent } from '../src/client/index.ts';
import { replayCheckers, replayThreadsDefault, threadsFromBytes } from '../src/work/index.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Long histories, whose batches are checked in threads before their turn.

/** On a machine with one core there are none. */
const hasThreads = replayThreadsDefault() > 0;

const chainKey = 'team/long';
const eventBytes = 64 * 1024;
/** So many are read before there are threads; as many again follow. */
const eventsBefore = Math.ceil(threadsFromBytes / eventBytes) + 4;
const eventsAll = 2 * eventsBefore + 1;

let server: TestServer;
let client: AtedbClient;
let chain: Chain;

beforeAll(async () => {
  server = await TestServer.start();
  client = await testClient(server.address);
  chain = await client.open(chainKey, { key: testKey, forAppend: true, batchEventsMax: 2 });
  const data = Array.from({ length: eventsAll - 1 }, () => ({ data: randomBytes(eventBytes) }));
  await Promise.all(data.map((event) => chain.append(event)));
});

afterEach(async () => {
  // Whatever ended the reading ended the threads.
  await until(() => replayCheckers.running === 0);
});

afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Reads on until threads are there, and hands on all events. */
async function* withThreads(events: AsyncIterable<ChainEvent>): AsyncGenerator<ChainEvent> {
  let count = 0;
  const before = replayCheckers.handedOver;
  for await (const event of events) {
    yield event;
    count += 1;
    if (count === eventsBefore) await until(() => replayCheckers.isReady);
  }
  expect(replayCheckers.handedOver - before).toBeGreaterThan(eventsBefore / 8);
}

test.runIf(hasThreads).each([false, true])(
  'a long range is read as a short one is (newest first: %s)',
  async (reverse) => {
    const sequences: number[] = [];
    for await (const event of withThreads(chain.read({ reverse }))) {
      sequences.push(event.sequence);
      expect(event.data).toHaveLength(event.sequence === 0 ? 0 : eventBytes);
    }
    const due = Array.from({ length: eventsAll }, (_, index) => index);
    expect(sequences).toEqual(reverse ? due.reverse() : due);
  },
);

test.runIf(hasThreads)(
  'a subscription ends its threads when history is through, and goes on',
  async () => {
    const wasThrough = { at: -1 };
    const onSignal = ({ kind }: { kind: string }) => {
      if (kind === 'caught-up') wasThrough.at = replayCheckers.running;
    };
    let next = 0;
    for await (const event of withThreads(chain.subscribe({ onSignal }))) {
      expect(event.sequence).toBe(next);
      next += 1;
      if (event.sequence < eventsAll - 1) continue;
      break;
    }
    const live = chain.subscribe({ onSignal, from: 'start' })[Symbol.asyncIterator]();
    for (let read = 0; read < eventsAll; read += 1) await live.next();
    const coming = live.next();
    await until(() => wasThrough.at >= 0);
    expect(replayCheckers.running).toBe(0);
    await using writer = await testClient(server.address);
    const own = await writer.open(chainKey, { key: testKey, forAppend: true });
    await own.append({ data: 'live' });
    expect((await coming).value).toMatchObject({ data: Buffer.from('live') });
    await live.return?.();
  },
);

test.runIf(hasThreads)('whoever stops in the middle ends the threads', async () => {
  for await (const event of withThreads(chain.read())) {
    if (event.sequence === eventsBefore + 2) break;
  }
  expect(replayCheckers.running).toBe(0);
});

test.runIf(hasThreads)(
  'a signal ends the threads, and nothing is handed on behind it',
  async () => {
    const stop = new AbortController();
    const sequences: number[] = [];
    const reading = async () => {
      for await (const chunk of chain.read({ signal: stop.signal }).chunks()) {
        sequences.push(...chunk.map(({ sequence }) => sequence));
        if (sequences.length < eventsBefore) continue;
        await until(() => replayCheckers.isReady);
        if (sequences.length > eventsBefore + 10) stop.abort(new Error('enough'));
      }
    };
    await expect(reading()).rejects.toThrow('enough');
    expect(sequences.length).toBeLessThan(eventsBefore + 20);
    expect(replayCheckers.running).toBe(0);
  },
);

test.runIf(hasThreads)('closing the client ends the threads of its readings', async () => {
  const other = await testClient(server.address);
  const opened = await other.open(chainKey);
  let closing: Promise<void> | undefined;
  const reading = async () => {
    let count = 0;
    for await (const _ of withThreads(opened.read())) {
      count += 1;
      if (count === eventsBefore + 2) closing = other.close();
    }
  };
  await expect(reading()).rejects.toThrow();
  await closing;
  expect(replayCheckers.running).toBe(0);
});

test.runIf(hasThreads)(
  'what is wrong behind the threads’ start is found, and all before it is handed on',
  async () => {
    await using proxy = await LyingProxy.start(server.address);
    let bytes = 0;
    let spoiltAt = 0;
    proxy.lie = (method, answer) => {
      if (method !== 'readEvents') return answer;
      bytes += answer.length;
      if (bytes < 1.7 * threadsFromBytes || spoiltAt > 0) return answer;
      spoiltAt = bytes;
      // In the middle of some event's data.
      const spoilt = Buffer.from(answer);
      const middle = spoilt.length - 30_000;
      spoilt[middle] = (spoilt[middle] as number) ^ 1;
      return spoilt;
    };
    await using liedTo = await testClient(proxy.address);
    const opened = await liedTo.open(chainKey);
    let next = 0;
    const reading = async () => {
      for await (const event of withThreads(opened.read())) {
        expect(event.sequence).toBe(next);
        next += 1;
      }
    };
    await expect(reading()).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringContaining('does not hash to what its header says'),
    });
    // All slices before it, and nothing of it.
    expect(next).toBeGreaterThan(1.5 * eventsBefore);
    expect(next * eventBytes).toBeLessThan(spoiltAt);
  },
);

test.runIf(hasThreads).each([
  { does: 'leaves while threads are there', isLeft: true },
  { does: 'forbids threads reads all without them', isLeft: false },
])('a process that $does, and ends', async ({ isLeft }) => {
  const program = join(import.meta.dirname, 'support', 'long-reader.ts');
  const flags = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-net'];
  const child = fork(program, [server.address, chainKey, isLeft ? 'leave' : 'read'], {
    execArgv: isLeft ? [] : flags,
  });
  const exited = once(child, 'exit');
  const [told] = await Promise.race([once(child, 'message'), exited]);
  expect(await exited).toEqual([0, null]);
  expect(told).toEqual(
    isLeft ? { hadThreads: true, isWhole: false } : { hadThreads: false, isWhole: true },
  );
});
