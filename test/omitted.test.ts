import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type AtedbClient,
  type Chain,
  type ChainEvent,
  KeyPair,
  type ReadOptions,
} from '../src/client/index.ts';
import { eventually } from './support/eventually.ts';
import { rounds } from './support/scale.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Data that readers ask to be left out, and load when they want it.

let server: TestServer;
let client: AtedbClient;
beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized', segmentBytesMax: 20_000 });
  client = await testClient(server.address);
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

let count = 0;
const newKey = () => `team/omitted_${++count}`;

/** What can be said of an event, but for its data. */
const saidOf = ({ sequence, kind, dataBytes, headerBytes }: ChainEvent) => {
  return { sequence, kind, dataBytes, header: headerBytes.toString('hex') };
};

/** Check that events are those that were read whole, but for data of more bytes. */
function checkOmitted(events: readonly ChainEvent[], whole: readonly ChainEvent[], upTo: number) {
  expect(events.map(saidOf)).toEqual(whole.map(saidOf));
  for (const [at, event] of events.entries()) {
    const { data, dataState } = whole[at] as ChainEvent;
    const isOmitted = dataState === 'present' && (data?.length ?? 0) > upTo;
    expect(event.dataState).toBe(isOmitted ? 'omitted' : dataState);
    expect(event.data).toEqual(isOmitted ? undefined : data);
  }
}

const sizes = [0, 1, 9, 10, 11, 127, 128, 2_000, 6_000];

test('however a chain is read, data above a size is left out, nothing else is, and it can be loaded', async () => {
  const shape = fc.record({
    batches: fc.array(fc.array(fc.constantFrom(...sizes), { minLength: 1, maxLength: 6 }), {
      minLength: 4,
      maxLength: 16,
    }),
    upTo: fc.constantFrom(0, 9, 10, 127, 128, 2_000, 10_000),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ batches, upTo }) => {
      const chain = await client.open(newKey(), { key: testKey, forAppend: true });
      for (const batch of batches) await chain.append(batch.map((n) => ({ data: randomBytes(n) })));
      const whole = await all(chain.read());
      const end = whole.length;
      const ranges: ReadOptions[] = [{}, { from: 2, end: end - 1 }, { from: 3, limit: 2 }];
      for (const range of ranges) {
        const due = await all(chain.read(range));
        checkOmitted(await all(chain.read({ ...range, dataUpTo: upTo })), due, upTo);
      }
      const back = await all(chain.read({ reverse: true, dataUpTo: upTo }));
      checkOmitted([...back].reverse(), whole, upTo);
      const live = await take(chain.subscribe({ dataUpTo: upTo, timeoutMs: 20_000 }), end);
      checkOmitted(live, whole, upTo);
      const loaded = await all(chain.load(live));
      expect(loaded.map(({ data }) => data)).toEqual(whole.map(({ data }) => data));
      expect(loaded.every(({ dataState }) => dataState === 'present')).toBe(true);
      await chain.close();
    }),
    { numRuns: rounds({ short: 1, long: 60 }) },
  );
}, 60_000);

test('what is live is left out, too, also for one of several who read the same', async () => {
  const chain = await client.open(newKey(), { key: testKey, forAppend: true });
  await chain.append({ data: 'small' });
  const options = { from: { sequence: 2 }, timeoutMs: 20_000 };
  const [some, whole] = [chain.subscribe({ ...options, dataUpTo: 10 }), chain.subscribe(options)];
  const both = Promise.all([take(some, 30), take(whole, 30)]);
  for (let round = 0; round < 20; round += 1) {
    await chain.append([{ data: randomBytes(10) }, { data: randomBytes(5_000) }]);
  }
  const [trimmed, all30] = await both;
  checkOmitted(trimmed, all30, 10);
  await chain.close();
});

test('data that is gone by the time that it is loaded is told as gone', async () => {
  await using own = await TestServer.start({
    trustMode: 'distributed',
    segmentBytesMax: 8_000,
    compact: { horizonMs: 0 },
  });
  await using asker = await testClient(own.address);
  const chain = await asker.open('team/gone', { key: testKey, forAppend: true });
  const big = (byte: number) => Buffer.alloc(3_000, byte);
  await chain.append([
    { name: 'superseded', data: big(1) },
    { name: 'erased', data: big(2) },
    { name: 'kept', data: big(3) },
  ]);
  const before = await all(chain.read({ dataUpTo: 100 }));
  expect(before.map(({ dataState }) => dataState).slice(1)).toEqual(Array(3).fill('omitted'));
  await chain.append({ name: 'superseded', data: 'newer' });
  await chain.redact({ name: 'erased' });
  for (let round = 0; round < 4; round += 1) await chain.append({ data: big(9) });
  await asker.admin.compact('team/gone');
  await eventually(async () => {
    const loaded = await all(chain.load(before));
    expect(loaded.map(({ dataState }) => dataState).slice(1)).toEqual([
      'dropped',
      'redacted',
      'present',
    ]);
    expect(loaded[2]?.redactedBy?.fingerprint).toEqual(testKey.publicKey.fingerprint);
    expect(loaded[3]?.data).toEqual(big(3));
  });
  // What is gone isn't left out: it says so by itself.
  const after = await all(chain.read({ dataUpTo: 0 }));
  expect(after.slice(1, 3).map(({ dataState }) => dataState)).toEqual(['dropped', 'redacted']);
});

