import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyPair, type Notice, type OpenOptions } from '../src/client/index.ts';
import { noticesOf } from './support/notices.ts';
import { RawClient } from './support/raw-client.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

let server: TestServer;
let chains = 0;

beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized' });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A chain that isn't there yet. */
function newKey(): string {
  chains += 1;
  return `example.com/me/append_${chains}`;
}

const forAppend: OpenOptions = { key: testKey, forAppend: true };

describe('creation', () => {
  test('the first append makes the key and the chain, and says so; the second neither', async () => {
    const home = await temporaryHome();
    const notices: Notice[] = [];
    const onNotice = noticesOf(notices);
    const chainKey = newKey();
    {
      await using client = await testClient(server.address, { home, onNotice });
      const chain = await client.open(chainKey, { forAppend: true });
      expect(chain.genesis).toBeUndefined();
      expect(notices).toEqual([]);
      const committed = await chain.append({ data: 'hello' });
      expect(committed).toMatchObject({ firstSequence: 1, lastSequence: 1, commit: 1 });
      expect(chain.genesis?.serverIdentity?.fingerprint).toEqual(
        server.running.identity.fingerprint,
      );
    }
    expect(notices.map(({ kind }) => kind)).toEqual(['key-created', 'chain-created']);
    await using client = await testClient(server.address, { home, onNotice });
    const chain = await client.open(`ate://${server.address}/${chainKey}`);
    expect(await chain.append([{ data: 'a' }, { data: 'b' }])).toMatchObject({
      firstSequence: 2,
      lastSequence: 3,
      commit: 2,
    });
    expect(notices).toHaveLength(2);
  });

  test.each([
    ['keys', undefined],
    ['writers', testKey],
  ])(
    'a home folder without room for %s is told at once, and not taken for a lost server',
    async (folder, key) => {
      const home = await temporaryHome();
      await writeFile(join(home, folder), 'not a folder');
      const notices: Notice[] = [];
      await using client = await testClient(server.address, {
        home,
        onNotice: noticesOf(notices),
      });
      const chain = await client.open(newKey(), { key, forAppend: true });
      await expect(chain.append({ data: 'x' })).rejects.toMatchObject({
        reason: 'STORAGE_FAILED',
        message: expect.stringContaining(join(home, folder)),
      });
      expect(notices).toEqual([]);
    },
  );

  test('a missing chain is only created for appending', async () => {
    await using client = await testClient(server.address);
    await expect(client.open(newKey())).rejects.toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
    const chainId = '00'.repeat(32);
    await expect(client.open(newKey(), { ...forAppend, chainId })).rejects.toMatchObject({
      reason: 'CHAIN_NOT_FOUND',
    });
    await expect(
      client.open(newKey(), { ...forAppend, trustMode: 'distributed' }),
    ).rejects.toMatchObject({ reason: 'TRUST_MODE_MISMATCH' });
    const chain = await client.open(newKey(), forAppend);
    await expect(all(chain.read())).rejects.toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
  });

  test('of many who create a chain at once, one does, and all append to it', async () => {
    const chainKey = newKey();
    await using client = await testClient(server.address);
    const openings = Array.from({ length: 8 }, () => client.open(chainKey, forAppend));
    const opened = await Promise.all(openings);
    const answers = await Promise.all(opened.map((chain) => chain.append({ data: 'mine' })));
    expect(new Set(answers.map(({ firstSequence }) => firstSequence)).size).toBe(8);
    expect(new Set(opened.map((chain) => chain.chainId?.toString('hex'))).size).toBe(1);
  });
});

