import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openChain } from '../src/chain/open-chain.ts';
import { type ChainEvent, KeyPair, primaryKeyFromName } from '../src/client/index.ts';
import { parseChainKey, type TrustMode } from '../src/event/index.ts';
import { RealStorage } from '../src/log/index.ts';
import { verifyFolder } from '../src/verify/index.ts';
import { filesWith } from './support/folder-bytes.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { TestWriter, testEvent } from './support/test-writer.ts';

const chainKey = 'example.com/me/people';
const trustModes: TrustMode[] = ['distributed', 'centralized'];
const secret = 'bob lives in Elm Street';

/** Reads each of the ways, and gives what an event is told as. */
const read: Record<
  string,
  (chain: Awaited<ReturnType<typeof opened>>, at: number) => Promise<ChainEvent | undefined>
> = {
  'a range': async (chain, at) => (await all(chain.read({ from: at, end: at + 1 })))[0],
  backwards: async (chain, at) => {
    return (await all(chain.read({ reverse: true }))).find(({ sequence }) => sequence === at);
  },
  live: async (chain, at) => (await take(chain.subscribe({ from: 'start' }), at + 1))[at],
  get: (chain, at) => chain.get({ sequence: at }),
};

async function opened(server: TestServer, key = testKey) {
  const client = await testClient(server.address);
  return client.open(chainKey, { key, forAppend: true });
}

async function verified(folder: string) {
  const found = await verifyFolder({
    ...{ storage: new RealStorage(), folder, chainId: undefined, trustMode: undefined },
    ...{ headsOf: async () => [], allSignatures: true },
  });
  return { violations: found.violations.list, derived: found.derived, history: found.history };
}

describe.each(trustModes)('in a %s chain', (trustMode) => {
  test('redacted data is gone from every file, and its readers see who has done that', async () => {
    await using server = await TestServer.start({ trustMode });
    const chain = await opened(server);
    const primaryKey = primaryKeyFromName('bob');
    const object = { name: 'bob' };
    await chain.append({ ...object, data: secret });
    await chain.append({ name: 'alice', data: 'alice stays' });
    await chain.append([{ ...object, data: 'bob moved' }, { data: 'beside him' }]);
    const folder = join(server.logsPath, `${chainKey}.chain`);
    expect(await filesWith(folder, secret)).not.toEqual([]);
    const { committed } = await chain.redact({ sequences: [1] });
    expect(await filesWith(folder, secret)).toEqual([]);
    expect(await filesWith(folder, 'bob moved')).not.toEqual([]);
    const by = committed.firstSequence;
    for (const [way, how] of Object.entries(read)) {
      const event = await how(chain, 1);
      expect(event, way).toMatchObject({
        ...{ sequence: 1, kind: 'data', primaryKey, data: undefined, dataState: 'redacted' },
        redactedBy: { sequence: by },
      });
    }
    const got = await chain.get({ sequence: 1 });
    expect(got?.redactedBy?.fingerprint).toEqual(testKey.publicKey.fingerprint);
    expect(await chain.get({ sequence: by })).toMatchObject({
      kind: 'redaction',
      redaction: { sequences: [1] },
    });
    // All of the object, its newest event too.
    await chain.redact(object);
    expect(await filesWith(folder, 'bob moved')).toEqual([]);
    expect(await filesWith(folder, 'beside him')).not.toEqual([]);
    expect(await chain.get(object)).toMatchObject({ sequence: 3, dataState: 'redacted' });
    await expect(chain.prove({ sequence: 3, withData: true })).rejects.toMatchObject({
      reason: 'DATA_GONE',
    });
    expect((await chain.prove({ sequence: 3 })).facts.event?.header.dataBytes).toBe(9);
    await expect(chain.redact({ sequences: [3, 1] })).rejects.toMatchObject({
      reason: 'DATA_GONE',
    });
    await expect(chain.redact({ sequences: [by] })).rejects.toMatchObject({
      reason: 'REDACTION_INVALID',
    });
    // It goes on, here and after a restart, and verifies.
    await chain.append({ ...object, data: 'bob again' });
    await server.restart();
    const again = await opened(server);
    expect(String((await again.get(object))?.data)).toBe('bob again');
    expect((await all(again.read())).map(({ dataState }) => dataState)).toEqual([
      ...['present', 'redacted', 'present', 'redacted', 'present', 'present', 'present', 'present'],
    ]);
    const { violations, derived, history } = await verified(folder);
    expect(violations).toEqual([]);
    expect(derived).toEqual([]);
    expect(history?.tally.gone).toEqual({ forgotten: 0, dropped: 0, redacted: 2, expired: 0 });
  });

  test('only who may write an object, or a root, may have its data erased', async () => {
    await using server = await TestServer.start({ trustMode });
    const chain = await opened(server);
    const alice = KeyPair.generate();
    await chain.append({ kind: 'rules', name: 'alice', write: [alice.publicKey] });
    const hers = await opened(server, alice);
    await hers.append({ name: 'alice', data: 'by alice' });
    await chain.append({ name: 'bob', data: secret });
    await expect(hers.redact({ sequences: [3] })).rejects.toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
    });
    const folder = join(server.logsPath, `${chainKey}.chain`);
    expect(await filesWith(folder, secret)).not.toEqual([]);
    await hers.redact({ sequences: [2] });
    expect(await filesWith(folder, 'by alice')).toEqual([]);
    // A root may, though the rule of the object doesn't name it.
    await hers.append({ name: 'alice', data: 'more by alice' });
    await chain.redact({ name: 'alice' });
    expect(await filesWith(folder, 'more by alice')).toEqual([]);
    expect((await verified(folder)).violations).toEqual([]);
  });
});