test('what moves an object or says something of rules and keys comes whole, and the others of its batch without data', async () => {
  const chain = await client.open(newKey(), { key: testKey, forAppend: true });
  const [object, other, parent, elsewhere] = [1, 2, 3, 4].map((byte) => Buffer.alloc(16, byte));
  const data = randomBytes(500);
  await chain.append({ primaryKey: object, parent: elsewhere, data });
  await chain.append([
    { primaryKey: object, parent, moves: true, data },
    { primaryKey: other, parent: elsewhere, data },
    { primaryKey: parent, write: [testKey.publicKey], data },
  ]);
  const due = ['omitted', 'present', 'omitted', 'present'];
  const statesOf = (events: readonly ChainEvent[]) => events.map(({ dataState }) => dataState);
  expect(statesOf(await all(chain.read({ from: 1, dataUpTo: 100 })))).toEqual(due);
  const reverse = await all(chain.read({ from: 1, dataUpTo: 100, reverse: true }));
  expect(statesOf(reverse)).toEqual(due.toReversed());
  const followed = chain.subscribe({ from: { sequence: 1 }, dataUpTo: 100 });
  expect(statesOf(await take(followed, 4))).toEqual(due);
  for (const [place, child] of [
    [parent, object],
    [elsewhere, other],
  ] as const) {
    const children = await all(chain.children({ primaryKey: place as Buffer }));
    expect(children.map(({ primaryKey }) => primaryKey)).toEqual([child]);
    expect(children[0]?.data).toEqual(data);
  }
  await chain.close();
});

test('sealed data is left out by its size as it is stored, and opened when it is loaded', async () => {
  const chain: Chain = await client.open(newKey(), {
    key: testKey,
    forAppend: true,
    confidential: true,
  });
  await chain.setReaders([testKey.publicKey]);
  await chain.append([{ data: 'psst' }, { data: 'x'.repeat(500) }]);
  const events = (await all(chain.read({ dataUpTo: 100 }))).filter(({ kind }) => kind === 'data');
  expect(events.map(({ sealed }) => sealed?.state)).toEqual(['open', 'omitted']);
  const loaded = await all(chain.load(events));
  expect(loaded.map(({ data }) => data?.toString())).toEqual(['psst', 'x'.repeat(500)]);
  expect(loaded.map(({ sealed }) => sealed?.state)).toEqual(['open', 'open']);
  await chain.close();
});

test('what is no size is refused, and data of many events is loaded in several requests', async () => {
  const chain = await client.open(newKey(), { key: testKey, forAppend: true });
  const data = Array.from({ length: 600 }, (_unused, at) => `data of ${at}`);
  await chain.append(data.map((one) => ({ data: one })));
  const refused = { reason: 'REQUEST_INVALID' };
  await expect(all(chain.read({ dataUpTo: -1 }))).rejects.toMatchObject(refused);
  await expect(all(chain.read({ dataUpTo: 0.5 }))).rejects.toMatchObject(refused);
  await expect(take(chain.subscribe({ dataUpTo: -1 }), 1)).rejects.toMatchObject(refused);
  const events = (await all(chain.read({ dataUpTo: 0 }))).filter(({ kind }) => kind === 'data');
  const loaded = await all(chain.load(events));
  expect(loaded.map(({ data: one }) => one?.toString())).toEqual(data);
  expect(await all(chain.load([]))).toEqual([]);
  await chain.close();
});

test('whoever only needs the rules of a chain does not load its data', async () => {
  await using server = await TestServer.start({ trustMode: 'distributed' });
  await using writer = await testClient(server.address);
  const chain = await writer.open('team/heavy', { key: testKey, forAppend: true });
  const data = Buffer.alloc(200_000, 7);
  await chain.append({ kind: 'rules', retain: { count: 2 } });
  await chain.append({ data: Buffer.alloc(3_000, 1), publicKeys: [KeyPair.generate().publicKey] });
  for (let count = 0; count < 12; count += 1) await chain.append({ data });
  await using proxy = await TcpProxy.start(() => server.address);
  await using reader = await testClient(proxy.address);
  const opened = await reader.open('team/heavy', { checkRules: true });
  // What says something of rights comes whole, and the rest of the history is verified without its data.
  expect((await opened.rules()).retention).toEqual({ count: 2 });
  const ruled = proxy.bytesDown;
  expect(ruled).toBeLessThan(data.length);
  const last = await all(opened.read({ from: 14 }));
  expect(last.map((event) => event.data)).toEqual([data]);
  expect(proxy.bytesDown).toBeGreaterThan(ruled + data.length);
});
