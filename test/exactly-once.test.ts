import { cp, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { writerBatchesInFlightMax } from '../src/bytes/index.ts';
import { AtedbError, type Chain, type Notice } from '../src/client/index.ts';
import { type AppendCall, type RawClient, reasonOf } from './support/raw-client.ts';
import { rounds } from './support/scale.ts';
import { type Random, seededRandom } from './support/seed.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { type TestBatch, TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

/** Everything that a stream answers, by seal hash: the commit header. Ends where the stream does. */
async function answersOf(call: AppendCall): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  try {
    for (let answer = await call.answer(); answer !== undefined; answer = await call.answer()) {
      if (answer.outcome.case !== 'committed') throw new Error(JSON.stringify(answer.outcome));
      const seal = Buffer.from(answer.sealHash).toString('hex');
      const header = Buffer.from(answer.outcome.value.commitHeader).toString('hex');
      expect(answers.get(seal) ?? header).toBe(header);
      answers.set(seal, header);
    }
  } catch (error) {
    // The newest of several streams goes on; the others are told so.
    expect(reasonOf(error)).toBe('WRITER_TAKEN_OVER');
  }
  return answers;
}

async function sendAll(
  client: RawClient,
  chainKey: string,
  batches: readonly TestBatch[],
): Promise<Map<string, string>> {
  const call = client.append();
  const answers = answersOf(call);
  for (const { run } of batches) call.send(run, chainKey);
  call.end();
  return answers;
}

test('as many batches as may be in flight, on several streams at once and after a restart: each is stored once, and always answered the same', async () => {
  const chainKey = 'team/duplicates';
  await using server = await TestServer.start({ segmentBytesMax: 100_000 });
  const genesis = await testGenesis({ chainKey, trustMode: 'distributed' });
  using client = server.client();
  await client.appendBatch(genesis.batch.run, chainKey);
  const writer = new TestWriter(genesis.writer.chainId, genesis.writer.key);
  const batches: TestBatch[] = [];
  for (let index = 0; index < writerBatchesInFlightMax; index += 1) {
    batches.push(await writer.batch([testEvent(String(index))]));
  }
  const seen = new Map<string, string>();
  const agree = (answers: Map<string, string>) => {
    for (const [seal, header] of answers) {
      expect(seen.get(seal) ?? header).toBe(header);
      seen.set(seal, header);
    }
  };
  const clients = Array.from({ length: 4 }, () => server.client());
  const streams = clients.map((each) => sendAll(each, chainKey, batches));
  for (const answers of await Promise.all(streams)) agree(answers);
  for (const each of clients) each[Symbol.dispose]();
  const again = await sendAll(client, chainKey, batches);
  expect(again.size).toBe(batches.length);
  agree(again);
  await server.restart();
  using after = server.client();
  const restarted = await sendAll(after, chainKey, batches);
  expect(restarted.size).toBe(batches.length);
  agree(restarted);
  const { nextSequence } = await after.describeChain(chainKey);
  expect(nextSequence).toBe(BigInt(1 + batches.length));
  // One more, and the answer to the first is no longer kept: it is refused, and not stored a second time.
  await after.appendBatch((await writer.batch([testEvent('one more')])).run, chainKey);
  const [first, second] = batches as [TestBatch, TestBatch];
  await expect(after.appendBatch(first.run, chainKey)).rejects.toSatisfy(
    (error) => reasonOf(error) === 'WRITER_FORKED',
  );
  await expect(after.appendBatch(second.run, chainKey)).resolves.toBeDefined();
  expect((await after.describeChain(chainKey)).nextSequence).toBe(nextSequence + 1n);
});

/** Append as an application would that counts its own events; returns what it knows of each. */
async function appendMany(
  chain: Chain,
  name: string,
  count: number,
  random: Random,
): Promise<Map<string, 'stored' | 'unknown'>> {
  const known = new Map<string, 'stored' | 'unknown'>();
  const appends: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const data = `${name} ${index}`;
    const append = chain.append({ data }).then(
      () => void known.set(data, 'stored'),
      (error: unknown) => {
        if (!(error instanceof AtedbError)) throw error;
        expect(error.reason).toBe('OUTCOME_UNKNOWN');
        known.set(data, 'unknown');
      },
    );
    appends.push(append);
    if (random.chance(0.1)) await append;
  }
  await Promise.all(appends);
  return known;
}

