// What the server's main thread has to do for a batch of one event beside what gRPC does, in microseconds of processor time:
// 64 streams of one chain. What the thread pool does for the disk is not counted.
//
//   node bench/micro/append-stream.ts

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { frame } from '../../src/bytes/index.ts';
import { ChainRegistry } from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { buildGenesis, chainIdOf, parseChainKey } from '../../src/event/index.ts';
import { RealStorage } from '../../src/log/index.ts';
import type { DuplexCall } from '../../src/server/method.ts';
import { append } from '../../src/server/methods/append.ts';
import type { ChainServiceDeps } from '../../src/server/methods/deps.ts';
import { checkHashes } from '../../src/trust/index.ts';
import { SealedWriter } from '../load/sealed-writer.ts';

const streams = 64;
const batchesEach = 300;
const rounds = 7;
const chainKey = 'example.com/bench/append';
const chainKeyField = 16;
const logger = pino({ level: 'silent' });

/** A stream without a transport: so many messages are in flight at once, and each answer lets the next one come. */
class FakeCall {
  readonly signal = new AbortController().signal;
  readonly logger = logger;
  readonly peer = '127.0.0.1:1';
  readonly isLocal = true;
  readonly ticket = undefined;
  readonly method = 'atedb.v1.ChainService/Append';
  readonly requests: AsyncIterable<Buffer>;
  #wake: (() => void) | undefined;
  #messages: readonly Buffer[] = [];
  #given = 0;
  #answered = 0;
  readonly #inFlight: number;
  #done: (() => void) | undefined;

  constructor(inFlight: number) {
    this.#inFlight = inFlight;
    this.requests = { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  }

  exchange(messages: readonly Buffer[]): Promise<void> {
    this.#messages = messages;
    this.#given = 0;
    this.#answered = 0;
    this.#wake?.();
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  send(answer: Buffer): Promise<void> {
    // Field 3 is a rejection.
    if (answer[0] === 0x1a || answer[34] === 0x1a) throw new Error(answer.toString('latin1'));
    this.#answered += 1;
    if (this.#answered === this.#messages.length) this.#done?.();
    this.#wake?.();
    return Promise.resolve();
  }

  free(): void {}

  async #next(): Promise<IteratorResult<Buffer>> {
    while (
      this.#given === this.#messages.length ||
      this.#given - this.#answered >= this.#inFlight
    ) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const value = this.#messages[this.#given] as Buffer;
    this.#given += 1;
    return { done: false, value };
  }
}

const key = KeyPair.generate();
const header = buildGenesis({
  chainKey: parseChainKey(chainKey),
  trustMode: 'centralized',
  roots: [key.publicKey],
  createdUnixMs: Date.now(),
  salt: randomBytes(16),
  serverIdentity: key.publicKey,
});
const chainId = chainIdOf(header);
const writerOf = () => new SealedWriter({ chainId, key, vouching: 'proven' });
const first = writerOf();
const genesis = await first.sealGenesis(header);

for (const inFlight of [1, 16]) {
  const logsPath = await mkdtemp(join(tmpdir(), 'atedb-bench-'));
  const registry = new ChainRegistry({
    storage: new RealStorage(),
    openChainsMax: 10,
    logsPath,
    serverIdentity: key.publicKey,
    trustMode: 'centralized',
    now: Date.now,
    checkHashes,
    logger,
  });
  // Nobody else owns the chain.
  const owners = { appending: async () => undefined, used: () => undefined };
  const deps = {
    registry,
    identity: key.publicKey,
    owners,
    trustMode: 'centralized',
    now: Date.now,
  };
  const method = append(deps as unknown as ChainServiceDeps);
  const named = (run: Buffer) => Buffer.concat([run, frame(chainKeyField, Buffer.from(chainKey))]);
  const chain = (await registry.openOrCreate(parseChainKey(chainKey), genesis.run))?.chain;
  // Proving is measured nowhere here: every key counts as proven.
  const prepare = chain?.prepare.bind(chain);
  if (chain === undefined || prepare === undefined) throw new Error('no chain');
  chain.prepare = (run) => prepare(run, () => true);
  await chain.submit(await chain.prepare(genesis.run)).durable;

  const writers = Array.from({ length: streams }, writerOf);
  const calls = writers.map(() => new FakeCall(inFlight));
  for (const call of calls) void method.handle(call as unknown as DuplexCall);
  const exchange = async (batches: readonly (readonly Buffer[])[]) =>
    Promise.all(calls.map((call, index) => call.exchange(batches[index] ?? [])));
  const opening = await Promise.all(writers.map((writer) => writer.sealOne()));
  await exchange(opening.map(({ run }) => [named(run)]));

  const figures: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sealed = await Promise.all(writers.map((writer) => writer.seal(batchesEach, 1)));
    const batches = sealed.map((each) => each.map(({ run }) => run));
    const before = process.threadCpuUsage();
    await exchange(batches);
    const { user, system } = process.threadCpuUsage(before);
    figures.push((user + system) / (streams * batchesEach));
  }
  const best = Math.min(...figures.slice(1)).toFixed(1);
  console.log(
    `${inFlight} in flight each: ${best} µs a batch at best (${figures.map((one) => one.toFixed(1)).join(', ')})`,
  );
  await registry.close();
  await rm(logsPath, { recursive: true });
}
process.exit();
