import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  type Chain,
  type ChainLease,
  ChainRegistry,
  type QuotaSettings,
  quotasNone,
} from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { type BuiltEvent, buildEvent, parseChainKey } from '../../src/event/index.ts';
import type { Storage } from '../../src/log/index.ts';
import { testKey } from './test-client.ts';
import { type TestWriter, testEvent, testGenesis } from './test-writer.ts';

export const logsPath = '/logs';
const server = KeyPair.generate();

/** A chain that a test appends to. */
export interface Appender {
  readonly chain: Chain;
  readonly lease: ChainLease;
  readonly root: TestWriter;
}

/** Chains on a disk in memory, with quotas. */
export class QuotaWorld {
  readonly registry: ChainRegistry;
  readonly storage: Storage;
  nowUnixMs = 1_700_000_000_000;

  constructor(storage: Storage, quotas: Partial<QuotaSettings>, openChainsMax = 10) {
    this.storage = storage;
    this.registry = new ChainRegistry({
      storage,
      logsPath,
      serverIdentity: server.publicKey,
      trustMode: 'centralized',
      openChainsMax,
      segmentBytesMax: 64 * 1024,
      now: () => this.nowUnixMs,
      logger: { warn: () => undefined },
      quotas: { ...quotasNone, ...quotas },
    });
    onTestFinished(() => this.registry.close());
  }

  async create(chainKey: string): Promise<Appender> {
    const { writer, batch } = await testGenesis({ chainKey, roots: [testKey], server });
    const lease = await this.registry.openOrCreate(parseChainKey(chainKey), batch.run);
    if (lease === undefined) throw new Error('it was not created');
    writer.counter = 1;
    writer.previous = batch.sealHash;
    return { chain: lease.chain, lease, root: writer };
  }

  use(chainKey: string) {
    return this.registry.open(parseChainKey(chainKey));
  }
}

export const datum = (bytes: number, primaryKey: Buffer = randomBytes(16)) =>
  testEvent(randomBytes(bytes), { primaryKey });
export const rulesOf = (primaryKey?: Buffer) =>
  buildEvent({
    kind: 'rules',
    primaryKey,
    data: Buffer.alloc(0),
    salt: randomBytes(16),
    authority: { authorisation: { write: { kind: 'everyone' } } },
  });
export const tombstone = () => testEvent('', { kind: 'tombstone', primaryKey: randomBytes(16) });

/** Append a batch, and wait until it is durable; the writer counts it only then. */
export async function append(
  chain: Chain,
  writer: TestWriter,
  events: BuiltEvent[],
): Promise<void> {
  const { run, sealHash } = await writer.make(events);
  const prepared = await chain.prepare(run);
  const { durable } = chain.submit(prepared);
  writer.counter += 1;
  writer.previous = sealHash;
  await durable;
}
