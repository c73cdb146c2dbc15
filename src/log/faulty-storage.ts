import type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
  StorageSpace,
} from './storage.ts';

/** A call that reaches the file system. */
export interface StorageCall {
  /** Counted from 0 on, over all calls. */
  readonly index: number;
  readonly name: keyof Storage | keyof StorageFile;
  readonly path: string;
}

/**
 * How a call goes wrong; either way its caller gets an error.
 *
 * - `refused`: nothing is done.
 * - `persisted`: all of it is done.
 * - `torn`: half of a write is done; for any other call as `refused`.
 */
export type Fault = 'refused' | 'persisted' | 'torn';

/** Says of each call how it goes wrong, if it does. */
export type FaultPlan = (call: StorageCall) => Fault | undefined;

/** A file system whose calls go wrong as a plan says. For tests. */
export class FaultyStorage implements Storage {
  /** The calls so far. */
  readonly calls: StorageCall[] = [];
  readonly #inner: Storage;
  readonly #plan: FaultPlan;

  constructor(inner: Storage, plan: FaultPlan) {
    this.#inner = inner;
    this.#plan = plan;
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const file = await this.run('open', path, () => this.#inner.open(path, mode));
    return new FaultyFile(this, path, file);
  }

  rename(from: string, to: string): Promise<void> {
    return this.run('rename', to, () => this.#inner.rename(from, to));
  }

  makeFolder(path: string): Promise<boolean> {
    return this.run('makeFolder', path, () => this.#inner.makeFolder(path));
  }

  syncFolder(path: string): Promise<void> {
    return this.run('syncFolder', path, () => this.#inner.syncFolder(path));
  }

  remove(path: string): Promise<void> {
    return this.run('remove', path, () => this.#inner.remove(path));
  }

  removeFolder(path: string): Promise<void> {
    return this.run('removeFolder', path, () => this.#inner.removeFolder(path));
  }

  list(path: string): Promise<StorageName[]> {
    return this.run('list', path, () => this.#inner.list(path));
  }

  space(path: string): Promise<StorageSpace | undefined> {
    return this.run('space', path, () => this.#inner.space(path));
  }

  stat(path: string): Promise<StorageEntry | undefined> {
    return this.run('stat', path, () => this.#inner.stat(path));
  }

  /** Carry out a call as the plan says. `tear` does half of it. */
  async run<T>(
    name: StorageCall['name'],
    path: string,
    carryOut: () => Promise<T>,
    tear?: () => Promise<void>,
  ): Promise<T> {
    const call = { index: this.calls.length, name, path };
    this.calls.push(call);
    const fault = this.#plan(call);
    if (fault === undefined) return carryOut();
    if (fault === 'persisted') await carryOut();
    if (fault === 'torn') await tear?.();
    throw Object.assign(new Error(`EIO: injected fault (${fault}), ${name} '${path}'`), {
      code: 'EIO',
    });
  }
}

class FaultyFile implements StorageFile {
  readonly #storage: FaultyStorage;
  readonly #path: string;
  readonly #inner: StorageFile;

  constructor(storage: FaultyStorage, path: string, inner: StorageFile) {
    this.#storage = storage;
    this.#path = path;
    this.#inner = inner;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.#storage.run('read', this.#path, () => this.#inner.read(offset, length));
  }

  write(offset: number, bytes: Buffer): Promise<void> {
    return this.#storage.run(
      'write',
      this.#path,
      () => this.#inner.write(offset, bytes),
      () => this.#inner.write(offset, bytes.subarray(0, bytes.length >>> 1)),
    );
  }

  writeDurable(offset: number, bytes: Buffer): Promise<void> {
    return this.#storage.run(
      'writeDurable',
      this.#path,
      () => this.#inner.writeDurable(offset, bytes),
      () => this.#inner.write(offset, bytes.subarray(0, bytes.length >>> 1)),
    );
  }

  truncate(bytes: number): Promise<void> {
    return this.#storage.run('truncate', this.#path, () => this.#inner.truncate(bytes));
  }

  datasync(): Promise<void> {
    return this.#storage.run('datasync', this.#path, () => this.#inner.datasync());
  }

  size(): Promise<number> {
    return this.#storage.run('size', this.#path, () => this.#inner.size());
  }

  /** Never goes wrong: a test should not leak descriptors. */
  close(): Promise<void> {
    return this.#inner.close();
  }
}
