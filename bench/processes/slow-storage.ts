import type { OpenMode, Storage, StorageFile } from '../../src/log/index.ts';
import { Semaphore } from '../../src/log/semaphore.ts';
import { PoolSleeper } from './pool-sleeper.ts';

/** As many as `RealStorage` runs at once in a pool of 16 threads. */
const syncsMax = 12;

/**
 * A disk below the server whose syncs take longer. As on a disk that is slow by itself, each of them holds a thread of
 * the pool while it waits.
 */
export class SlowStorage implements Storage {
  readonly #storage: Storage;
  readonly #sleeper: PoolSleeper;
  readonly #syncs = new Semaphore(syncsMax);
  /** By how much each sync takes longer. */
  delayMs = 0;

  /** @param folder where the sleepers' pipes are made. */
  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#sleeper = new PoolSleeper(syncsMax, folder);
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const file = await this.#storage.open(path, mode);
    return {
      read: (offset, length, into) => file.read(offset, length, into),
      write: (offset, bytes) => file.write(offset, bytes),
      writeDurable: (offset, bytes) => this.#slowly(() => file.writeDurable(offset, bytes)),
      truncate: (bytes) => file.truncate(bytes),
      datasync: () => this.#slowly(() => file.datasync()),
      size: () => file.size(),
      close: () => file.close(),
    };
  }

  rename(from: string, to: string) {
    return this.#storage.rename(from, to);
  }

  makeFolder(path: string) {
    return this.#storage.makeFolder(path);
  }

  syncFolder(path: string) {
    return this.#slowly(() => this.#storage.syncFolder(path));
  }

  space(path: string) {
    return this.#storage.space(path);
  }

  remove(path: string) {
    return this.#storage.remove(path);
  }

  removeFolder(path: string) {
    return this.#storage.removeFolder(path);
  }

  list(path: string) {
    return this.#storage.list(path);
  }

  stat(path: string) {
    return this.#storage.stat(path);
  }

  async #slowly(sync: () => Promise<void>): Promise<void> {
    const { delayMs } = this;
    if (delayMs === 0) return sync();
    await this.#syncs.run(async () => {
      await this.#sleeper.sleep(delayMs);
      await sync();
    });
  }
}
