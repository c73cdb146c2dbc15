import { dirname } from 'node:path';
import { chainFolder } from '../chain/index.ts';
import { triesChainKey } from '../event/index.ts';
import { finishDeletion, markDeleted, readError } from '../log/index.ts';
import { AuthStore, type AuthStoreOptions } from './auth-store.ts';
import { isLive } from './passing-records.ts';
import type { RecordName } from './record-keys.ts';
import type { NamedRecord, RecordStore } from './record-store.ts';
import type { StoredRecord } from './store-writer.ts';

/** What such a store is opened with. */
export interface PassingStoreOptions extends AuthStoreOptions {
  /** It is not written anew while it has less than this. Absent: 8 MiB. */
  readonly renewBytesMin?: number | undefined;
}

const renewBytesDefault = 8 * 1024 * 1024;
/** It is written anew when it has so many times the bytes that were left the last time. */
const growthMax = 2;
const recordsAtOnce = 64;

/**
 * Records that say nothing any more after a while: what was tried and failed, codes that were sent, who was let in from where. They are in a chain
 * of their own, which is written anew when it has grown: what still says something goes to the next chain, and the one before is deleted. So what strangers
 * can make it grow by is bounded by what they can do in a day.
 *
 * The chain with the lowest number is the one that counts: the next one becomes it when all is in it, by that one's deletion.
 */
export class PassingStore implements RecordStore {
  readonly #options: PassingStoreOptions;
  #store: AuthStore;
  #number: number;
  /** When it has so many bytes it is written anew. */
  #renewAtBytes: number;
  /** Writes that are under way. */
  readonly #writing = new Set<Promise<void>>();
  #renewing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(options: PassingStoreOptions, store: AuthStore, number: number) {
    this.#options = options;
    this.#store = store;
    this.#number = number;
    this.#renewAtBytes = Math.max(this.#renewBytesMin, growthMax * store.bytes);
  }

  /** @throws AtedbError as `AuthStore.open`. */
  static async open(options: PassingStoreOptions): Promise<PassingStore> {
    const [first = 1, ...others] = await chainsThere(options);
    // Of a renewing that was cut off.
    for (const number of others) await remove(options, number);
    return new PassingStore(options, await openNumber(options, first), first);
  }

  get #renewBytesMin(): number {
    return this.#options.renewBytesMin ?? renewBytesDefault;
  }

  async get(name: RecordName): Promise<Buffer | undefined> {
    // What is asked while the chain is exchanged is asked of the next one.
    while (this.#renewing !== undefined) await this.#renewing;
    return this.#store.get(name);
  }

  async put(records: readonly NamedRecord[]): Promise<void> {
    // Whoever waited may have to again: nothing is written behind what was copied.
    while (this.#renewing !== undefined) await this.#renewing;
    const written = this.#store.put(records);
    this.#writing.add(written);
    try {
      await written;
    } finally {
      this.#writing.delete(written);
      if (this.#store.bytes >= this.#renewAtBytes && !this.#isClosed) this.#renew();
    }
  }

  /** Finish what was begun, and release everything. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#renewing !== undefined) await this.#renewing;
    await this.#store.close();
  }

  /** Have what says something still in another chain. Nobody writes meanwhile. */
  #renew(): void {
    this.#renewing ??= this.#renewNow()
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        this.#options.onNotice(`what was counted of logins could not be written anew: ${why}`);
        // Not at once again.
        this.#renewAtBytes = growthMax * this.#store.bytes;
      })
      .finally(() => {
        this.#renewing = undefined;
      });
  }

  async #renewNow(): Promise<void> {
    const options = this.#options;
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
    const number = this.#number + 1;
    await remove(options, number);
    const next = await openNumber(options, number);
    try {
      let waiting: StoredRecord[] = [];
      for await (const record of this.#store.all()) {
        if (!isLive(record.data, options.now())) continue;
        waiting.push(record);
        if (waiting.length < recordsAtOnce) continue;
        await next.putStored(waiting);
        waiting = [];
      }
      if (waiting.length > 0) await next.putStored(waiting);
    } catch (error) {
      await next.close();
      await remove(options, number);
      throw error;
    }
    await this.#exchange(next, number);
  }

  /** All is in the next chain, durably: from its deletion on the one before counts no more. */
  async #exchange(next: AuthStore, number: number): Promise<void> {
    const before = { store: this.#store, number: this.#number };
    await before.store.close();
    try {
      await remove(this.#options, before.number);
    } catch (error) {
      // Whether it is deleted is not known: what counts then is told by the disk, as after a crash.
      await next.close();
      const [first = number] = await chainsThere(this.#options).catch(() => [before.number]);
      this.#store = await openNumber(this.#options, first);
      this.#number = first;
      throw error;
    }
    this.#store = next;
    this.#number = number;
    this.#renewAtBytes = Math.max(this.#renewBytesMin, growthMax * next.bytes);
  }
}

function openNumber(options: PassingStoreOptions, number: number): Promise<AuthStore> {
  return AuthStore.open({ ...options, chainKey: triesChainKey(number), signsBatches: false });
}

/** The numbers of the chains that are there, lowest first; those that are being deleted are gone then. */
async function chainsThere({ storage, logsPath }: PassingStoreOptions): Promise<number[]> {
  const system = dirname(chainFolder(logsPath, triesChainKey(1)));
  const numbers = new Set<number>();
  const isThere: number[] = [];
  try {
    if ((await storage.stat(system)) === undefined) return [];
    for (const { name } of await storage.list(system)) {
      const [, number] = /^tries_([1-9]\d{0,9})\.chain(?:~deleted)?$/.exec(name) ?? [];
      if (number !== undefined) numbers.add(Number(number));
    }
    for (const number of [...numbers].sort((a, b) => a - b)) {
      const folder = chainFolder(logsPath, triesChainKey(number));
      await finishDeletion(storage, folder);
      if ((await storage.stat(folder)) !== undefined) isThere.push(number);
    }
  } catch (error) {
    throw readError('looking for what was counted of logins', error);
  }
  return isThere;
}

/** Delete one of the chains, if it is there: durably, and as a whole. */
async function remove({ storage, logsPath }: PassingStoreOptions, number: number): Promise<void> {
  const folder = chainFolder(logsPath, triesChainKey(number));
  if ((await storage.stat(folder)) !== undefined) {
    await markDeleted(storage, folder, Buffer.from('written anew'));
  }
  await finishDeletion(storage, folder);
}
