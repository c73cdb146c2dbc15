import type { StorageFile } from './storage.ts';

interface Entry {
  readonly file: Promise<StorageFile>;
  users: number;
  /** Kept open, however long ago it was read from. */
  pinned: boolean;
}

/**
 * Open files by segment: opened on demand, shared by those who read at the same time, and closed when enough others
 * have been used since. The active segment's file is pinned: its writer uses it too.
 */
export class FileCache {
  readonly #open: (segment: number) => Promise<StorageFile>;
  readonly #idleMax: number;
  /** In the order of last use. */
  readonly #entries = new Map<number, Entry>();
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(options: { open: (segment: number) => Promise<StorageFile>; idleMax: number }) {
    this.#open = options.open;
    this.#idleMax = options.idleMax;
  }

  /** Use the file of a segment. It stays open at least until `use` has settled. */
  async use<T>(segment: number, use: (file: StorageFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(segment) ?? this.#add(segment, this.#open(segment), false);
    this.#entries.delete(segment);
    this.#entries.set(segment, entry);
    entry.users += 1;
    try {
      return await use(await entry.file);
    } finally {
      entry.users -= 1;
      this.#closeIdle();
    }
  }

  /** Take over an open file, and keep it open until it is unpinned. */
  pin(segment: number, file: StorageFile): void {
    this.#add(segment, Promise.resolve(file), true);
  }

  /** Let a pinned file be closed like any other. */
  unpin(segment: number): void {
    const entry = this.#entries.get(segment);
    if (entry !== undefined) entry.pinned = false;
    this.#closeIdle();
  }

  /** Close all files, those that are being read when their readers are done. Resolves when they are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#entries.values()) entry.pinned = false;
    this.#closeIdle();
    await Promise.all(this.#closing);
  }

  #add(segment: number, file: Promise<StorageFile>, pinned: boolean): Entry {
    const entry: Entry = { file, users: 0, pinned };
    this.#entries.set(segment, entry);
    // A file that can't be opened is no entry: the next reader tries again.
    file.catch(() => {
      if (this.#entries.get(segment) === entry) this.#entries.delete(segment);
    });
    return entry;
  }

  #closeIdle(): void {
    const idle = [...this.#entries].filter(([, entry]) => !entry.pinned && entry.users === 0);
    const surplus = idle.length - (this.#closed ? 0 : this.#idleMax);
    for (const [segment, entry] of idle.slice(0, Math.max(0, surplus))) {
      this.#entries.delete(segment);
      // Whatever closing a file for reading says, nothing depends on it.
      const closing = entry.file.then((file) => file.close()).catch(() => undefined);
      this.#closing.add(closing);
      closing.finally(() => this.#closing.delete(closing));
    }
  }
}