describe('batches', () => {
  test('calls that come at once share batches, and each learns its own sequences', async () => {
    await using client = await testClient(server.address);
    const chain = await client.open(newKey(), forAppend);
    const answers = await Promise.all(
      Array.from({ length: 3_000 }, (_, index) => chain.append({ data: String(index) })),
    );
    expect(new Set(answers.map(({ commit }) => commit)).size).toBeLessThan(20);
    const events = await all(chain.read({ from: 1 }));
    expect(events).toHaveLength(3_000);
    for (const [index, { firstSequence, commit }] of answers.entries()) {
      const event = events[firstSequence - 1];
      expect(event?.data?.toString()).toBe(String(index));
      expect(event?.commit).toBe(commit);
    }
  });

  test('one call is one batch, up to the limits, which refusals name', async () => {
    await using client = await testClient(server.address);
    const chain = await client.open(newKey(), forAppend);
    const many = Array.from({ length: 16_384 }, () => ({ data: 'x' }));
    const committed = await chain.append(many);
    expect(committed.lastSequence - committed.firstSequence).toBe(16_383);
    await expect(chain.append([...many, { data: 'x' }])).rejects.toMatchObject({
      reason: 'TOO_MANY_EVENTS',
      metadata: { limit_events: '16384' },
    });
    const tooLarge = await chain.append({ data: Buffer.alloc(4_000_000) }).catch((e) => e);
    expect(tooLarge).toMatchObject({ reason: 'DATA_TOO_LARGE' });
    const limit = Number(tooLarge.metadata.limit_bytes);
    await chain.append({ data: Buffer.alloc(limit - 200), timeUnixMs: 0 });
    await expect(chain.append([])).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    await expect(chain.append({ data: 'x', primaryKey: Buffer.alloc(15) })).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
    });
  });

  test('all fields of an event come back as they were given', async () => {
    await using client = await testClient(server.address);
    const chain = await client.open(newKey(), forAppend);
    const id = (byte: number) => Buffer.alloc(16, byte);
    const event = {
      primaryKey: id(1),
      parent: id(2),
      collection: id(3),
      type: 'app/type',
      replyTo: id(4),
      timeUnixMs: 5,
      data: Buffer.from([0, 1, 255]),
    };
    await chain.append([event, { kind: 'tombstone', primaryKey: id(1), timeUnixMs: 0 }]);
    const [genesis, first, second] = await all(chain.read());
    expect(genesis).toMatchObject({ kind: 'genesis', sequence: 0, data: Buffer.alloc(0) });
    expect(first).toMatchObject({ ...event, kind: 'data', sequence: 1, commit: 1 });
    expect(first?.fingerprint).toEqual(testKey.publicKey.fingerprint);
    expect(second).toMatchObject({ kind: 'tombstone', primaryKey: id(1), timeUnixMs: undefined });
  });
});

