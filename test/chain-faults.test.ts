import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { AtedbError } from '../src/bytes/index.ts';
import { type Chain, ChainRegistry } from '../src/chain/index.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { parseChainKey, splitSlice } from '../src/event/index.ts';
import { type Fault, FaultyStorage } from '../src/log/faulty-storage.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { powerCuts } from './support/power-cuts.ts';
import { rounds } from './support/scale.ts';
import { type TestBatch, TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

// Every call to the file system fails in turn, below whole chains: with their rules, their rolls and their restarts.
// What a writer must do is what a client does: send the same batches again, until they are answered.

const logsPath = '/logs';
const segmentBytesMax = 2_500;
const server = KeyPair.generate();
/** The whole matrix takes minutes. */
const every = rounds({ quick: 53, short: 17, long: 1 });

/** Batches of one writer that are sent together, or a restart in between. */
type Step = { chainKey: string; batches: readonly TestBatch[] } | 'restart';
let steps: Step[];
/** All runs of each chain, in the order in which the script has them accepted. */
const expected = new Map<string, Buffer[]>();

beforeAll(async () => {
  steps = [];
  const root = KeyPair.generate();
  const writers: { chainKey: string; writer: TestWriter }[] = [];
  const add = (chainKey: string, batches: TestBatch[]) => {
    steps.push({ chainKey, batches });
    expected.set(chainKey, [...(expected.get(chainKey) ?? []), ...batches.map(({ run }) => run)]);
  };
  for (const chainKey of ['team/one', 'example.com/me/two']) {
    const { writer, batch } = await testGenesis({ chainKey, roots: [root], server });
    add(chainKey, [batch]);
    writers.push({ chainKey, writer });
    writers.push({ chainKey, writer: new TestWriter(writer.chainId, root, randomBytes(16)) });
  }
  for (let round = 0; round < 4; round += 1) {
    for (const { chainKey, writer } of writers) {
      const batches: TestBatch[] = [];
      for (let count = 0; count <= round; count += 1) {
        const made = await writer.make([testEvent(randomBytes(100)), testEvent('x')], {}, []);
        writer.counter += 1;
        writer.previous = made.sealHash;
        batches.push(made);
      }
      add(chainKey, batches);
    }
    if (round % 2 === 0) steps.push('restart');
  }
});

/** Chains on a disk that fails, and what their writers were told. */
class Session {
  readonly acknowledged = new Map<string, number>();
  readonly #storage: FaultyStorage;
  #registry: ChainRegistry;

  constructor(storage: FaultyStorage) {
    this.#storage = storage;
    this.#registry = this.#open();
  }

  #open(): ChainRegistry {
    return new ChainRegistry({
      storage: this.#storage,
      logsPath,
      serverIdentity: server.publicKey,
      trustMode: 'centralized',
      openChainsMax: 10,
      segmentBytesMax,
      now: () => 1_700_000_000_000,
      logger: { warn: () => undefined },
    });
  }

  async restart(): Promise<void> {
    await this.#registry.close();
    this.#registry = this.#open();
  }

  async close(): Promise<void> {
    await this.#registry.close();
  }

  /** Send batches until all are answered, as a client does; a chain that can only be read takes a restart. */
  async send({ chainKey, batches }: Exclude<Step, 'restart'>, triesMax: number): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#sendOnce(chainKey, batches);
        const before = this.acknowledged.get(chainKey) ?? 0;
        this.acknowledged.set(chainKey, before + batches.length);
        return;
      } catch (error) {
        if (!(error instanceof AtedbError) || tries === triesMax) throw error;
        if (error.reason === 'CHAIN_READ_ONLY') await this.restart();
        else if (error.reason !== 'STORAGE_FAILED') throw error;
      }
      // Healing takes a few turns.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #sendOnce(chainKey: string, batches: readonly TestBatch[]): Promise<void> {
    const [first] = batches;
    using lease = await this.#registry.openOrCreate(
      parseChainKey(chainKey),
      first?.run ?? Buffer.alloc(0),
    );
    if (lease === undefined) throw new Error(`${chainKey} is not there`);
    const { chain } = lease;
    const prepared = await Promise.all(batches.map(({ run }) => chain.prepare(run, () => true)));
    const durable = prepared.map((one) => chain.submit(one).durable);
    const settled = await Promise.allSettled(durable);
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Everything that was acknowledged is there, in order, once; beyond it at most what was sent and had no answer. */
  async check(what: string): Promise<void> {
    for (const [chainKey, runs] of expected) {
      const acknowledged = this.acknowledged.get(chainKey) ?? 0;
      const lease = await this.#registry.openIfThere(parseChainKey(chainKey));
      if (lease === undefined) {
        expect(acknowledged, what).toBe(0);
        continue;
      }
      using open = lease;
      expect(open.chain.log.trouble, what).toBeUndefined();
      const read = await readRuns(open.chain);
      expect(read.length, what).toBeGreaterThanOrEqual(acknowledged);
      expect(
        read.every((run, index) => run.equals(runs[index] as Buffer)),
        what,
      ).toBe(true);
      const { size, root } = open.chain.log.durable.head;
      expect(await open.chain.log.tree.rootAt(size), what).toEqual(root);
    }
  }
}

