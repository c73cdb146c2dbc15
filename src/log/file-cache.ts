import type { StorageFile } from './storage.ts';

interface Entry {
  readonly file: Promise<StorageFile>;
  users: number;
  /** Kept open, however long ago it was read from. */
  pinned: boolean;
  /** Another file has taken its name: whoever uses it last closes it. */
  forgotten: boolean;
}

/**
 * Open files by name: opened on demand, shared by those who read at the same time, and closed when enough others
 * have been used since. The active segment's file is pinned: its writer uses it too. It also knows who still needs a file that
 * another one takes the place of.
 */
export class FileCache {
  readonly #open: (name: string) => Promise<StorageFile>;
  readonly #idleMax: number;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();
  /** How many need a file, and whatever belongs to it, to stay where it is. */
  readonly #holds = new Map<string, number>();
  /** Those who wait until nobody does. */
  readonly #retiring = new Map<string, () => void>();
  #closed = false;

  constructor(options: { open: (name: string) => Promise<StorageFile>; idleMax: number }) {
    this.#open = options.open;
    this.#idleMax = options.idleMax;
  }

  /** Use a file. It stays open at least until `use` has settled. */
  async use<T>(name: string, use: (file: StorageFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(name) ?? this.#add(name, this.#open(name), false);
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    entry.users += 1;
    try {
      return await use(await entry.file);
    } finally {
      entry.users -= 1;
      if (entry.forgotten && entry.users === 0) this.#closeFile(entry);
      this.#closeIdle();
    }
  }

  /** Another file has taken this name, or there is none of it any more: the next user opens it anew. */
  forget(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    entry.forgotten = true;
    if (entry.users === 0) this.#closeFile(entry);
  }

  /** Have a file stay where it is until this is released, whether it is open or not. */
  hold(name: string): Disposable {
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#holds.get(name) ?? 0) - 1;
        if (left > 0) this.#holds.set(name, left);
        else {
          this.#holds.delete(name);
          this.#retiring.get(name)?.();
        }
      },
    };
  }

  /** Take over an open file, and keep it open until it is unpinned. */
  pin(name: string, file: StorageFile): void {
    this.#add(name, Promise.resolve(file), true);
  }

  /** Let a pinned file be closed like any other. */
  unpin(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.pinned = false;
    this.#closeIdle();
  }

  /** A file isn't to be used any more: resolves when nobody holds it, and it is closed. */
  async retire(name: string): Promise<void> {
    if (this.#holds.has(name)) {
      await new Promise<void>((resolve) => this.#retiring.set(name, resolve));
      this.#retiring.delete(name);
    }
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#close(name, entry);
    await Promise.all(this.#closing);
  }

  /** Close all files, those that are being read when their readers are done. Resolves when they are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#entries.values()) entry.pinned = false;
    this.#closeIdle();
    await Promise.all(this.#closing);
  }

  #add(name: string, file: Promise<StorageFile>, pinned: boolean): Entry {
    const entry: Entry = { file, users: 0, pinned, forgotten: false };
    this.#entries.set(name, entry);
    // A file that can't be opened is no entry: the next reader tries again.
    file.catch(() => {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
    });
    return entry;
  }

  #closeIdle(): void {
    // Nearly always, and asked for each read.
    if (!this.#closed && this.#entries.size <= this.#idleMax) return;
    const idle = [...this.#entries].filter(([, entry]) => !entry.pinned && entry.users === 0);
    const surplus = idle.length - (this.#closed ? 0 : this.#idleMax);
    for (const [name, entry] of idle.slice(0, Math.max(0, surplus))) this.#close(name, entry);
  }

  #close(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#closeFile(entry);
  }

  #closeFile(entry: Entry): void {
    // Whatever closing a file for reading says, nothing depends on it.
    const closing = entry.file.then((file) => file.close()).catch(() => undefined);
    this.#closing.add(closing);
    closing.finally(() => this.#closing.delete(closing));
  }
}
