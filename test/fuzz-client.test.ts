import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AtedbClient, AtedbError, type Chain } from '../src/client/index.ts';
import { mutate } from './support/fuzz/mutate.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { rounds } from './support/scale.ts';
import { Random, seededRandom } from './support/seed.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// A client is sent spoilt answers to every call: it gives what is true, or fails with an error of ours; it never hangs,
// and goes on when the server tells the truth again.

const inputs = rounds({ short: 40, long: 1_500 });
const chainKey = 'team/spoilt';
const primaryKey = Buffer.alloc(16, 3);
/** More than any call takes here; one that waits for what never comes ends by it. */
const timeoutMs = 10_000;

let server: TestServer;
let proxy: LyingProxy;
let client: AtedbClient;
let chain: Chain;
let truth: string[];
/** True answers, of which parts end up in others. */
const donors: Buffer[] = [];

beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized' });
  proxy = await LyingProxy.start(server.address);
  proxy.lie = (_method, answer) => {
    if (donors.length < 100) donors.push(answer);
    return answer;
  };
  client = await testClient(proxy.address);
  chain = await client.open(chainKey, { key: testKey, forAppend: true, reconnectMs: 0 });
  for (let batch = 0; batch < 4; batch += 1) {
    await chain.append([{ data: `${batch}a`, type: 't', primaryKey }, { data: `${batch}b` }]);
  }
  truth = (await all(chain.read())).map(inWords);
  await all(chain.read({ reverse: true }));
  await chain.get({ primaryKey });
  await take(chain.subscribe(), truth.length);
});

afterAll(async () => {
  await client.close();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const inWords = ({ sequence, data }: { sequence: number; data: Buffer | undefined }) =>
  `${sequence}: ${data?.toString('hex')}`;

/** Each way to use a client, and whether what it gives is true. */
const uses: [string, () => Promise<unknown>, (given: unknown) => void][] = [
  [
    'open',
    async () => {
      const opened = await client.open(chainKey, { timeoutMs });
      await opened.close();
      return opened.chainId;
    },
    (chainId) => expect(chainId).toEqual(chain.chainId),
  ],
  ['read', () => all(chain.read({ timeoutMs })), (events) => expectTruth(events, truth)],
  [
    'read in reverse',
    () => all(chain.read({ reverse: true, timeoutMs })),
    (events) => expectTruth(events, truth.toReversed()),
  ],
  [
    'subscribe',
    // What is withheld is noticed by the heads that heartbeats name.
    () => take(chain.subscribe({ timeoutMs, heartbeatMs: 300 }), truth.length),
    (events) => expectTruth(events, truth),
  ],
  [
    'get',
    () => chain.get({ sequence: 3 }, { timeoutMs }),
    (event) => expectTruth([event], truth.slice(3, 4)),
  ],
  ['describe', () => client.describe(chainKey, { timeoutMs }), () => undefined],
  ['list', () => take(client.listChains({ timeoutMs }), 10), () => undefined],
];

function expectTruth(events: unknown, due: readonly string[]): void {
  expect((events as Parameters<typeof inWords>[0][]).map(inWords)).toEqual(due);
}

test.each(uses)(
  'spoilt answers to "%s" are refused with an error of ours',
  async (_, use, check) => {
    const { seed } = seededRandom();
    let refused = 0;
    for (let index = 0; index < inputs; index += 1) {
      const random = new Random(seed ^ Math.imul(index + 1, 0x9e37_79b1));
      const told: string[] = [`input ${index}`];
      const spoilt = random.between(0, 2);
      let messages = 0;
      proxy.lie = (method, answer) => {
        messages += 1;
        if (messages - 1 !== spoilt % 3 && random.chance(0.7)) return answer;
        const lie = mutate(answer, random, donors);
        told.push(`${method}: ${lie.toString('hex')}`);
        return lie;
      };
      let given: unknown;
      try {
        given = await use();
      } catch (error) {
        expect(error, `${told.join('\n')}\n${(error as Error).stack}`).toBeInstanceOf(AtedbError);
        expect((error as AtedbError).reason, told.join('\n')).not.toBe('DEADLINE_EXCEEDED');
        refused += 1;
        continue;
      }
      check(given);
    }
    expect(refused).toBeGreaterThan(inputs / 20);
    proxy.lie = (_method, answer) => answer;
    expectTruth(await all(chain.read()), truth);
  },
);

test('what is appended through spoilt answers is there once if it was acknowledged, and else at most once', async () => {
  const { seed } = seededRandom();
  let refused = 0;
  const acknowledged: string[] = [];
  for (let index = 0; index < inputs; index += 1) {
    const random = new Random(seed ^ Math.imul(index + 1, 0x9e37_79b1));
    const told: string[] = [`input ${index}`];
    proxy.lie = (method, answer) => {
      if (random.chance(0.5)) return answer;
      const lie = mutate(answer, random, donors);
      told.push(`${method}: ${lie.toString('hex')}`);
      return lie;
    };
    const data = `append ${index}`;
    const outcome = await chain.append({ data }, { timeoutMs }).catch((error: unknown) => error);
    proxy.lie = (_method, answer) => answer;
    if (outcome instanceof Error) {
      expect(outcome, `${told.join('\n')}\n${outcome.stack}`).toBeInstanceOf(AtedbError);
      expect((outcome as AtedbError).reason, told.join('\n')).not.toBe('DEADLINE_EXCEEDED');
      refused += 1;
    } else {
      acknowledged.push(data);
    }
  }
  expect(refused).toBeGreaterThan(inputs / 20);
  // One that waits: what became of the last batch may be unknown, and then it goes on as a new writer.
  await using patient = await client.open(chainKey, { key: testKey, forAppend: true });
  await expect(patient.append({ data: 'the truth again' })).resolves.toBeDefined();
  // Where it is, is the server's word until the chain is read.
  const there = (await all(patient.read())).map((event) => String(event.data));
  expect(acknowledged.filter((data) => !there.includes(data))).toEqual([]);
  expect(new Set(there).size).toBe(there.length);
});
