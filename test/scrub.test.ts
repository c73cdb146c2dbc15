import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Chain, ChainEvent } from '../src/client/index.ts';
import { noticeLogger } from './support/notices.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const chainKey = 'team/scrubbed';

async function collect(events: AsyncIterable<ChainEvent>) {
  const sequences: number[] = [];
  let failure: unknown;
  try {
    for await (const event of events) sequences.push(event.sequence);
  } catch (error) {
    failure = error;
  }
  return { sequences, failure };
}

test('a server finds damage in what it has long written, and tells everybody whom it concerns', async () => {
  const notices: string[] = [];
  await using server = await TestServer.start({
    segmentBytesMax: 10_000,
    scrub: { bytesPerSecond: 1e9, firstMs: 20, roundMs: 50, intervalMs: 1 },
    logger: noticeLogger((notice) => notices.push(notice)),
  });
  await using client = await testClient(server.address);
  const chain = await client.open(chainKey, { forAppend: true, key: testKey });
  for (let at = 1; at <= 8; at += 1) await chain.append({ data: `${at}`.padEnd(1_000, 'x') });
  const following = collect(chain.subscribe({ from: 'now' }));

  const path = join(server.logsPath, 'team', 'scrubbed.chain', 'segment-00000001.log');
  const bytes = await readFile(path);
  const at = bytes.indexOf('xxxx');
  // In place: whoever looks meanwhile must not find half a file.
  await using file = await open(path, 'r+');
  await file.write(Buffer.from('y'), 0, 1, at);

  // Who only waits for what comes is told that nothing will.
  expect(await following).toMatchObject({ sequences: [], failure: { reason: 'CHAIN_READ_ONLY' } });
  const { health, trouble, damages } = await client.describe(chainKey);
  expect(health).toBe('read-only');
  expect(trouble).toMatch(/^segment-00000001\.log is damaged at offset \d+: a checksum/);
  expect(damages).toHaveLength(1);
  const [{ firstSequence = -1, lastSequence = -1 } = {}] = damages;
  expect(lastSequence).toBe(firstSequence);

  // On the stream that is open a batch could be one that was sent before; on a new one it can't.
  await expect(chain.append({ data: 'more' })).rejects.toMatchObject({
    metadata: { cause_reason: 'CHAIN_READ_ONLY' },
  });
  await expect(chain.append({ data: 'more' })).rejects.toMatchObject({
    reason: 'CHAIN_READ_ONLY',
    message: expect.stringMatching(/segment-00000001\.log is damaged/),
  });
  const all = Array.from({ length: 9 }, (_, sequence) => sequence);
  const lost = { reason: 'CHAIN_DAMAGED', metadata: { first_sequence: String(firstSequence) } };
  expect(await collect(chain.read())).toMatchObject({
    sequences: all.slice(0, firstSequence),
    failure: lost,
  });
  expect(await collect(chain.read({ reverse: true }))).toMatchObject({
    sequences: all.slice(firstSequence + 1).reverse(),
    failure: lost,
  });
  // What isn't damaged is what it was, before and behind it.
  for (const range of [{ end: firstSequence }, { from: firstSequence + 1 }]) {
    const { from = 0, end = 9 } = range as { from?: number; end?: number };
    expect(await collect(chain.read(range))).toEqual({
      sequences: all.slice(from, end),
      failure: undefined,
    });
  }
  await expect(chain.get({ sequence: firstSequence })).rejects.toMatchObject(lost);
  expect((await chain.get({ sequence: firstSequence + 1 }))?.sequence).toBe(firstSequence + 1);
  await chain.close().catch(() => undefined);

  await using other = await client.open('team/other', { forAppend: true, key: testKey });
  await other.append({ data: 'fine' });
  // It is found again and again, and told once.
  const isToldOnce = () => notices.filter((notice) => /^the log can only be read/.test(notice));
  await vi.waitUntil(() => notices.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isToldOnce()).toHaveLength(1);
});

test('a restart forgets no damage, and a file that is whole again is no longer damaged', async () => {
  await using server = await TestServer.start({
    segmentBytesMax: 10_000,
    scrub: { bytesPerSecond: 1e9, firstMs: 500, roundMs: 20, intervalMs: 1 },
  });
  const path = join(server.logsPath, 'team', 'scrubbed.chain', 'segment-00000001.log');
  const known = join(server.logsPath, '_sys', 'damaged.json');
  const { whole } = await withChain(async (chain) => {
    for (let at = 1; at <= 8; at += 1) await chain.append({ data: `${at}`.padEnd(1_000, 'x') });
    const whole = await readFile(path);
    const damaged = Buffer.from(whole);
    const at = damaged.indexOf('xxxx');
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await writeFile(path, damaged);
    await vi.waitUntil(
      async () => /"segment": 1\b/.test(await readFile(known, 'utf8').catch(() => '')),
      {
        timeout: 10_000,
      },
    );
    return { whole };
  });
  const troubleNow = async () => {
    await using client = await testClient(server.address);
    return (await client.describe(chainKey)).trouble;
  };
  await server.restart();
  // Before the first round.
  expect(await troubleNow()).toMatch(/^segment-00000001\.log is damaged/);
  await server.restart(() => writeFile(path, whole));
  expect(await troubleNow()).toBeUndefined();
  await vi.waitUntil(async () => !/"segment": 1\b/.test(await readFile(known, 'utf8')));
  // What can't be read stops nobody.
  await server.restart(() => writeFile(known, 'nothing'));
  expect(await troubleNow()).toBeUndefined();

  async function withChain<T>(use: (chain: Chain) => Promise<T>): Promise<T> {
    await using client = await testClient(server.address);
    await using chain = await client.open(chainKey, { forAppend: true, key: testKey });
    return await use(chain);
  }
});
