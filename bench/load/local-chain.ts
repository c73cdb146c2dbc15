import { randomBytes } from 'node:crypto';
import { type Chain, ChainRegistry } from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import {
  buildEvents,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  type EventInput,
  parseChainKey,
  sealBatch,
  signBatch,
} from '../../src/event/index.ts';
import { RealStorage } from '../../src/log/index.ts';

const saltBytes = 16;
/** Batches that wait to be durable at once. */
const batchesAtOnce = 64;

interface WriterOf {
  readonly chainId: Buffer;
  readonly fingerprint: Buffer;
  readonly salt: Buffer;
}

/** A chain that is written to without a server: for rows about what lies below one. */
export class LocalWriter {
  readonly chainKey: string;
  readonly genesis: Buffer;
  readonly #writer: WriterOf;
  #counter = 0;
  #previous: Buffer | undefined;

  private constructor(chainKey: string, genesis: Buffer, writer: WriterOf) {
    this.chainKey = chainKey;
    this.genesis = genesis;
    this.#writer = writer;
  }

  /** Make a chain up, and a writer to it. */
  static async of(chainKey: string): Promise<LocalWriter> {
    const root = KeyPair.generate();
    const header = buildGenesis({
      chainKey: parseChainKey(chainKey),
      trustMode: 'centralized',
      roots: [root.publicKey],
      createdUnixMs: Date.now(),
      isConfidential: false,
      isPrivate: false,
      salt: randomBytes(saltBytes),
      serverIdentity: server.publicKey,
    });
    const chainId = chainIdOf(header);
    const { fingerprint } = root.publicKey;
    const writer = { chainId, fingerprint, salt: randomBytes(saltBytes) };
    const event = buildGenesisEvent(header);
    const sealed = sealBatch({ writer, counter: 0, eventHeaders: [event.header] });
    const genesis = await signBatch([event.frame], sealed, [root], []);
    return new LocalWriter(chainKey, genesis, writer).another();
  }

  /** Another writer to the same chain. */
  another(): LocalWriter {
    const writer = { ...this.#writer, salt: randomBytes(saltBytes) };
    return new LocalWriter(this.chainKey, this.genesis, writer);
  }

  /** Seal a batch of data events. */
  async seal(events: readonly Omit<EventInput, 'kind' | 'salt'>[]): Promise<Buffer> {
    const built = buildEvents(
      events.map((one) => ({ kind: 'data', salt: randomBytes(saltBytes), ...one })),
    );
    const sealed = sealBatch({
      writer: this.#writer,
      counter: this.#counter,
      previous: this.#previous,
      eventHeaders: built.map(({ header }) => header),
    });
    this.#counter += 1;
    this.#previous = sealed.hash;
    return signBatch(
      built.map(({ frame }) => frame),
      sealed,
      [],
      [],
    );
  }

  /** Append batches, each as it is made, some of them at once. Resolves when all are durable. */
  async append(chain: Chain, batches: AsyncIterable<Buffer>): Promise<void> {
    const waiting: Promise<unknown>[] = [];
    for await (const run of batches) {
      const prepared = await chain.prepare(run, () => true);
      waiting.push(chain.submit(prepared).durable);
      if (waiting.length >= batchesAtOnce) await waiting.shift();
    }
    await Promise.all(waiting);
  }
}

/** The server that all such chains are of. */
const server = KeyPair.generate();

/** What is written and read of a chain that is open in this process. */
export async function withLocalChain<T>(
  logsPath: string,
  of: { readonly chainKey: string; readonly genesis: Buffer; readonly segmentBytesMax?: number },
  use: (chain: Chain) => Promise<T>,
): Promise<T> {
  const registry = new ChainRegistry({
    storage: new RealStorage(),
    logsPath,
    serverIdentity: server.publicKey,
    trustMode: 'centralized',
    openChainsMax: 2,
    segmentBytesMax: of.segmentBytesMax,
    now: Date.now,
    logger: { warn: () => undefined },
  });
  try {
    using lease = await registry.openOrCreate(parseChainKey(of.chainKey), of.genesis);
    if (lease === undefined) throw new Error('the chain was not created');
    return await use(lease.chain);
  } finally {
    await registry.close();
  }
}
