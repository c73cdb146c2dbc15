import { afterAll, beforeAll, expect, test } from 'vitest';
import { AtedbError, type Committed } from '../src/client/index.ts';
import { type Cut, FrameProxy } from './support/frame-proxy.ts';
import { rounds } from './support/scale.ts';
import { seededRandom } from './support/seed.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// One scripted session of a client, through a proxy that cuts its connection at one frame after the other.

/** Sessions at once: each waits most of its time. */
const sessionsAtOnce = 8;
/** Every so many frames. */
const stride = rounds({ short: 3, long: 1 });

let server: TestServer;
let sessions = 0;

beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized', segmentBytesMax: 100_000 });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Create a chain, append one by one and many at once, to its end; all of it is there once, in order. */
async function session(cuts: readonly Cut[]): Promise<FrameProxy> {
  sessions += 1;
  const chainKey = `team/frames_${sessions}`;
  await using proxy = await FrameProxy.start(server.address, cuts);
  await using client = await testClient(proxy.address);
  const options = { key: testKey, forAppend: true, batchEventsMax: 5 };
  const chain = await patiently(() => client.open(chainKey, options));
  const answers: Committed[] = [];
  const texts: string[] = [];
  const append = async (text: string) => {
    texts.push(text);
    answers.push(await chain.append({ data: text }));
  };
  for (const text of ['one', 'two']) await append(text);
  await Promise.all(Array.from({ length: 20 }, (_, index) => append(`many ${index}`)));
  // More than a frame holds.
  await append('large '.repeat(10_000));
  await chain.close();
  await using reader = await testClient(server.address);
  const events = await all((await reader.open(chainKey)).read({ from: 1 }));
  expect(events.map(({ data }) => String(data))).toEqual(texts);
  expect(answers.map(({ firstSequence }) => firstSequence)).toEqual(
    events.map(({ sequence }) => sequence),
  );
  return proxy;
}

/** Opening for the first time isn't tried again by the client itself. */
async function patiently<T>(open: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await open();
    } catch (error) {
      const isPassing = error instanceof AtedbError && error.reason === 'CONNECTION_FAILED';
      if (!isPassing || tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Run sessions, some at once. */
async function runAll(cutsOfEach: readonly (readonly Cut[])[]): Promise<void> {
  const left = [...cutsOfEach];
  const work = async () => {
    for (let cuts = left.shift(); cuts !== undefined; cuts = left.shift()) {
      await session(cuts).catch((error: unknown) => {
        throw new Error(`cut at ${JSON.stringify(cuts)}: ${error}`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: sessionsAtOnce }, work));
}

test.each(['up', 'down'] as const)(
  'wherever between two frames the way %s is cut, each event is stored once, in order',
  async (direction) => {
    const dry = await session([]);
    expect(dry.cutsMade).toBe(0);
    const frames = dry.passed[0]?.[direction] ?? 0;
    expect(frames).toBeGreaterThan(15);
    const cuts: Cut[][] = [];
    for (let at = direction === 'up' ? 0 : 1; at <= frames; at += stride) {
      cuts.push([{ direction, frames: at }]);
    }
    await runAll(cuts);
  },
  600_000,
);

test('a connection is cut, and so is the next, and the one after it', async () => {
  const random = seededRandom();
  const cut = (): Cut => ({
    direction: random.pick(['up', 'down']),
    frames: random.between(1, 30),
  });
  const cuts = Array.from({ length: rounds({ short: 4, long: 200 }) }, () => [cut(), cut(), cut()]);
  await runAll(cuts);
}, 600_000);
