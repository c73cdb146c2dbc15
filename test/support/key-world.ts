import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import {
  type Chain,
  type ChainLease,
  ChainRegistry,
  type PreparedBatch,
  type SubmittedBatch,
} from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { parseChainKey } from '../../src/event/index.ts';
import { type FaultPlan, FaultyStorage } from '../../src/log/faulty-storage.ts';
import type { MemoryStorage } from '../../src/log/memory-storage.ts';
import { emptyDisk } from './log-fixture.ts';
import { TestWriter, testEvent, testGenesis } from './test-writer.ts';

const logsPath = '/logs';
const chainKey = 'team/keys';
export const folder = `${logsPath}/${chainKey}.chain`;
export const writersCount = 3;
/** The keys of tests. */
export const key = (number: number) => Buffer.alloc(16, number + 1);

const root = KeyPair.generate();
const server = KeyPair.generate();

/** A batch that somebody means to append. */
export interface Plan {
  readonly writer: number;
  readonly keys: readonly number[];
  /** Nobody else has written this key among so many last events, as they are when it is its turn. */
  readonly condition: { readonly key: number; readonly back: number } | undefined;
}

/** A chain in memory, its writers, and what its events are. */
export class KeyWorld {
  readonly disk: MemoryStorage;
  readonly writers: TestWriter[];
  readonly events: { writer: number; key: number }[] = [{ writer: -1, key: -1 }];
  readonly durable: Promise<unknown>[] = [];
  readonly notices: string[] = [];
  fault: FaultPlan = () => undefined;
  refreshed = 0;
  #registry: ChainRegistry;
  #lease: ChainLease | undefined;
  readonly #key = parseChainKey(chainKey);

  private constructor(disk: MemoryStorage, writers: TestWriter[]) {
    this.disk = disk;
    this.writers = writers;
    this.#registry = this.#start();
  }

  static async create(): Promise<KeyWorld> {
    const { writer, batch } = await testGenesis({ chainKey, roots: [root], server });
    const others = Array.from({ length: writersCount - 1 }, () => {
      return new TestWriter(writer.chainId, root, randomBytes(16));
    });
    const world = new KeyWorld(await emptyDisk(logsPath), [writer, ...others]);
    world.#lease = await world.#registry.openOrCreate(world.#key, batch.run);
    return world;
  }

  #start(): ChainRegistry {
    return new ChainRegistry({
      storage: new FaultyStorage(this.disk, (call) => this.fault(call)),
      logsPath,
      serverIdentity: server.publicKey,
      trustMode: 'centralized',
      openChainsMax: 10,
      segmentBytesMax: 2_500,
      now: () => 1_700_000_000_000,
      logger: { warn: (_fields, message) => this.notices.push(message) },
    });
  }

  get chain(): Chain {
    if (this.#lease === undefined) throw new Error('the chain is not open');
    return this.#lease.chain;
  }

  async restart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.settle();
    this.#lease?.[Symbol.dispose]();
    await this.#registry.close();
    await meanwhile();
    this.#registry = this.#start();
    this.#lease = await this.#registry.open(this.#key);
  }

  async close(): Promise<void> {
    await this.settle();
    await this.#registry.close();
  }

  /** Wait until all that was appended is durable. */
  async settle(): Promise<void> {
    await Promise.all(this.durable.splice(0));
  }

  /** Make the batch of a plan and prepare it. A condition counts back from the events that there are now. */
  async prepare(plan: Plan, since: number): Promise<PreparedBatch> {
    const { condition, keys } = plan;
    const events = keys.map((number) => testEvent(randomBytes(60), { primaryKey: key(number) }));
    const preconditions =
      condition === undefined
        ? []
        : [
            {
              kind: 'key_unchanged' as const,
              primaryKey: key(condition.key),
              sinceSequence: since,
            },
          ];
    const made = await (this.writers[plan.writer] as TestWriter).make(
      events,
      { preconditions },
      [],
    );
    return this.chain.prepare(made.run, () => true);
  }

  async #refresh(prepared: PreparedBatch): Promise<PreparedBatch> {
    this.refreshed += 1;
    return this.chain.refresh(prepared);
  }

  /** Refresh a batch while it is stale, and use it in the very turn in which it isn't. */
  async whenReady<T>(prepared: PreparedBatch, use: (ready: PreparedBatch) => T): Promise<T> {
    let ready = prepared;
    while (this.chain.isStale(ready)) ready = await this.#refresh(ready);
    return use(ready);
  }

  /** Submit a prepared batch; the list of all events says what must become of it. */
  async submit(plan: Plan, since: number, prepared: PreparedBatch): Promise<void> {
    const { submitted, reason, holds } = await this.whenReady(prepared, (ready) => ({
      holds: this.holds(plan, since),
      ...this.#submit(ready),
    }));
    expect(reason).toBe(holds ? undefined : 'PRECONDITION_FAILED');
    if (submitted === undefined) return;
    this.durable.push(submitted.durable);
    const writer = this.writers[plan.writer] as TestWriter;
    writer.counter += 1;
    writer.previous = submitted.sealHash;
    for (const number of plan.keys) this.events.push({ writer: plan.writer, key: number });
  }

  #submit(ready: PreparedBatch): { submitted?: SubmittedBatch; reason?: string } {
    try {
      return { submitted: this.chain.submit(ready) };
    } catch (error) {
      return { reason: (error as { reason?: string }).reason ?? String(error) };
    }
  }

  holds({ writer, condition }: Plan, since: number): boolean {
    return !this.events.some(
      (event, at) => at >= since && event.key === condition?.key && event.writer !== writer,
    );
  }

  async append(plan: Plan): Promise<void> {
    const since = this.since(plan);
    await this.submit(plan, since, await this.prepare(plan, since));
  }

  since({ condition }: Plan): number {
    return Math.max(0, this.events.length - (condition?.back ?? 0));
  }

  /** Every key's newest event is that of the list. */
  async check(): Promise<void> {
    for (let number = 0; number < 8; number += 1) {
      const newest = this.events.findLastIndex((event) => event.key === number);
      expect(await this.chain.newestOf(key(number)), `key ${number}`).toBe(
        newest === -1 ? undefined : newest,
      );
    }
  }

  /** Lose a write: the batches that wait are gone, and the chain goes on. */
  async loseWrite(plan: Plan): Promise<void> {
    await this.settle();
    const writer = this.writers[plan.writer] as TestWriter;
    const { counter, previous } = writer;
    const { length } = this.events;
    let isDue = true;
    this.fault = ({ name, path }) => {
      if (!isDue || name !== 'writeDurable' || !path.includes('segment-')) return undefined;
      isDue = false;
      return 'torn';
    };
    await this.append({ ...plan, condition: undefined });
    await expect(Promise.all(this.durable.splice(0))).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
    });
    await this.chain.log.healed();
    Object.assign(writer, { counter, previous });
    this.events.length = length;
  }

  keysFiles(): Promise<string[]> {
    return this.disk
      .list(folder)
      .then((names) => names.map(({ name }) => name).filter((name) => name.startsWith('keys-')));
  }
}
