import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseCommitHeader, parseGenesis, splitSlice } from '../src/event/index.ts';
import { ReplayVerifier } from '../src/trust/index.ts';
import { KillableServer } from './support/killable-server.ts';
import { RawClient, sliceOf } from './support/raw-client.ts';
import { rounds } from './support/scale.ts';
import { seededRandom } from './support/seed.ts';
import { type TestBatch, TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

const kills = rounds({ quick: 2, short: 4, long: 200 });
/** Rounds with the same chains; then others take their place, so that a round costs what the last ones wrote. */
const generation = 10;
const chainsAtOnce = 3;
/** Small, so that kills fall into rolls, too. */
const segmentBytesMax = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Sent extends TestBatch {
  /** Commit number that the server acknowledged; undefined where the answer never came. */
  acknowledged: number | undefined;
}

/** One chain under load, and what is known of it. */
class LoadedChain {
  readonly chainKey: string;
  readonly sent: Sent[] = [];
  readonly #server: KillableServer;
  readonly #writer: TestWriter;
  readonly #genesis: Buffer;
  #acknowledged = Promise.withResolvers<void>();
  /** By seal hash. */
  readonly #unanswered = new Map<string, Sent>();

  private constructor(
    server: KillableServer,
    chainKey: string,
    writer: TestWriter,
    genesis: Buffer,
  ) {
    this.#server = server;
    this.chainKey = chainKey;
    this.#writer = writer;
    this.#genesis = genesis;
  }

  static async create(server: KillableServer, chainKey: string): Promise<LoadedChain> {
    const { header, batch, writer } = await testGenesis({ chainKey, trustMode: 'distributed' });
    using client = new RawClient(server.address);
    await client.appendBatch(batch.run, chainKey);
    return new LoadedChain(server, chainKey, new TestWriter(writer.chainId, writer.key), header);
  }

  /**
   * Append with many batches in flight until the server dies. What has no answer is sent again first, as a client does.
   */
  async appendUntilDeath(): Promise<void> {
    using client = new RawClient(this.#server.address);
    const call = client.append();
    let isFirst = true;
    const send = ({ run }: Sent) => {
      call.send(run, isFirst ? this.chainKey : undefined);
      isFirst = false;
    };
    for (const batch of this.#unanswered.values()) send(batch);
    let isDead = false;
    const reading = (async () => {
      for (;;) {
        const answer = await call.answer();
        if (answer?.outcome.case !== 'committed') throw new Error(JSON.stringify(answer?.outcome));
        const header = parseCommitHeader(Buffer.from(answer.outcome.value.commitHeader));
        const hash = header.sealHash.toString('hex');
        const batch = this.#unanswered.get(hash);
        if (batch === undefined) throw new Error(`a batch was answered twice: ${hash}`);
        batch.acknowledged = header.commit;
        this.#unanswered.delete(hash);
        this.#acknowledged.resolve();
      }
    })().catch((error: unknown) => {
      isDead = true;
      return error;
    });
    while (!isDead) {
      if (this.#unanswered.size >= 100) {
        await pause(1);
        continue;
      }
      const number = this.sent.length;
      const events = Array.from({ length: 1 + (number % 5) }, (_, at) =>
        testEvent(`${number} ${at} `.repeat(20)),
      );
      const batch = { ...(await this.#writer.batch(events)), acknowledged: undefined };
      this.sent.push(batch);
      this.#unanswered.set(batch.sealHash.toString('hex'), batch);
      send(batch);
    }
    // Only death ends it: anything that the server says is a failure.
    expect(await reading).toMatchObject({
      code: expect.any(Number),
      details: /ECONN|closed|drop/i,
    });
  }

  /** Resolves at the next acknowledgement. */
  async whenAcknowledged(): Promise<void> {
    this.#acknowledged = Promise.withResolvers();
    await this.#acknowledged.promise;
  }

  /** Every acknowledged batch is there, whole, in order, once. */
  async check(): Promise<void> {
    const stored = await this.#storedSeals();
    for (const { acknowledged, sealHash } of this.sent) {
      if (acknowledged !== undefined) expect(stored[acknowledged]).toBe(sealHash.toString('hex'));
    }
    // What wasn't acknowledged may be there: then in the writer's order, without a gap, and nothing else is.
    const order = this.sent.map(({ sealHash }) => sealHash.toString('hex'));
    expect(stored.slice(1)).toEqual(order.slice(0, stored.length - 1));
  }

  /** Everything that the server has, verified from the genesis on. */
  async #storedSeals(): Promise<string[]> {
    using client = new RawClient(this.#server.address);
    const verifier = new ReplayVerifier(parseGenesis(this.#genesis));
    const seals: string[] = [];
    for await (const { bytes, message } of client.readEvents({ chainKey: this.chainKey })) {
      if (message.message.case !== 'log') continue;
      const slice = sliceOf(bytes);
      await verifier.verify(slice);
      seals.push(...splitSlice(slice).map(({ commit }) => commit.sealHash.toString('hex')));
    }
    return seals;
  }
}

test(`${kills} times kill -9 under load: every acknowledged batch is there, whole, in order, once`, async () => {
  const random = seededRandom();
  const folder = await mkdtemp(join(tmpdir(), 'atedb-kill-'));
  const server = new KillableServer(folder, segmentBytesMax);
  onTestFinished(async () => {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  });
  await server.start();
  const all: LoadedChain[] = [];
  let chains: LoadedChain[] = [];
  /** Rounds that had an acknowledgement at least. */
  let waited = 0;
  for (let round = 0; round < kills; round += 1) {
    if (round % generation === 0) {
      chains = [];
      for (let index = 0; index < chainsAtOnce; index += 1) {
        chains.push(await LoadedChain.create(server, `example.com/kill/g${round}_${index}`));
      }
      all.push(...chains);
    }
    const dying = chains.map((chain) => chain.appendUntilDeath());
    // Mostly while batches are answered; now and then while the chains are being opened.
    if (round === 0 || random.chance(0.8)) {
      await Promise.race(chains.map((chain) => chain.whenAcknowledged()));
      waited += 1;
    }
    await pause(random.between(0, 150));
    await server.kill();
    await Promise.all(dying);
    // Recovery can be killed, too.
    if (random.chance(0.2)) await server.startAndKill(random.between(0, 300));
    await server.start();
    await Promise.all(chains.map((chain) => chain.check()));
  }
  for (const chain of all) await chain.check();
  const acknowledged = all.flatMap(({ sent }) => sent).filter((each) => each.acknowledged);
  expect(acknowledged.length).toBeGreaterThanOrEqual(waited);
}, 900_000);
