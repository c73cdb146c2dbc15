/** Bytes of a key. */
const keyBytes = 16;
const wordsOfKey = 4;
const entriesMin = 16;

/** What is known of one key. */
export interface KeyRecord {
  /** Sequence of its newest event. */
  readonly newest: number;
  /** Who wrote that. */
  readonly writer: number;
  /** Sequence after the newest event of anyone else; 0 for none. */
  readonly endOfOthers: number;
}

/**
 * Primary keys with their newest events: who wrote last, and when anyone else did. In flat arrays, about 45 bytes a key,
 * so that a million keys are no load for the garbage collector. Open addressing; keys are other people's choice, so
 * where they go depends on secret numbers, or somebody could make them all go to one place.
 */
export class KeyTable {
  readonly #factors: Uint32Array;
  #slots: Int32Array = new Int32Array(2 * entriesMin);
  #keys = new Uint32Array(entriesMin * wordsOfKey);
  #newest = new Float64Array(entriesMin);
  #writers = new Uint32Array(entriesMin);
  #endOfOthers = new Float64Array(entriesMin);
  #size = 0;
  /** Steps of all searches, for tests: an attack would make them many. */
  steps = 0;

  /** @param secret 16 random bytes. */
  constructor(secret: Buffer) {
    this.#factors = Uint32Array.from({ length: wordsOfKey }, (_, word) => {
      // Odd, so that no bit of a word is lost.
      return (secret.readUInt32LE(word * 4) | 1) >>> 0;
    });
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Take note of an event, whose key lies in `bytes` at an offset. Sequences rise from call to call. */
  add(bytes: Buffer, at: number, sequence: number, writer: number): void {
    const slot = this.#slotOf(bytes, at);
    const found = (this.#slots[slot] as number) - 1;
    if (found >= 0) {
      if (this.#writers[found] !== writer) {
        this.#endOfOthers[found] = (this.#newest[found] as number) + 1;
        this.#writers[found] = writer;
      }
      this.#newest[found] = sequence;
      return;
    }
    const entry = this.#size;
    for (let word = 0; word < wordsOfKey; word += 1) {
      this.#keys[entry * wordsOfKey + word] = wordAt(bytes, at + word * 4);
    }
    this.#newest[entry] = sequence;
    this.#writers[entry] = writer;
    this.#endOfOthers[entry] = 0;
    this.#size += 1;
    this.#slots[slot] = this.#size;
    if (this.#size === this.#newest.length) this.#grow();
  }

  /** What is known of a key; undefined for one that never came. */
  find(key: Buffer): KeyRecord | undefined {
    const entry = (this.#slots[this.#slotOf(key, 0)] as number) - 1;
    return entry < 0 ? undefined : this.recordAt(entry);
  }

  /** What is known of the key of an entry: they are numbered from 0 on, in the order in which they came. */
  recordAt(entry: number): KeyRecord {
    return {
      newest: this.#newest[entry] as number,
      writer: this.#writers[entry] as number,
      endOfOthers: this.#endOfOthers[entry] as number,
    };
  }

  /** Copy the key of an entry to some place. */
  copyKey(entry: number, target: Buffer, at: number): void {
    for (let word = 0; word < wordsOfKey; word += 1) {
      target.writeUInt32LE(this.#keys[entry * wordsOfKey + word] as number, at + word * 4);
    }
  }

  /** The entries in the order of their keys' bytes. */
  sorted(): Uint32Array {
    const keys = Buffer.alloc(this.#size * keyBytes);
    for (let entry = 0; entry < this.#size; entry += 1) this.copyKey(entry, keys, entry * keyBytes);
    // Most keys differ in their first bytes: those are compared as numbers.
    const leading = Float64Array.from({ length: this.#size }, (_, entry) =>
      keys.readUIntBE(entry * keyBytes, 6),
    );
    const place = (entry: number) => entry * keyBytes;
    return Uint32Array.from({ length: this.#size }, (_, entry) => entry).sort((a, b) => {
      const difference = (leading[a] as number) - (leading[b] as number);
      if (difference !== 0) return difference;
      return keys.compare(keys, place(b), place(b) + keyBytes, place(a), place(a) + keyBytes);
    });
  }

  /** The slot that a key has, or that is free for it. */
  #slotOf(bytes: Buffer, at: number): number {
    const w0 = wordAt(bytes, at);
    const w1 = wordAt(bytes, at + 4);
    const w2 = wordAt(bytes, at + 8);
    const w3 = wordAt(bytes, at + 12);
    const [f0, f1, f2, f3] = this.#factors as unknown as [number, number, number, number];
    let hash = Math.imul(w0 ^ (w2 >>> 15), f0) + Math.imul(w1 ^ (w3 >>> 15), f1);
    hash = (hash + Math.imul(w2, f2) + Math.imul(w3, f3)) | 0;
    hash = Math.imul(hash ^ (hash >>> 15), f0);
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      this.steps += 1;
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return slot;
      const key = entry * wordsOfKey;
      const keys = this.#keys;
      const isSame =
        keys[key] === w0 && keys[key + 1] === w1 && keys[key + 2] === w2 && keys[key + 3] === w3;
      if (isSame) return slot;
    }
  }

  #grow(): void {
    const entries = 2 * this.#newest.length;
    this.#keys = larger(this.#keys, new Uint32Array(entries * wordsOfKey));
    this.#newest = larger(this.#newest, new Float64Array(entries));
    this.#writers = larger(this.#writers, new Uint32Array(entries));
    this.#endOfOthers = larger(this.#endOfOthers, new Float64Array(entries));
    this.#slots = new Int32Array(2 * entries);
    const key = Buffer.alloc(keyBytes);
    for (let entry = 0; entry < this.#size; entry += 1) {
      this.copyKey(entry, key, 0);
      this.#slots[this.#slotOf(key, 0)] = entry + 1;
    }
  }
}

function wordAt(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

function larger<Numbers extends Uint32Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
