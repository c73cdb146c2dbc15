import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Committed, Notice } from '../src/client/index.ts';
import { KillableServer } from './support/killable-server.ts';
import { rounds } from './support/scale.ts';
import { seededRandom } from './support/seed.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Each stream of a centralized chain begins with a proof, which is cut as well.
const modes = ['distributed', 'centralized'] as const;
const throughCuts = 'appending and subscribing through cut connections: each event once, in order';

test.each(modes)(
  `${throughCuts}, none missing; %s`,
  async (trustMode) => {
    await using server = await TestServer.start({ trustMode, segmentBytesMax: 200_000 });
    await using proxy = await TcpProxy.start(() => server.address);
    const home = await temporaryHome();
    await using client = await testClient(proxy.address, { home });
    const chain = await client.open('team/cuts', {
      key: testKey,
      forAppend: true,
      batchEventsMax: 20,
    });
    await chain.append({ data: 'first' });
    const total = rounds({ short: 600, long: 10_000 });
    const reading = take(chain.subscribe({ from: { sequence: 1 } }), total + 1);
    const answers: Promise<Committed>[] = [];
    const random = seededRandom();
    for (let index = 0; index < total; index += 1) {
      if (index % 20 === 0) await pause(5);
      if (index % 80 === 79) {
        await pause(random.between(0, 60));
        proxy.cut();
      }
      await chain.writable();
      answers.push(chain.append({ data: String(index) }));
    }
    const committed = await Promise.all(answers);
    const events = await reading;
    // Until the client has noticed the last cut, too: a range that is being read doesn't outlive its connection.
    await pause(50);
    expect(proxy.connections).toBeGreaterThan(4);
    expect(events.slice(1).map(({ data }) => Number(String(data)))).toEqual(
      Array.from({ length: total }, (_, index) => index),
    );
    expect(committed.map(({ firstSequence }) => firstSequence)).toEqual(
      events.slice(1).map(({ sequence }) => sequence),
    );
    const stored = await all(chain.read({ from: 2 }));
    expect(stored).toHaveLength(total);
  },
  600_000,
);

test('appending and subscribing through kill -9 of the server: nothing acknowledged is missing, nothing is double', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atedb-cuts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const server = new KillableServer(folder, 100_000);
  await server.start();
  onTestFinished(() => server.kill());
  const notices: Notice[] = [];
  const onNotice = (notice: Notice) => notices.push(notice);
  await using client = await testClient(server.address, { home: await temporaryHome(), onNotice });
  const chain = await client.open('team/kills', {
    key: testKey,
    forAppend: true,
    batchEventsMax: 20,
    // On a busy machine the server is there for moments only.
    reconnectMs: 600_000,
  });
  await chain.append({ data: 'first' });
  const answers: Promise<Committed>[] = [];
  let isDone = false;
  const writing = (async () => {
    while (!isDone) {
      for (let index = 0; index < 10; index += 1) {
        answers.push(chain.append({ data: String(answers.length) }));
      }
      await chain.writable();
      await pause(2);
    }
  })();
  const seen: number[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const event of chain.subscribe({ from: { sequence: 2 }, signal: stop.signal })) {
      seen.push(event.sequence);
      expect(String(event.data)).toBe(String(seen.length - 1));
    }
  })();
  const random = seededRandom();
  for (let round = 0; round < rounds({ short: 1, long: 30 }); round += 1) {
    await pause(random.between(100, 300));
    await server.kill();
    await server.start();
  }
  isDone = true;
  await writing;
  const committed = await Promise.all(answers);
  expect(notices.some(({ kind }) => kind === 'reconnecting')).toBe(true);
  expect(committed.map(({ firstSequence }) => firstSequence)).toEqual(
    Array.from({ length: answers.length }, (_, index) => index + 2),
  );
  while (seen.length < answers.length) await pause(10);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  expect(seen).toEqual(Array.from({ length: answers.length }, (_, index) => index + 2));
}, 600_000);

test('a graceful restart is no more than a pause', async () => {
  await using server = await TestServer.start();
  await using proxy = await TcpProxy.start(() => server.address);
  await using client = await testClient(proxy.address);
  const chain = await client.open('team/restart', { key: testKey, forAppend: true });
  await chain.append({ data: '1' });
  const reading = take(chain.subscribe({ from: { sequence: 1 } }), 3);
  await server.restart();
  await chain.append({ data: '2' });
  await server.restart();
  await chain.append({ data: '3' });
  expect((await reading).map(({ data }) => String(data))).toEqual(['1', '2', '3']);
});

test('a server that stays away is given up in time: what was sent is unknown, what was not is not', async () => {
  const server = await TestServer.start();
  await using proxy = await TcpProxy.start(() => server.address);
  await using client = await testClient(proxy.address);
  const options = { key: testKey, forAppend: true, reconnectMs: 500 };
  const chain = await client.open('team/away', options);
  await chain.append({ data: 'first' });
  proxy.silence();
  const sent = chain.append({ data: 'sent' });
  sent.catch(() => undefined);
  await pause(50);
  proxy.refuse(true);
  proxy.cut();
  const unsent = chain.append({ data: 'unsent' });
  const late = chain.append({ data: 'late' }, { timeoutMs: 20 });
  await expect(late).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
    metadata: { outcome: 'not-sent' },
  });
  await expect(sent).rejects.toMatchObject({ reason: 'OUTCOME_UNKNOWN' });
  await expect(unsent).rejects.toMatchObject({ reason: 'CONNECTION_FAILED' });
  await expect(client.describe('team/away')).rejects.toMatchObject({
    reason: 'CONNECTION_FAILED',
    message: expect.stringContaining(proxy.address),
  });
  // It comes back: the writer goes on from what the server has.
  proxy.refuse(false);
  await chain.append({ data: 'again' });
  const events = await all(chain.read({ from: 1 }));
  const texts = events.map(({ data }) => String(data));
  expect(texts.filter((text) => text !== 'sent')).toEqual(['first', 'again']);
  await server[Symbol.asyncDispose]();
});

test('closing with a signal gives up what waits for a lost server', async () => {
  const server = await TestServer.start();
  await using proxy = await TcpProxy.start(() => server.address);
  await using client = await testClient(proxy.address);
  const chain = await client.open('team/close', { key: testKey, forAppend: true });
  await chain.append({ data: 'first' });
  await server[Symbol.asyncDispose]();
  const waiting = chain.append({ data: 'waits' });
  waiting.catch(() => undefined);
  await pause(100);
  await chain.close({ signal: AbortSignal.abort(new Error('enough')) });
  await expect(waiting).rejects.toThrow('enough');
});