test('what is to come is not to be redacted', async () => {
  await using server = await TestServer.start();
  const chain = await opened(server);
  const { firstSequence } = await chain.append({ name: 'bob', data: secret });
  const redaction = { sequences: [firstSequence, firstSequence + 1] };
  await expect(chain.append({ kind: 'redaction', name: 'bob', redaction })).rejects.toMatchObject({
    reason: 'REDACTION_INVALID',
  });
  await expect(
    chain.append({ kind: 'redaction', name: 'bob', redaction: { beforeSequence: 9 } }),
  ).rejects.toMatchObject({ reason: 'REDACTION_INVALID' });
});

test('sealed data is erased as other data is', async () => {
  await using server = await TestServer.start({ trustMode: 'distributed' });
  const client = await testClient(server.address);
  const chain = await client.open('example.com/me/sealed', {
    ...{ key: testKey, forAppend: true, confidential: true },
  });
  await chain.setReaders([]);
  const { firstSequence } = await chain.append({ name: 'bob', data: secret });
  expect(String((await chain.get({ name: 'bob' }))?.data)).toBe(secret);
  await chain.redact({ sequences: [firstSequence] });
  expect(await chain.get({ name: 'bob' })).toMatchObject({
    data: undefined,
    dataState: 'redacted',
    sealed: { state: 'gone' },
  });
});

test('what is in many segments is erased in all of them, while readers and writers go on', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 8_192 });
  const chain = await opened(server);
  const padding = 'x'.repeat(1_000);
  const sequences: number[] = [];
  for (let index = 0; index < 30; index += 1) {
    const { firstSequence } = await chain.append([
      { name: `object ${index % 3}`, data: `secret of ${index % 3} ${padding}` },
      { data: `other ${index} ${padding}` },
    ]);
    sequences.push(firstSequence);
  }
  const reading = all(chain.read());
  const following = take(chain.subscribe({ from: 'start' }), 80);
  const erasing = chain.redact({ name: 'object 1' });
  for (let index = 0; index < 20; index += 1) await chain.append({ data: `more ${index}` });
  await erasing;
  const folder = join(server.logsPath, `${chainKey}.chain`);
  expect(await filesWith(folder, 'secret of 1')).toEqual([]);
  for (const [at, event] of (await reading).entries()) expect(event.sequence).toBe(at);
  for (const [at, event] of (await following).entries()) expect(event.sequence).toBe(at);
  const states = new Map((await all(chain.read())).map((event) => [event.sequence, event]));
  for (const [index, sequence] of sequences.entries()) {
    const due = index % 3 === 1 ? 'redacted' : 'present';
    expect(states.get(sequence)?.dataState).toBe(due);
    expect(states.get(sequence + 1)?.dataState).toBe('present');
  }
  const copy = await mkdtemp(join(tmpdir(), 'atedb-copy-'));
  await server.restart(() => cp(folder, join(copy, 'a.chain'), { recursive: true }));
  expect(await verified(join(copy, 'a.chain'))).toMatchObject({ violations: [], derived: [] });
});

test('what was left to be erased when a server ended is erased after the next start, though nobody opens the chain', async () => {
  await using server = await TestServer.start({ trustMode: 'distributed' });
  const chain = await opened(server);
  await chain.append({ name: 'bob', data: secret });
  const folder = join(server.logsPath, `${chainKey}.chain`);
  const { chainId = Buffer.alloc(0) } = chain;
  await server.restart(async () => {
    // As a crash leaves it: the redaction is durable, and nothing of it is carried out.
    const { logsPath } = server;
    const options = {
      storage: new RealStorage(),
      logsPath,
      now: Date.now,
      onNotice: () => undefined,
    };
    const left = await openChain(options, parseChainKey(chainKey));
    const writer = new TestWriter(chainId, testKey);
    const redaction = { redaction: { sequences: [1] } };
    const event = testEvent('', {
      ...{ kind: 'redaction', primaryKey: primaryKeyFromName('bob'), authority: redaction },
    });
    const { run } = await writer.batch([event]);
    await left?.submit(await left.prepare(run)).durable;
    await left?.close();
    expect(await filesWith(folder, secret)).not.toEqual([]);
  });
  await expect.poll(() => filesWith(folder, secret)).toEqual([]);
  const { violations, history } = await verified(folder);
  expect(violations).toEqual([]);
  expect(history?.tally.gone).toEqual({ forgotten: 0, dropped: 0, redacted: 1, expired: 0 });
});