describe('refusals', () => {
  test('one that is rejected tells its caller, and those behind it are stored all the same', async () => {
    await using client = await testClient(server.address);
    const chain = await client.open(newKey(), forAppend);
    await chain.append({ data: 'first' });
    const answers = await Promise.allSettled([
      chain.append({ data: 'a' }),
      chain.append({ data: 'late' }, { landsBefore: 2 }),
      chain.append({ data: 'b' }),
      chain.append({ data: 'late, too' }, { landsBefore: 3 }),
      chain.append({ data: 'c' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(answers[1]).toMatchObject({
      reason: { reason: 'PRECONDITION_FAILED', metadata: { condition: 'lands_before' } },
    });
    const events = await all(chain.read({ from: 1 }));
    expect(events.map(({ data }) => String(data))).toEqual(['first', 'a', 'b', 'c']);
  });

  test('a condition on other writers holds against them, not against oneself', async () => {
    const chainKey = newKey();
    await using client = await testClient(server.address);
    const mine = await client.open(chainKey, forAppend);
    await mine.append({ data: '1' });
    await mine.append({ data: '2' }, { unchangedSince: 1 });
    const other = await client.open(chainKey, forAppend);
    await other.append({ data: '3' });
    await expect(mine.append({ data: '4' }, { unchangedSince: 3 })).rejects.toMatchObject({
      reason: 'PRECONDITION_FAILED',
    });
    await mine.append({ data: '4' }, { unchangedSince: 4 });
  });

  test("a stranger's key is refused with a clear word", async () => {
    const chainKey = newKey();
    await using client = await testClient(server.address);
    const chain = await client.open(chainKey, forAppend);
    await chain.append({ data: 'mine' });
    const stranger = await client.open(chainKey, { key: KeyPair.generate() });
    await expect(stranger.append({ data: 'theirs' })).rejects.toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
    });
    await expect(
      client.open(chainKey, { key: 'nobody' }).then((named) => named.append({ data: 'x' })),
    ).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  });
});

describe('waiting', () => {
  test('a signal or a deadline ends the waiting of one caller only', async () => {
    await using client = await testClient(server.address);
    const chain = await client.open(newKey(), forAppend);
    const stop = new AbortController();
    const mine = chain.append({ data: 'a' }, { signal: stop.signal });
    const late = chain.append({ data: 'b' }, { timeoutMs: 1 });
    const other = chain.append({ data: 'c' });
    stop.abort(new Error('enough'));
    await expect(mine).rejects.toThrow('enough');
    await Promise.allSettled([late, other]);
    await expect(other).resolves.toMatchObject({ commit: 1 });
    await expect(chain.append({ data: 'd' }, { signal: stop.signal })).rejects.toThrow('enough');
    const events = await all(chain.read({ from: 1 }));
    expect(events.map(({ data }) => String(data))).not.toContain('a');
  });

  test('who is faster than the server waits in writable, and memory is bounded', async () => {
    await using client = await testClient(server.address);
    const queueBytesMax = 200_000;
    const chain = await client.open(newKey(), { ...forAppend, queueBytesMax });
    const data = Buffer.alloc(10_000);
    let waiting = 0;
    let waitingMax = 0;
    const appends: Promise<unknown>[] = [];
    for (let index = 0; index < 200; index += 1) {
      await chain.writable();
      waiting += data.length;
      waitingMax = Math.max(waitingMax, waiting);
      const append = chain.append({ data }).then(() => {
        waiting -= data.length;
      });
      appends.push(append);
    }
    await Promise.all(appends);
    expect(waitingMax).toBeLessThan(queueBytesMax + 2 * data.length);
    await expect(chain.writable({ signal: AbortSignal.abort() })).rejects.toThrow();
  });

  test('closing waits for what is under way, and refuses what comes after', async () => {
    const chainKey = newKey();
    await using client = await testClient(server.address);
    const chain = await client.open(chainKey, forAppend);
    const appends = Array.from({ length: 100 }, () => chain.append({ data: 'x' }));
    await chain.close();
    await expect(Promise.all(appends)).resolves.toHaveLength(100);
    await expect(chain.append({ data: 'y' })).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  });
});

describe('writer slots', () => {
  test('two processes of one home folder take two slots, and a third run goes on with the first', async () => {
    const home = await temporaryHome();
    const chainKey = newKey();
    await using one = await testClient(server.address, { home });
    await using two = await testClient(server.address, { home });
    const first = await one.open(chainKey, forAppend);
    await first.append({ data: '1' });
    const second = await two.open(chainKey, forAppend);
    await second.append({ data: '2' });
    await first.append({ data: '3' });
    await one.close();
    await using three = await testClient(server.address, { home });
    const third = await three.open(chainKey, forAppend);
    await third.append({ data: '4' });
    const events = await all(third.read({ from: 1 }));
    const [a, b, c, d] = events.map(({ writerId }) => writerId.toString('hex'));
    expect(b).not.toBe(a);
    expect([c, d]).toEqual([a, a]);
  });

  // Whoever signs has the server show its own signature; else the server could make batches up for it to go on from.
  test.each([
    { signBatches: true, writers: 1, goesOn: 'goes on from the last seal that the server has' },
    { signBatches: false, writers: 2, goesOn: 'goes on as a new writer where that is not signed' },
  ])('a slot that was not saved before a crash $goesOn', async ({ signBatches, writers }) => {
    const home = await temporaryHome();
    const chainKey = newKey();
    const path = await slotAfter(home, chainKey, 1, signBatches);
    const before = await readFile(path, 'utf8');
    await slotAfter(home, chainKey, 5, signBatches);
    await writeFile(path, before);
    await slotAfter(home, chainKey, 1, signBatches);
    await using client = await testClient(server.address, { home });
    const chain = await client.open(chainKey);
    const events = await all(chain.read({ from: 1 }));
    expect(events).toHaveLength(7);
    expect(new Set(events.map(({ writerId }) => writerId.toString('hex'))).size).toBe(writers);
  });

  test('a copied slot is noticed, and the copy goes on as a new writer', async () => {
    const home = await temporaryHome();
    const chainKey = newKey();
    const path = await slotAfter(home, chainKey, 1);
    const copy = await readFile(path, 'utf8');
    const notices: Notice[] = [];
    const onNotice = noticesOf(notices);
    await using client = await testClient(server.address, { home, onNotice });
    const chain = await client.open(chainKey, forAppend);
    await chain.append({ data: 'original' });
    // The same slot, in another folder: its lock is another, too.
    const copyHome = await temporaryHome();
    const copyPath = await slotAfter(copyHome, chainKey, 0);
    await writeFile(copyPath, copy);
    await using other = await testClient(server.address, { home: copyHome, onNotice });
    const copied = await other.open(chainKey, forAppend);
    await copied.append({ data: 'copy' });
    await chain.append({ data: 'original again' }).catch((error) => {
      expect(error).toMatchObject({ reason: 'OUTCOME_UNKNOWN' });
    });
    await chain.append({ data: 'as a new writer' });
    expect(notices.map(({ kind }) => kind)).toContain('new-writer');
  });

  /** Append so many batches as a run of its own, and return the path of its slot's file. */
  async function slotAfter(
    home: string,
    chainKey: string,
    batches: number,
    signBatches = false,
  ): Promise<string> {
    await using client = await testClient(server.address, { home });
    const chain = await client.open(chainKey, { ...forAppend, signBatches });
    for (let index = 0; index < batches; index += 1) await chain.append({ data: 'x' });
    if (batches === 0) {
      const failed = chain.append({ data: 'x' }, { landsBefore: 1 });
      await expect(failed).rejects.toMatchObject({ reason: 'PRECONDITION_FAILED' });
    }
    await chain.close();
    const files = await readdir(join(home, 'writers'), { recursive: true });
    const slot = files.find((file) => file.endsWith('slot-0.json'));
    return join(home, 'writers', slot ?? 'none');
  }
});

test('ready-made requests can be sent by any tool, and append what they say', async () => {
  const chainKey = newKey();
  await using client = await testClient(server.address);
  const chain = await client.open(chainKey, forAppend);
  using raw = new RawClient(server.address);
  const send = async (requests: readonly Buffer[]) => {
    for (const request of requests) await raw.unary('AppendBatch', request);
  };
  const first = await chain.sealRequests([{ data: 'one' }, { data: 'two' }]);
  expect(first).toHaveLength(2);
  await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
  await send(first);
  const later = await client.open(chainKey, forAppend);
  const second = await later.sealRequests({ data: 'three' });
  expect(second).toHaveLength(1);
  await send(second);
  const events = await all(later.read({ from: 1 }));
  expect(events.map(({ data }) => String(data))).toEqual(['one', 'two', 'three']);
});

describe('closing', () => {
  test('has what was acknowledged proven and remembered, so that its loss is noticed by whoever reads', async () => {
    const home = await temporaryHome();
    const chainKey = newKey();
    await using client = await testClient(server.address, { home });
    const chain = await client.open(chainKey, { forAppend: true });
    await chain.append({ data: 'a' });
    const { commit } = await chain.append({ data: 'b' });
    await chain.close();
    expect(chain.head?.size).toBeGreaterThan(commit);
    await client.close();
    await using again = await testClient(server.address, { home });
    expect((await again.open(chainKey)).head?.size).toBeGreaterThan(commit);
    const [file = ''] = (await readdir(join(home, 'chains'), { recursive: true })).filter((name) =>
      name.endsWith('head.json'),
    );
    const remembered = JSON.parse(await readFile(join(home, 'chains', file), 'utf8'));
    expect(remembered.headSize).toBeGreaterThan(commit);
  });
});

test('data that is neither text nor bytes is refused', async () => {
  await using client = await testClient(server.address);
  await using chain = await client.open(newKey(), forAppend);
  await expect(chain.append({ data: 5 as unknown as string })).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
    message: expect.stringContaining('number'),
  });
});