async function readRuns(chain: Chain): Promise<Buffer[]> {
  const runs: Buffer[] = [];
  let position = chain.log.startPosition();
  for (;;) {
    const { bytes, next } = await chain.log.readSlice(position, { bytesMax: 4_096 });
    if (bytes.length === 0) return runs;
    runs.push(...splitSlice(bytes).map(({ run }) => Buffer.from(run)));
    position = next;
  }
}

/** Run the whole script. */
async function runScript(session: Session, triesMax: number): Promise<void> {
  for (const step of steps) {
    if (step === 'restart') await session.restart();
    else await session.send(step, triesMax);
  }
}

let callCount: number;
beforeAll(async () => {
  const storage = new FaultyStorage(await emptyDisk(logsPath), () => undefined);
  const session = new Session(storage);
  await runScript(session, 0);
  callCount = storage.calls.length;
  await session.check('without a fault');
  await session.close();
});

test('the script rolls, restarts and grows', () => {
  expect(callCount).toBeGreaterThan(300);
});

async function checkAfterCut(disk: MemoryStorage, session: Session, what: string): Promise<void> {
  for (const [name, survives] of powerCuts()) {
    const copy = disk.clone({ keepsUnsynced: true });
    copy.powerCut(survives);
    const after = new Session(new FaultyStorage(copy, () => undefined));
    for (const [chainKey, count] of session.acknowledged) after.acknowledged.set(chainKey, count);
    await after.check(`${what}, then a power cut: ${name}`);
    await after.close();
  }
}

const faults: Fault[] = ['refused', 'persisted', 'torn'];

test.each(faults)(
  'one call that is %s is healed or restarted from: nothing is lost or doubled',
  async (fault) => {
    for (let at = faults.indexOf(fault); at < callCount; at += every) {
      const disk = await emptyDisk(logsPath);
      let isFaulty = true;
      const storage = new FaultyStorage(disk, ({ index }) =>
        isFaulty && index === at ? fault : undefined,
      );
      const session = new Session(storage);
      await runScript(session, 4);
      isFaulty = false;
      const { name, path } = storage.calls[at] ?? { name: 'no call', path: '' };
      const what = `${name} ${path} (call ${at})`;
      await session.check(what);
      await checkAfterCut(disk, session, what);
      await session.close();
    }
  },
  600_000,
);

test.each(faults)(
  'from one call on all are %s for a while: then the chains go on',
  async (fault) => {
    for (let at = faults.indexOf(fault); at < callCount; at += 3 * every) {
      const disk = await emptyDisk(logsPath);
      let isFaulty = true;
      const storage = new FaultyStorage(disk, ({ index }) =>
        isFaulty && index >= at && index < at + 25 ? fault : undefined,
      );
      const session = new Session(storage);
      const what = `calls from ${at} on`;
      await runScript(session, 60);
      isFaulty = false;
      await session.check(what);
      await checkAfterCut(disk, session, what);
      await session.close();
    }
  },
  600_000,
);