test('writers that are copies of each other, both under load: nothing is doubled, and nothing lost', async () => {
  const random = seededRandom();
  await using server = await TestServer.start();
  for (let round = 0; round < rounds({ quick: 1, short: 3, long: 60 }); round += 1) {
    const chainKey = `team/forked_${round}`;
    const home = await temporaryHome();
    const options = { key: testKey, forAppend: true, batchEventsMax: 4 };
    {
      await using client = await testClient(server.address, { home });
      const chain = await client.open(chainKey, options);
      await appendMany(chain, 'before', random.between(1, 20), random);
    }
    const copy = await temporaryHome();
    await cp(home, copy, { recursive: true });
    const notices: Notice[] = [];
    const onNotice = (notice: Notice) => notices.push(notice);
    const known = new Map<string, 'stored' | 'unknown'>();
    const note = (mine: Map<string, 'stored' | 'unknown'>) => {
      for (const [data, state] of mine) known.set(data, state);
    };
    await using one = await testClient(server.address, { home, onNotice });
    await using two = await testClient(server.address, { home: copy, onNotice });
    const chains = [await one.open(chainKey, options), await two.open(chainKey, options)] as const;
    // Both are at work as the same writer before the load begins.
    for (const [at, chain] of chains.entries())
      note(await appendMany(chain, `copy ${at}`, 1, random));
    const running = chains.map(async (chain, at) => {
      note(await appendMany(chain, `copy ${at} load`, random.between(20, 60), random.fork()));
      // What was sent when the fork was noticed is unknown; then it goes on.
      let last = new Map<string, 'stored' | 'unknown'>();
      for (let tries = 0; tries < 3; tries += 1) {
        last = await appendMany(chain, `copy ${at} last ${tries}`, 1, random);
        note(last);
        if ([...last.values()].includes('stored')) break;
      }
      expect([...last.values()]).toEqual(['stored']);
    });
    await Promise.all(running);
    await using reader = await testClient(server.address);
    const events = await all((await reader.open(chainKey)).read({ from: 1 }));
    const stored = events.map(({ data }) => String(data));
    expect(new Set(stored).size).toBe(stored.length);
    for (const [data, state] of known) if (state === 'stored') expect(stored).toContain(data);
    const after = stored.filter((data) => data.startsWith('copy'));
    expect(after.filter((data) => !known.has(data))).toEqual([]);
    // The one that came second has noticed.
    expect(notices.map(({ kind }) => kind)).toContain('new-writer');
    expect(new Set(events.map(({ writerId }) => writerId.toString('hex'))).size).toBeGreaterThan(1);
    // Those of one client are in their order.
    for (const index of [0, 1]) {
      const numbers = after
        .filter((data) => data.startsWith(`copy ${index} load`))
        .map((data) => Number(data.split(' ').at(-1)));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  }
}, 300_000);

test('a server that is restored to an older state under a running client is never silently gone on with', async () => {
  const chainKey = 'team/restored';
  const older = await temporaryHome();
  const home = await temporaryHome();
  await using server = await TestServer.start();
  {
    await using creator = await testClient(server.address);
    const created = await creator.open(chainKey, { key: testKey, forAppend: true });
    await created.append({ data: 'a' });
  }
  const keep = () => cp(server.logsPath, older, { recursive: true });
  const restore = async () => {
    await rm(server.logsPath, { recursive: true });
    await cp(older, server.logsPath, { recursive: true });
  };
  await server.restart(keep);
  await using proxy = await TcpProxy.start(() => server.address);
  await using client = await testClient(proxy.address, { home });
  const chain = await client.open(chainKey, { key: testKey });
  await chain.append({ data: 'b' });
  await chain.append({ data: 'c' });
  await server.restart(restore);
  await expect(chain.append({ data: 'd' })).rejects.toMatchObject({
    reason: expect.stringMatching(/^(WRITER_AHEAD|HEAD_CONFLICT)$/),
  });
  await expect(chain.append({ data: 'e' })).rejects.toMatchObject({
    reason: expect.stringMatching(/^(WRITER_AHEAD|HEAD_CONFLICT)$/),
  });
  await chain.close().catch((error: unknown) => {
    expect(error).toMatchObject({ reason: 'HEAD_CONFLICT' });
  });
  await using reader = await testClient(server.address);
  const events = await all((await reader.open(chainKey)).read({ from: 1 }));
  expect(events.map(({ data }) => String(data))).toEqual(['a']);
});
