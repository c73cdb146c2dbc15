import { randomFillSync } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { type Chain, createChain, type OpenChainOptions, openChain } from '../chain/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  authChainKey,
  buildGenesis,
  buildGenesisEvent,
  type ChainKey,
  chainIdOf,
  openSealedData,
  parseBatch,
  readConfidentiality,
  sealBatch,
  signBatch,
  splitSlice,
} from '../event/index.ts';
import { RecordCache } from './record-cache.ts';
import { type RecordName, recordKey } from './record-keys.ts';
import type { NamedRecord, RecordStore } from './record-store.ts';
import type { StoreKeys } from './store-keys.ts';
import { type StoredRecord, StoreWriter } from './store-writer.ts';

/** What the records of accounts are kept with. */
export interface AuthStoreOptions extends OpenChainOptions {
  readonly keys: StoreKeys;
  /** The server's identity, which a new chain's genesis names. */
  readonly serverIdentity: PublicKey;
  /** Which of the server's own chains. Absent: that of accounts. */
  readonly chainKey?: ChainKey | undefined;
  /** Whether batches are signed: what is counted needs nobody's signature, and is larger by most of its size with one. Absent: they are. */
  readonly signsBatches?: boolean | undefined;
}

const saltBytes = 16;
/** Records of which the places are kept at once. */
const keysAtOnceMax = 200_000;
const sliceBytesMax = 1024 * 1024;

/** Records of accounts, each the newest event of one object of the chain `_sys/auth`. Memory doesn't grow with their number. */
export class AuthStore implements RecordStore {
  readonly #chain: Chain;
  readonly #keys: StoreKeys;
  readonly #writer: StoreWriter;
  readonly #cache = new RecordCache();

  private constructor(chain: Chain, { keys, signsBatches = true }: AuthStoreOptions) {
    this.#chain = chain;
    this.#keys = keys;
    this.#writer = new StoreWriter(chain, keys, signsBatches);
  }

  /**
   * Open the chain of accounts, or make it where there is none.
   *
   * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW, STORAGE_FAILED; REQUEST_INVALID where the chain was made with another secret.
   */
  static async open(options: AuthStoreOptions): Promise<AuthStore> {
    const { keys, chainKey = authChainKey } = options;
    const chain = (await openChain(options, chainKey)) ?? (await create(options, chainKey));
    try {
      const [root] = chain.genesis.roots;
      if (root?.fingerprintHex !== keys.writer.publicKey.fingerprintHex) {
        throw new AtedbError(
          'REQUEST_INVALID',
          `the chain ${chainKey.text} was made with another secret than the one in auth.key beside it. Restore both from one backup`,
          { metadata: { chain_key: chainKey.text } },
        );
      }
      const store = new AuthStore(chain, options);
      // Power was lost behind its first batch.
      if (chain.log.durable.head.size < 2) await store.#writer.writeRules();
      return store;
    } catch (error) {
      await chain.close();
      throw error;
    }
  }

  /** Commits of the chain, for tests and statistics. */
  get commits(): number {
    return this.#chain.log.durable.head.size;
  }

  /** Bytes of its log. */
  get bytes(): number {
    return this.#chain.log.bytes;
  }

