import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReadEventsResponseSchema } from '../gen/atedb/v1/chain_pb.js';
import { type AtedbClient, AtedbError, type Chain } from '../src/client/index.ts';
import { forks } from './support/forks.ts';
import { joinFields, parseFields } from './support/fuzz/wire-fields.ts';
import { type Lie, LyingProxy } from './support/lying-proxy.ts';
import { rounds } from './support/scale.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const chainKey = 'team/lies';
const doubts = new Set(['VERIFICATION_FAILED', 'HEAD_CONFLICT']);

describe('a server that alters what it sends', () => {
  let server: TestServer;
  let proxy: LyingProxy;
  let client: AtedbClient;
  let chain: Chain;
  let truth: string[];

  beforeAll(async () => {
    server = await TestServer.start();
    proxy = await LyingProxy.start(server.address);
    client = await testClient(proxy.address);
    chain = await client.open(chainKey, { key: testKey, forAppend: true });
    for (let batch = 0; batch < 6; batch += 1) {
      await chain.append([{ data: `${batch}a`, type: 't' }, { data: `${batch}b` }]);
    }
    truth = (await all(chain.read())).map(inWords);
  });

  afterAll(async () => {
    await client.close();
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function lying<T>(lie: Lie, act: () => Promise<T>): Promise<T> {
    proxy.lie = lie;
    try {
      return await act();
    } finally {
      proxy.lie = (_method, answer) => answer;
    }
  }

  function startsRange(answer: Buffer): boolean {
    return fromBinary(ReadEventsResponseSchema, answer).message.case === 'start';
  }

  /** Alters one byte of the answers to one method, counted over all its messages. */
  function altering(method: string, byte: number, by: number): Lie {
    let before = 0;
    return (called, answer) => {
      const offset = byte - before;
      if (called !== method) return answer;
      before += answer.length;
      if (offset < 0 || offset >= answer.length) return answer;
      const altered = Buffer.from(answer);
      altered[offset] = ((altered[offset] ?? 0) + by) % 256;
      return altered;
    };
  }

  const alterations = rounds({ short: 60, long: 500 });
  const alteration = fc.tuple(fc.noBias(fc.nat(30_000)), fc.integer({ min: 1, max: 255 }));

  test.each([false, true])(
    'no altered byte of a range gets through; reverse: %s',
    async (reverse) => {
      const due = reverse ? [...truth].reverse() : truth;
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(alteration, async ([byte, by]) => {
          const read = () => all(chain.read({ reverse }));
          const outcome = await lying(altering('readEvents', byte, by), read).catch((e) => e);
          if (Array.isArray(outcome)) expect(outcome.map(inWords)).toEqual(due);
          else {
            expect(outcome).toBeInstanceOf(AtedbError);
            expect(doubts).toContain((outcome as AtedbError).reason);
            refused += 1;
          }
        }),
        { numRuns: alterations },
      );
      // The signatures of a writer's batches before its last one go unread: that one vouches for all of them.
      expect(refused).toBeGreaterThan(alterations / 10);
    },
  );

  test('no altered byte of a subscription gets through', async () => {
    await fc.assert(
      fc.asyncProperty(alteration, async ([byte, by]) => {
        const events: string[] = [];
        const read = async () => {
          for await (const event of chain.subscribe({ timeoutMs: 2_000 })) {
            events.push(inWords(event));
            if (events.length === truth.length) return;
          }
        };
        const error = await lying(altering('subscribe', byte, by), read).catch((e) => e);
        if (error !== undefined) expect(doubts).toContain(error.reason);
        expect(events).toEqual(truth.slice(0, events.length));
      }),
      { numRuns: rounds({ short: 30, long: 200 }) },
    );
  });

  test('no altered byte of an opening gets through', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.noBias(fc.nat(9_000)), fc.integer({ min: 1, max: 255 })),
        async ([byte, by]) => {
          const open = async () => {
            const opened = await client.open(chainKey);
            await opened.close();
            return opened;
          };
          const outcome = await lying(altering('openChain', byte, by), open).catch((e) => e);
          if (outcome instanceof AtedbError) expect(doubts).toContain(outcome.reason);
          else expect(outcome.chainId).toEqual(chain.chainId);
        },
      ),
      { numRuns: rounds({ short: 50, long: 300 }) },
    );
  });

  test('a chain that is said not to be there, without a refusal, is not opened as an empty one', async () => {
    // The server's identity and its trust mode come first, then all of the chain.
    const lie: Lie = (method, answer) =>
      method === 'openChain' ? joinFields((parseFields(answer) ?? []).slice(0, 2)) : answer;
    await expect(lying(lie, () => client.open(chainKey))).rejects.toMatchObject({
      reason: 'CHAIN_NOT_FOUND',
    });
  });

  test('no altered byte of an event that is asked for gets through', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.nat(12), fc.noBias(fc.nat(4_500)), fc.integer({ min: 1, max: 255 })),
        async ([sequence, byte, by]) => {
          const get = () => chain.get({ sequence });
          const outcome = await lying(altering('getEvent', byte, by), get).catch((e) => e);
          if (outcome instanceof AtedbError) {
            expect(doubts).toContain(outcome.reason);
            refused += 1;
          } else expect(outcome && inWords(outcome)).toEqual(truth[sequence]);
        },
      ),
      { numRuns: alterations },
    );
    expect(refused).toBeGreaterThan(alterations / 10);
  });

  test('another event than the one that is asked for is refused, of the chain though it is', async () => {
    await using objects = await client.open('team/objects', { key: testKey, forAppend: true });
    const primaryKey = randomBytes(16);
    await objects.append([{ primaryKey, data: 'asked for' }, { data: 'beside it' }]);
    await objects.append({ data: 'another batch' });
    const answers: Buffer[] = [];
    const keep: Lie = (method, answer) => {
      if (method === 'getEvent') answers.push(answer);
      return answer;
    };
    await lying(keep, async () => {
      for (const sequence of [2, 3]) await objects.get({ sequence });
    });
    expect(answers).toHaveLength(2);
    for (const wrong of answers) {
      const lie: Lie = (method, answer) => (method === 'getEvent' ? wrong : answer);
      for (const asked of [{ primaryKey }, { sequence: 1 }]) {
        await expect(lying(lie, () => objects.get(asked))).rejects.toMatchObject({
          reason: 'VERIFICATION_FAILED',
        });
      }
    }
    expect((await objects.get({ primaryKey }))?.sequence).toBe(1);
  });

  test('an altered answer to a batch is not believed', async () => {
    const writer = await client.open(chainKey, { key: testKey });
    await lying(altering('append', 20, 1), async () => {
      await expect(writer.append({ data: 'x' })).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
      });
    });
    await writer.append({ data: 'y' });
    truth = (await all(chain.read())).map(inWords);
    expect(truth).toHaveLength(15);
  });

  test.each([false, true])(
    'a range with a part left out is not whole; reverse: %s',
    async (reverse) => {
      for (const left of [0, 1, 2]) {
        let number = -1;
        let leftOut: Buffer | undefined;
        const leavingOut: Lie = (method, answer) => {
          // Something of a range that was given up may still come before this one starts.
          const belongs = method === 'readEvents' && (number >= 0 || startsRange(answer));
          if (!belongs) return answer;
          number += 1;
          if (number !== left) return answer;
          leftOut = answer;
          return undefined;
        };
        const [outcome] = await Promise.allSettled([
          lying(leavingOut, () => all(chain.read({ reverse }))),
        ]);
        expect(outcome.status, `message ${left}`).toBe(
          leftOut === undefined ? 'fulfilled' : 'rejected',
        );
      }
    },
  );
});

