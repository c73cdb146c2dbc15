import { randomFillSync } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import type { Chain } from '../chain/index.ts';
import { readKeyIdOf } from '../crypto/index.ts';
import {
  buildEvents,
  type EventInput,
  parseSeal,
  sealBatch,
  sealingUnder,
  signBatch,
  writerIdOf,
} from '../event/index.ts';
import type { StoreKeys } from './store-keys.ts';

/** One object's new content. */
export interface StoredRecord {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** In clear; it is stored sealed. */
  readonly data: Buffer;
}

/** Records that are written together or not at all, and whom to tell. */
interface Waiting {
  readonly records: readonly StoredRecord[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Events of one batch: reading one of them reads them all. */
const batchRecordsMax = 64;
/** Writes that wait. Whoever causes more is told to come again, and memory stays bounded. */
const waitingMax = 4_096;
const saltBytes = 16;
/** Sealed data has none. */
const noSalt = Buffer.alloc(saltBytes);

/** Writes records to a chain, in order, those that come together as one batch. */
export class StoreWriter {
  readonly #chain: Chain;
  readonly #keys: StoreKeys;
  readonly #signs: boolean;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Where its writer is; undefined: the chain has to be asked. */
  #place: { counter: number; previous: Buffer | undefined } | undefined;

  /** @param signs whether batches of records are signed; what says which key they are sealed with is always. */
  constructor(chain: Chain, keys: StoreKeys, signs: boolean) {
    this.#chain = chain;
    this.#keys = keys;
    this.#signs = signs;
  }

  /**
   * Write records, all or none. Resolves when they are durable.
   *
   * @throws AtedbError STORAGE_FAILED where it is not known whether they are stored; CHAIN_READ_ONLY; TOO_MANY_UPLOADS.
   */
  write(records: readonly StoredRecord[]): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      return Promise.reject(
        new AtedbError(
          'TOO_MANY_UPLOADS',
          `${waitingMax} changes of accounts wait to be written, which is the limit; retry later`,
          { metadata: { limit: String(waitingMax) } },
        ),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ records, resolve, reject });
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return promise;
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const together = this.#take();
      try {
        await this.#writeBatch(together.flatMap(({ records }) => records));
        for (const one of together) one.resolve();
      } catch (error) {
        // Whether the batch is stored isn't known: the chain says so when it is asked.
        this.#place = undefined;
        for (const one of together) one.reject(error);
      }
    }
  }

  /** The writes that go into the next batch; at least one. */
  #take(): Waiting[] {
    let count = 0;
    let taken = 0;
    for (const { records } of this.#waiting) {
      count += records.length;
      if (taken > 0 && count > batchRecordsMax) break;
      taken += 1;
    }
    return this.#waiting.splice(0, taken);
  }

  async #writeBatch(records: readonly StoredRecord[]): Promise<void> {
    const { chainId } = this.#chain.genesis;
    const { readKey } = this.#keys;
    await this.#append(
      records.map(({ primaryKey, data }) => ({
        kind: 'data',
        primaryKey,
        data,
        sealing: sealingUnder(readKey, chainId, 'mark'),
        salt: noSalt,
      })),
      this.#signs,
    );
  }

  /** Say which read key the chain's records are sealed with, where a chain that was just made doesn't say it yet. */
  async writeRules(): Promise<void> {
    const read = { kind: 'read_key', readKeyId: readKeyIdOf(this.#keys.readKey) } as const;
    const salt = randomFillSync(Buffer.alloc(saltBytes));
    const authority = { authorisation: { read } };
    await this.#append([{ kind: 'rules', authority, data: Buffer.alloc(0), salt }], true);
  }

  async #append(inputs: readonly EventInput[], signs: boolean): Promise<void> {
    const { chainId } = this.#chain.genesis;
    const { writer: key, writerSalt } = this.#keys;
    const writer = { chainId, fingerprint: key.publicKey.fingerprint, salt: writerSalt };
    this.#place ??= await this.#placeOf(writerIdOf(writer));
    const { counter, previous } = this.#place;
    const events = buildEvents(inputs);
    const eventHeaders = events.map(({ header }) => header);
    const sealed = sealBatch({ writer, counter, previous, eventHeaders });
    const frames = events.map(({ frame }) => frame);
    const run = await signBatch(frames, sealed, signs ? [key] : []);
    // Who is in this process has the key, and needn't prove it.
    const prepared = await this.#chain.prepare(run, () => true);
    const { durable } = this.#chain.submit(prepared);
    this.#place = { counter: counter + 1, previous: sealed.hash };
    await durable;
  }

  /** Where the writer is, as the chain has it. */
  async #placeOf(writerId: Buffer) {
    const { nextCounter, lastSeal } = await this.#chain.writerStanding(writerId);
    return { counter: nextCounter, previous: lastSeal && parseSeal(lastSeal).hash };
  }
}
