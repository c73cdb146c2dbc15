import { randomBytes } from 'node:crypto';
import { KeyPair, type PublicKey } from '../../src/crypto/index.ts';
import {
  type BuiltEvent,
  buildEvent,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  type EventInput,
  type ParsedDelegation,
  type Precondition,
  parseChainKey,
  sealBatch,
  signBatch,
  type TreeHead,
  type TrustMode,
} from '../../src/event/index.ts';

/** A batch that a test has made. */
export interface TestBatch {
  readonly run: Buffer;
  readonly sealHash: Buffer;
}

/** What a test may choose of a batch; the rest continues the writer's chain of seals. */
export interface TestBatchOptions {
  readonly counter?: number;
  readonly previous?: Buffer | undefined;
  readonly asOf?: TreeHead;
  readonly preconditions?: readonly Precondition[];
}

/** An event with random key and salt, and this data. */
export function testEvent(data: string | Buffer, input: Partial<EventInput> = {}): BuiltEvent {
  return buildEvent({
    kind: 'data',
    primaryKey: randomBytes(16),
    salt: randomBytes(16),
    data: Buffer.from(data),
    ...input,
  });
}

/** Makes the batches of one writer, in order, without a client or a server. */
export class TestWriter {
  readonly key: KeyPair;
  readonly chainId: Buffer;
  readonly salt: Buffer;
  counter = 0;
  previous: Buffer | undefined;

  constructor(chainId: Buffer, key: KeyPair = KeyPair.generate(), salt: Buffer = randomBytes(16)) {
    this.chainId = chainId;
    this.key = key;
    this.salt = salt;
  }

  get identity() {
    return { chainId: this.chainId, fingerprint: this.key.publicKey.fingerprint, salt: this.salt };
  }

  /** Make a batch and count it. */
  async batch(events: readonly BuiltEvent[], options: TestBatchOptions = {}): Promise<TestBatch> {
    const made = await this.make(events, options);
    this.counter += 1;
    this.previous = made.sealHash;
    return made;
  }

  /** Make a batch without counting it. */
  async make(
    events: readonly BuiltEvent[],
    options: TestBatchOptions = {},
    signers: readonly KeyPair[] = [this.key],
    shown: readonly PublicKey[] = [],
    delegations: readonly ParsedDelegation[] = [],
  ): Promise<TestBatch> {
    const sealed = sealBatch({
      writer: this.identity,
      counter: options.counter ?? this.counter,
      previous: 'previous' in options ? options.previous : this.previous,
      eventHeaders: events.map((event) => event.header),
      asOf: options.asOf,
      preconditions: options.preconditions,
    });
    const run = await signBatch(
      events.map((event) => event.frame),
      sealed,
      signers,
      shown,
      delegations.map(({ bytes }) => bytes),
    );
    return { run, sealHash: sealed.hash };
  }
}

/** What a test may choose of a genesis. */
export interface TestGenesisOptions {
  readonly chainKey?: string;
  readonly trustMode?: TrustMode;
  readonly roots?: readonly KeyPair[];
  readonly server?: Pick<KeyPair, 'publicKey'>;
  /** 16 bytes. */
  readonly salt?: Buffer;
  /** Of the writer that makes it; 16 bytes. */
  readonly writerSalt?: Buffer;
  readonly isConfidential?: boolean;
  readonly isPrivate?: boolean;
}

/** A chain that has its genesis only, and the writer that made it. */
export async function testGenesis(options: TestGenesisOptions = {}) {
  const trustMode = options.trustMode ?? 'centralized';
  const roots = options.roots ?? [KeyPair.generate()];
  const [root] = roots;
  if (root === undefined) throw new Error('a test genesis needs a root');
  const header = buildGenesis({
    chainKey: parseChainKey(options.chainKey ?? 'example.com/me/test'),
    trustMode,
    roots: roots.map((key) => key.publicKey),
    createdUnixMs: 1_700_000_000_000,
    isConfidential: options.isConfidential ?? false,
    isPrivate: options.isPrivate ?? false,
    salt: options.salt ?? randomBytes(16),
    serverIdentity:
      trustMode === 'centralized' ? (options.server ?? KeyPair.generate()).publicKey : undefined,
  });
  const writer = new TestWriter(chainIdOf(header), root, options.writerSalt);
  const event = buildGenesisEvent(header);
  const batch = await writer.make([event], {}, roots);
  writer.counter = 1;
  writer.previous = batch.sealHash;
  return { header, writer, batch, roots };
}
