import type { KeysFile } from './keys-file.ts';
import { Semaphore } from './semaphore.ts';

/** What all chains together keep of the files of keys: headers, and pages of filters. */
const cachedBytesMax = 16 * 1024 * 1024;

interface Entry {
  readonly file: Promise<KeysFile>;
  /** The same, once it is open. */
  opened: KeysFile | undefined;
  bytes: number;
}

/** Files of keys that are open, of all chains; those that were used longest ago make room for others. */
export class KeysCache {
  /** Files are made one at a time, since each takes some MiB while it is. */
  readonly making = new Semaphore(1);
  readonly #bytesMax: number;
  /** By path, in the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(bytesMax: number = cachedBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** What is kept takes so many bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(path: string): Promise<KeysFile> | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    return entry.file;
  }

  /** As `get`, of one that is open. */
  opened(path: string): KeysFile | undefined {
    const entry = this.#entries.get(path);
    if (entry?.opened === undefined) return undefined;
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    return entry.opened;
  }

  /** Keep a file; one that can't be opened is not kept. */
  put(path: string, file: Promise<KeysFile>): void {
    this.drop(path);
    const entry: Entry = { file, opened: undefined, bytes: 0 };
    this.#entries.set(path, entry);
    file.then(
      () => this.measure(path, file),
      () => {
        if (this.#entries.get(path) === entry) this.drop(path);
      },
    );
  }

  /** Take note of what a file takes now, and make room if that is too much. */
  async measure(path: string, file: Promise<KeysFile>): Promise<void> {
    const opened = await file;
    const { bytes } = opened;
    const entry = this.#entries.get(path);
    if (entry?.file !== file) return;
    entry.opened = opened;
    if (bytes === entry.bytes) return;
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    for (const oldest of this.#entries.keys()) {
      // The last one is in use.
      if (this.#bytes <= this.#bytesMax || this.#entries.size === 1) return;
      this.drop(oldest);
    }
  }

  drop(path: string): void {
    this.#bytes -= this.#entries.get(path)?.bytes ?? 0;
    this.#entries.delete(path);
  }
}
