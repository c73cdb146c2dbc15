import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ChainEvent } from '../src/client/index.ts';
import { Frontier } from '../src/crypto/index.ts';
import { commitLeaf, splitSlice } from '../src/event/index.ts';
import { KillableServer } from './support/killable-server.ts';
import {
  type ChainInput,
  type ChainOutput,
  chainModel,
  resolveUnknown,
} from './support/linearizability/chain-model.ts';
import { checkLinearizable, explain } from './support/linearizability/check-linearizable.ts';
import { History, type Operation } from './support/linearizability/history.ts';
import { type GivenLease, LockingClient } from './support/linearizability/locking-client.ts';
import {
  type ChainHistory,
  nameOf,
  ReadingClient,
  type SeenHead,
  WritingClient,
} from './support/linearizability/observed-chain.ts';
import { RawClient, sliceOf } from './support/raw-client.ts';
import { rounds } from './support/scale.ts';
import { type Random, seededRandom } from './support/seed.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, testClient, testKey } from './support/test-client.ts';

const chains = rounds({ short: 1, long: 12 });
const writers = 4;
const readers = 2;
const readsOfEach = rounds({ short: 6, long: 20 });
const appendsOfEach = rounds({ short: 8, long: 80 });
const locksOfEach = rounds({ short: 15, long: 300 });
/** Longer than for appends alone: leases are to meet, too. */
const lockCalmMs = { min: 200, max: 1_500 };
/** Small, so that segments roll and kills fall into that. */
const segmentBytesMax = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that is killed and restarted, behind a proxy that cuts its connections. */
async function troubledServer(): Promise<{ server: KillableServer; proxy: TcpProxy }> {
  const folder = await mkdtemp(join(tmpdir(), 'atedb-linear-'));
  const server = new KillableServer(folder, segmentBytesMax);
  const proxy = await TcpProxy.start(() => server.address);
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]();
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  });
  await server.start();
  return { server, proxy };
}

test(`${chains} chains under concurrent clients, restarts and cut connections are linearizable`, async () => {
  const random = seededRandom();
  const { server, proxy } = await troubledServer();
  for (let chain = 0; chain < chains; chain += 1) {
    await checkOneChain(server, proxy, `team/linear_${chain}`, random);
  }
}, 1_200_000);

test(`locks, and what is appended by their tokens, on ${chains} chains under restarts and cut connections are linearizable`, async () => {
  const random = seededRandom();
  const { server, proxy } = await troubledServer();
  for (let chain = 0; chain < chains; chain += 1) {
    await checkLocks(server, proxy, `team/locks_${chain}`, random);
  }
}, 1_200_000);

async function checkLocks(
  server: KillableServer,
  proxy: TcpProxy,
  chainKey: string,
  random: Random,
): Promise<void> {
  await create(server, chainKey);
  const history: ChainHistory = new History();
  const given: GivenLease[] = [];
  await using stack = new AsyncDisposableStack();
  const locking = await Promise.all(
    Array.from({ length: writers }, (_, index) => {
      const options = { random: random.fork(), history, server: server.address, given };
      return LockingClient.open(`l${index}`, proxy.address, chainKey, options);
    }),
  );
  for (const client of locking) stack.use(client);
  const enough = new AbortController();
  const trouble = makeTrouble(server, proxy, random.fork(), enough.signal, lockCalmMs);
  try {
    await Promise.all(
      locking.map(async (client) => {
        for (let count = 0; count < locksOfEach; ) {
          if ((await client.act()) !== 'nothing') count += 1;
        }
      }),
    );
  } finally {
    enough.abort();
    await trouble;
  }
  const disowned = locking.flatMap((client) => client.disowned);
  const operations = await checkHistory(server, chainKey, history, disowned);
  // The run was one that could have gone wrong: leases were used, and others were too late.
  const outcomes = new Set(operations.map(({ output }) => output?.kind));
  for (const kind of ['committed', 'refused', 'granted']) expect(outcomes).toContain(kind);
}

/** Make a chain with its first event. */
async function create(server: KillableServer, chainKey: string): Promise<void> {
  await using creator = await testClient(server.address);
  const chain = await creator.open(chainKey, { key: testKey, forAppend: true });
  await chain.append({ data: 'first', primaryKey: Buffer.alloc(16, 'A') });
}

/** Read the whole chain, and check that it and all answers are those of one operation after the other. */
async function checkHistory(
  server: KillableServer,
  chainKey: string,
  history: ChainHistory,
  disowned: readonly string[],
): Promise<Operation<ChainInput, ChainOutput>[]> {
  await using client = await testClient(server.address);
  const events = await all((await client.open(chainKey)).read());
  checkNames(events, disowned);
  const first = events.slice(0, 2).map((event) => ({
    writer: 'creator',
    name: nameOf(event),
    object: event.kind === 'genesis' ? 'genesis' : 'A',
  }));
  // The whole chain, read at the end: nothing that came later is missing, and nothing changes afterwards.
  await history.record('the end', { kind: 'range', from: 0, end: undefined }, async () => ({
    output: { kind: 'range', names: events.map(nameOf) },
  }));
  const operations = resolveUnknown(history.operations, events.map(nameOf));
  const verdict = checkLinearizable(chainModel(first), operations);
  if (!verdict.isLinearizable) expect.fail(explain(verdict, operations));
  return operations;
}

