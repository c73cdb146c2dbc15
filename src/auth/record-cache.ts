import type { StoredRecord } from './store-writer.ts';

/** What the kept records take at most: those of a thousand users, and many more of small ones. */
const bytesMax = 16 * 1024 * 1024;
/** What one takes beside its data. */
const overheadBytes = 256;

/** Keeps what was read or written last, so that what is asked often isn't read and opened each time. Holds what is durable only. */
export class RecordCache {
  /** In the order of their last use, oldest first; the keys are primary keys in latin1. */
  readonly #records = new Map<string, Buffer | undefined>();
  /** How many are being written, a key. */
  readonly #changing = new Map<string, number>();
  /** Rises with each write: who began to read before it may have read what was before. */
  #writes = 0;
  #bytes = 0;

  /** What is kept, or what is read; undefined: there is none. */
  async get(
    primaryKey: Buffer,
    read: () => Promise<Buffer | undefined>,
  ): Promise<Buffer | undefined> {
    const key = primaryKey.toString('latin1');
    if (this.#records.has(key)) {
      const kept = this.#records.get(key);
      this.#keep(key, kept);
      return kept;
    }
    const writes = this.#writes;
    const data = await read();
    if (writes === this.#writes && !this.#changing.has(key)) this.#keep(key, data);
    return data;
  }

  /** Write records; none of them is kept until it is durable. */
  async changing(records: readonly StoredRecord[], write: () => Promise<void>): Promise<void> {
    const keys = records.map(({ primaryKey }) => primaryKey.toString('latin1'));
    this.#writes += 1;
    for (const key of keys) this.#changing.set(key, (this.#changing.get(key) ?? 0) + 1);
    let isWritten = false;
    try {
      await write();
      isWritten = true;
    } finally {
      this.#writes += 1;
      keys.forEach((key, index) => {
        const others = (this.#changing.get(key) ?? 1) - 1;
        if (others > 0) this.#changing.set(key, others);
        else this.#changing.delete(key);
        // What failed may be stored all the same, and of several at once the order is the writer's.
        if (isWritten && others === 0) this.#keep(key, records[index]?.data);
        else this.#drop(key);
      });
    }
  }

  #keep(key: string, data: Buffer | undefined): void {
    this.#drop(key);
    this.#records.set(key, data);
    this.#bytes += bytesOf(data);
    for (const oldest of this.#records.keys()) {
      if (this.#bytes <= bytesMax) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    if (!this.#records.has(key)) return;
    this.#bytes -= bytesOf(this.#records.get(key));
    this.#records.delete(key);
  }
}

function bytesOf(data: Buffer | undefined): number {
  return overheadBytes + (data?.length ?? 0);
}