describe('a server that is not what it was', () => {
  async function append(client: AtedbClient, ...texts: string[]): Promise<void> {
    const chain = await client.open(chainKey, { key: testKey, forAppend: true });
    for (const data of texts) await chain.append({ data });
    // What was read is what is remembered.
    await all(chain.read());
    await chain.close();
  }

  const evidenceOf = async (home: string) =>
    (await readdir(join(home, 'chains'), { recursive: true })).filter((name) =>
      name.includes('conflict-'),
    );

  test('a chain of another id under the same key is refused, pinned or remembered', async () => {
    const { home, server, connectTo } = await forks();
    {
      await using client = await connectTo(server);
      await append(client, 'a');
    }
    await using other = await TestServer.start();
    {
      // Not there at all: then what was verified is lost, and a new one isn't made in its place.
      await using client = await connectTo(other);
      await expect(append(client, 'b')).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
      await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
    }
    await using stranger = await testClient(other.address);
    await append(stranger, 'c');
    await using client = await connectTo(other);
    const error = await client.open(chainKey).catch((e) => e);
    expect(error).toMatchObject({ reason: 'CHAIN_ID_MISMATCH' });
    const [, path = ''] = /delete (\S+\.json)/.exec(error.message) ?? [];
    expect(path.startsWith(home)).toBe(true);
    await expect(stranger.open(chainKey, { chainId: '11'.repeat(32) })).rejects.toMatchObject({
      reason: 'CHAIN_ID_MISMATCH',
    });
    await expect(stranger.open(chainKey, { trustMode: 'centralized' })).rejects.toMatchObject({
      reason: 'TRUST_MODE_MISMATCH',
    });
    await rm(path);
    await client.open(chainKey);
  });

  test('a restored older state is noticed, with evidence', async () => {
    const { home, server, fork, connectTo } = await forks();
    {
      await using client = await connectTo(server);
      await append(client, 'a');
    }
    const older = await fork();
    {
      await using client = await connectTo(server);
      await append(client, 'b', 'c');
    }
    await using client = await connectTo(older);
    const error = await client.open(chainKey).catch((e) => e);
    expect(error).toMatchObject({
      reason: 'HEAD_CONFLICT',
      metadata: { known_size: '4', served_size: '2' },
      message: expect.stringContaining('It was restored from an older state'),
    });
    const evidence = JSON.parse(await readFile(error.metadata.evidence, 'utf8'));
    expect(evidence).toMatchObject({ rememberedHead: { size: 4 }, servedHead: { size: 2 } });
    expect(await evidenceOf(home)).toHaveLength(1);
  });

  test('two histories of one length or another are noticed, at opening and in a stream', async () => {
    const { server, fork, connectTo } = await forks();
    {
      await using client = await connectTo(server);
      await append(client, 'a');
    }
    const other = await fork();
    {
      await using client = await connectTo(server);
      await append(client, 'b');
    }
    await using apart = await testClient(other.address);
    await append(apart, 'not b');
    {
      await using client = await connectTo(other);
      await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
    }
    await append(apart, 'c');
    {
      await using client = await connectTo(other);
      await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
    }
    // Opened at the one, then led to the other.
    await using client = await connectTo(server);
    const chain = await client.open(chainKey);
    const events = chain.subscribe({ heartbeatMs: 100 })[Symbol.asyncIterator]();
    for (let index = 0; index < 3; index += 1) await events.next();
    const next = events.next();
    await (await connectTo(other)).close();
    await expect(next).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
    await expect(take(chain.subscribe(), 4)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
    await expect(all(chain.read({ reverse: true }))).rejects.toMatchObject({
      reason: 'HEAD_CONFLICT',
    });
  });

  test('a writer that is ahead of a restored server is told so, and nothing is appended', async () => {
    const { home, server, fork, connectTo } = await forks();
    {
      await using client = await connectTo(server);
      await append(client, 'a');
    }
    const older = await fork();
    {
      await using client = await connectTo(server);
      await append(client, 'b', 'c');
    }
    // The head is forgotten; the writer's slot isn't.
    await rm(join(home, 'chains'), { recursive: true });
    await using client = await connectTo(older);
    const chain = await client.open(chainKey, { key: testKey });
    const ahead = await chain.append({ data: 'd' }).catch((error) => error);
    expect(ahead).toMatchObject({
      reason: 'WRITER_AHEAD',
      metadata: { next_counter: '2', counter: '4' },
    });
    expect(await all(chain.read())).toHaveLength(2);
    await client.close();
    // It says what to do to go on all the same.
    const [, file = ''] = /delete (.*)$/.exec(ahead.message) ?? [];
    await rm(file);
    await using later = await connectTo(older);
    await append(later, 'd');
    expect(await all((await later.open(chainKey)).read())).toHaveLength(3);
  });
});

function inWords(event: {
  sequence: number;
  commit: number;
  type: string | undefined;
  data: Buffer | undefined;
}) {
  return `${event.sequence} ${event.commit} ${event.type} ${event.data?.toString('base64')}`;
}