async function checkOneChain(
  server: KillableServer,
  proxy: TcpProxy,
  chainKey: string,
  random: Random,
): Promise<void> {
  await create(server, chainKey);
  const history: ChainHistory = new History();
  const options = () => ({ random: random.fork(), history });
  await using stack = new AsyncDisposableStack();
  const writing = await Promise.all(
    Array.from({ length: writers }, (_, index) =>
      WritingClient.open(`w${index}`, proxy.address, chainKey, options()),
    ),
  );
  const reading = await Promise.all(
    Array.from({ length: readers }, (_, index) =>
      ReadingClient.open(`r${index}`, proxy.address, chainKey, options()),
    ),
  );
  for (const client of [...writing, ...reading]) stack.use(client);
  const enough = new AbortController();
  const trouble = makeTrouble(server, proxy, random.fork(), enough.signal);
  try {
    const looking = reading.map(async (client) => {
      for (let count = 0; count < readsOfEach || !enough.signal.aborted; ) {
        if ((await client.read()) !== 'nothing') count += 1;
        await pause(random.between(0, 20));
      }
    });
    await Promise.all(writing.map(appendMany)).finally(() => enough.abort());
    await Promise.all(looking);
  } finally {
    enough.abort();
    await trouble;
  }
  const disowned = writing.flatMap((client) => client.disowned);
  const heads = reading.flatMap((client) => client.heads);
  await checkHeads(server, chainKey, heads);
  const operations = await checkHistory(server, chainKey, history, disowned);
  // The run was one that could have gone wrong.
  const outcomes = new Set(operations.map(({ output }) => output?.kind));
  for (const kind of ['committed', 'refused', 'end', 'range']) expect(outcomes).toContain(kind);
}

/** Append until so many appends have taken effect, been refused, or are of unknown outcome. */
async function appendMany(client: WritingClient): Promise<void> {
  for (let count = 0; count < appendsOfEach; ) {
    if ((await client.append()) !== 'nothing') count += 1;
  }
}

/** Cut connections, kill the server and restart it, each at least once, until it is enough. */
async function makeTrouble(
  server: KillableServer,
  proxy: TcpProxy,
  random: Random,
  enough: AbortSignal,
  calmMs = { min: 50, max: 500 },
): Promise<void> {
  const due: Trouble[] = ['kill', 'cut', 'restart'];
  while (due.length > 0 || !enough.aborted) {
    await pause(random.between(calmMs.min, calmMs.max));
    const trouble = due.shift() ?? random.pick(['cut', 'cut', 'cut', 'kill', 'restart']);
    if (trouble === 'cut') {
      proxy.cut();
      continue;
    }
    if (trouble === 'kill') await server.kill();
    else await server.stop();
    const startedMs = performance.now();
    await server.start();
    // On a busy machine it would do nothing but start.
    await pause(2 * (performance.now() - startedMs));
  }
}

type Trouble = 'cut' | 'kill' | 'restart';

/** Every event is there once, and none of which its writer was told that it isn't. */
function checkNames(events: readonly ChainEvent[], disowned: readonly string[]): void {
  const names = events.map(nameOf);
  expect(new Set(names).size).toBe(names.length);
  expect(disowned.filter((name) => names.includes(name))).toEqual([]);
  // One client is one writer, unless it was forked; two are never the same.
  const writerOf = new Map<string, string>();
  for (const { data, writerId } of events.slice(2)) {
    const [client = ''] = String(data).split('.');
    const id = writerId.toString('hex');
    expect(writerOf.get(id) ?? client).toBe(client);
    writerOf.set(id, client);
  }
}

/** Every head that was told is one that the chain had. */
async function checkHeads(
  server: KillableServer,
  chainKey: string,
  heads: readonly SeenHead[],
): Promise<void> {
  using client = new RawClient(server.address);
  const frontier = Frontier.from(0, []);
  const had = new Set<string>();
  let nextSequence = 0;
  for await (const { bytes, message } of client.readEvents({ chainKey })) {
    if (message.message.case !== 'log') continue;
    for (const { commit } of splitSlice(sliceOf(bytes))) {
      frontier.append(commitLeaf(commit.headerBytes));
      nextSequence += commit.events;
      had.add(
        inWords({ size: frontier.size, root: frontier.root().toString('hex'), nextSequence }),
      );
    }
  }
  expect(heads.map(inWords).filter((head) => !had.has(head))).toEqual([]);
}

const inWords = ({ size, root, nextSequence }: SeenHead) => `${size} ${root} ${nextSequence}`;