  async get(name: RecordName): Promise<Buffer | undefined> {
    const key = recordKey(this.#keys.macKey, name);
    return this.#cache.get(key, () => this.#read(key));
  }

  async put(records: readonly NamedRecord[]): Promise<void> {
    await this.putStored(
      records.map(({ name, data }): StoredRecord => {
        return { primaryKey: recordKey(this.#keys.macKey, name), data };
      }),
    );
  }

  /** As `put`, of records of which the names aren't known any more. */
  async putStored(stored: readonly StoredRecord[]): Promise<void> {
    await this.#cache.changing(stored, () => this.#writer.write(stored));
  }

  /**
   * All records, each as it is newest, in the order of their writing. Nothing may be written meanwhile.
   *
   * @throws AtedbError CHAIN_DAMAGED, STORAGE_FAILED.
   */
  async *all(): AsyncGenerator<StoredRecord, void> {
    // What is kept of each at once stays small, however many there are.
    const parts = Math.ceil(this.#chain.log.durable.nextSequence / keysAtOnceMax);
    for (let part = 0; part < parts; part += 1) {
      const newest = new Map<string, number>();
      for await (const { key, sequence } of this.#events()) {
        if ((key[0] as number) % parts === part) newest.set(key.toString('latin1'), sequence);
      }
      // In the order of the log: to look each up would read and parse the batch that it is in for each of its records.
      for await (const { key: primaryKey, sequence, batch, index } of this.#events()) {
        if (newest.get(primaryKey.toString('latin1')) !== sequence) continue;
        yield { primaryKey, data: this.#open(batch, index) };
      }
    }
  }

  /** The events of all records, in the order of their writing, and where each is. */
  async *#events() {
    const { log } = this.#chain;
    for (let position = log.startPosition(); ; ) {
      const { bytes, next } = await log.readSlice(position, { bytesMax: sliceBytesMax });
      if (bytes.length === 0) return;
      for (const { run, commit } of splitSlice(bytes)) {
        const batch = parseBatch(run);
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.kindOf(index) !== 'data') continue;
          const { primaryKey: key } = batch.eventAt(index).header;
          if (key !== undefined)
            yield { key, sequence: commit.firstSequence + index, batch, index };
        }
      }
      position = next;
    }
  }

  /** Finish what was begun, and release everything. */
  async close(): Promise<void> {
    await this.#writer.idle();
    await this.#chain.close();
  }

  async #read(primaryKey: Buffer): Promise<Buffer | undefined> {
    const sequence = await this.#chain.newestOf(primaryKey);
    if (sequence === undefined) return undefined;
    const { log } = this.#chain;
    const position = await log.positionOfSequence(sequence);
    const { bytes } = await log.readSlice(position, { bytesMax: 1 });
    const [found] = splitSlice(bytes);
    if (found === undefined) throw unreadable('its newest event is not where its index says');
    return this.#open(parseBatch(found.run), sequence - found.commit.firstSequence);
  }

  /** What an event of a batch has sealed. @throws AtedbError CHAIN_DAMAGED. */
  #open(batch: ReturnType<typeof parseBatch>, index: number): Buffer {
    const { chainId } = this.#chain.genesis;
    const headerBytes = batch.headerOf(index);
    const confidentiality = readConfidentiality(headerBytes);
    const data =
      confidentiality &&
      openSealedData(this.#keys.readKey, {
        ...{ chainId, headerBytes, confidentiality },
        data: batch.dataOf(index),
      });
    if (data === undefined) throw unreadable('it does not open with the key of this service');
    return data;
  }
}

async function create(options: AuthStoreOptions, chainKey: ChainKey): Promise<Chain> {
  const { writer: key, writerSalt } = options.keys;
  const header = buildGenesis({
    chainKey,
    trustMode: 'centralized',
    roots: [key.publicKey],
    createdUnixMs: options.now(),
    salt: randomFillSync(Buffer.alloc(saltBytes)),
    serverIdentity: options.serverIdentity,
  });
  const event = buildGenesisEvent(header);
  const sealed = sealBatch({
    writer: {
      chainId: chainIdOf(header),
      fingerprint: key.publicKey.fingerprint,
      salt: writerSalt,
    },
    counter: 0,
    eventHeaders: [event.header],
  });
  return createChain(options, chainKey, await signBatch([event.frame], sealed, [key]));
}

function unreadable(why: string): AtedbError {
  return new AtedbError(
    'CHAIN_DAMAGED',
    `a record of the chain ${authChainKey.text} can't be read: ${why}`,
    { metadata: { chain_key: authChainKey.text } },
  );
}
