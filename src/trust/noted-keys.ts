import { type KeyRecord, KeyTable } from '../bytes/index.ts';

const keyBytes = 16;
const notesMin = 64;

/**
 * A `KeyTable` that is made when somebody asks it: an event that is only noted costs a copy of its key, and nobody asks where no
 * batch has a condition on an object. 24 bytes an event until then.
 */
export class NotedKeys {
  readonly #table: KeyTable;
  /** Of the events that the table doesn't have yet, in order: their keys, one behind the other. */
  #keys = Buffer.allocUnsafeSlow(notesMin * keyBytes);
  /** Their sequences, counted from the first. */
  #distances = new Uint32Array(notesMin);
  #writers = new Uint32Array(notesMin);
  #noted = 0;
  #base = 0;

  /** @param secret as of `KeyTable`. */
  constructor(secret: Buffer) {
    this.#table = new KeyTable(secret);
  }

  /** As `KeyTable.add`. */
  add(bytes: Buffer, at: number, sequence: number, writer: number): void {
    const index = this.#noted;
    if (index === this.#writers.length) this.#grow();
    if (index === 0) this.#base = sequence;
    const keys = this.#keys;
    const to = index * keyBytes;
    // A call of `copy` would cost more than the copy.
    for (let byte = 0; byte < keyBytes; byte += 1) keys[to + byte] = bytes[at + byte] as number;
    this.#distances[index] = sequence - this.#base;
    this.#writers[index] = writer;
    this.#noted = index + 1;
  }

  /** As `KeyTable.find`. */
  find(key: Buffer): KeyRecord | undefined {
    this.#enter();
    return this.#table.find(key);
  }

  /** Enter into the table what was noted. */
  #enter(): void {
    for (let index = 0; index < this.#noted; index += 1) {
      const sequence = this.#base + (this.#distances[index] as number);
      this.#table.add(this.#keys, index * keyBytes, sequence, this.#writers[index] as number, 0);
    }
    this.#noted = 0;
  }

  #grow(): void {
    const notes = 2 * this.#writers.length;
    const keys = Buffer.allocUnsafeSlow(notes * keyBytes);
    keys.set(this.#keys);
    this.#keys = keys;
    const distances = new Uint32Array(notes);
    distances.set(this.#distances);
    this.#distances = distances;
    const writers = new Uint32Array(notes);
    writers.set(this.#writers);
    this.#writers = writers;
  }
}
