import { randomFillSync } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { type Chain, createChain, type OpenChainOptions, openChain } from '../chain/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  authChainKey,
  buildGenesis,
  buildGenesisEvent,
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
import type { StoreKeys } from './store-keys.ts';
import { type StoredRecord, StoreWriter } from './store-writer.ts';

/** What the records of accounts are kept with. */
export interface AuthStoreOptions extends OpenChainOptions {
  readonly keys: StoreKeys;
  /** The server's identity, which a new chain's genesis names. */
  readonly serverIdentity: PublicKey;
}

const saltBytes = 16;

/** Records of accounts, each the newest event of one object of the chain `_sys/auth`. Memory doesn't grow with their number. */
export class AuthStore {
  readonly #chain: Chain;
  readonly #keys: StoreKeys;
  readonly #writer: StoreWriter;
  readonly #cache = new RecordCache();

  private constructor(chain: Chain, keys: StoreKeys) {
    this.#chain = chain;
    this.#keys = keys;
    this.#writer = new StoreWriter(chain, keys);
  }

  /**
   * Open the chain of accounts, or make it where there is none.
   *
   * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW, STORAGE_FAILED; REQUEST_INVALID where the chain was made with another secret.
   */
  static async open(options: AuthStoreOptions): Promise<AuthStore> {
    const { keys } = options;
    const chain = (await openChain(options, authChainKey)) ?? (await create(options));
    try {
      const [root] = chain.genesis.roots;
      if (root?.fingerprintHex !== keys.writer.publicKey.fingerprintHex) {
        throw new AtedbError(
          'REQUEST_INVALID',
          `the chain ${authChainKey.text} was made with another secret than the one in auth.key beside it. Restore both from one backup`,
          { metadata: { chain_key: authChainKey.text } },
        );
      }
      const store = new AuthStore(chain, keys);
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

  /**
   * The newest content of a record, from what is durable.
   *
   * @returns undefined where it was never written.
   * @throws AtedbError CHAIN_DAMAGED, STORAGE_FAILED.
   */
  async get(name: RecordName): Promise<Buffer | undefined> {
    const key = recordKey(this.#keys.macKey, name);
    return this.#cache.get(key, () => this.#read(key));
  }

  /**
   * Write records, all or none. Resolves when they are durable. Who changes a record from what it was has to keep others from doing so
   * meanwhile.
   *
   * @throws AtedbError as `StoreWriter.write`.
   */
  async put(
    records: readonly { readonly name: RecordName; readonly data: Buffer }[],
  ): Promise<void> {
    const stored = records.map(({ name, data }): StoredRecord => {
      return { primaryKey: recordKey(this.#keys.macKey, name), data };
    });
    await this.#cache.changing(stored, () => this.#writer.write(stored));
  }

  /** Finish what was begun, and release everything. */
  async close(): Promise<void> {
    await this.#writer.idle();
    await this.#chain.close();
  }

  async #read(primaryKey: Buffer): Promise<Buffer | undefined> {
    const sequence = await this.#chain.newestOf(primaryKey);
    if (sequence === undefined) return undefined;
    const { log, genesis } = this.#chain;
    const position = await log.positionOfSequence(sequence);
    const { bytes } = await log.readSlice(position, { bytesMax: 1 });
    const [found] = splitSlice(bytes);
    if (found === undefined) throw unreadable('its newest event is not where its index says');
    const batch = parseBatch(found.run);
    const index = sequence - found.commit.firstSequence;
    const headerBytes = batch.headerOf(index);
    const confidentiality = readConfidentiality(headerBytes);
    const data =
      confidentiality &&
      openSealedData(this.#keys.readKey, {
        chainId: genesis.chainId,
        headerBytes,
        confidentiality,
        data: batch.dataOf(index),
      });
    if (data === undefined) throw unreadable('it does not open with the key of this service');
    return data;
  }
}

async function create(options: AuthStoreOptions): Promise<Chain> {
  const { writer: key, writerSalt } = options.keys;
  const header = buildGenesis({
    chainKey: authChainKey,
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
  return createChain(options, authChainKey, await signBatch([event.frame], sealed, [key]));
}

function unreadable(why: string): AtedbError {
  return new AtedbError(
    'CHAIN_DAMAGED',
    `a record of the chain ${authChainKey.text} can't be read: ${why}`,
    { metadata: { chain_key: authChainKey.text } },
  );
}
