import { halfSipHash } from './half-sip-hash.ts';

/** Of an entry: its key's four words, then these. */
const entryWords = 9;
const newestAt = 4;
const writerAt = 5;
const othersAt = 6;
const hashAt = 7;
const bytesAt = 8;

const wordsOfKey = 4;
const entriesMin = 16;
const distanceMax = 0xffff_fffe;

/** What is known of one key. */
export interface KeyRecord {
  /** Sequence of its newest event. */
  readonly newest: number;
  /** Who wrote that. */
  readonly writer: number;
  /** Sequence after the newest event of anyone else; 0 for none. */
  readonly endOfOthers: number;
  /** Bytes of data that the newest event has. */
  readonly newestBytes: number;
}

/**
 * Primary keys with their newest events: who wrote last, and when anyone else did; and how many bytes of data events have that
 * are the newest of their key, and that aren't. In flat arrays, 44 to 88 bytes a key,
 * so that a million keys are no load for the garbage collector. Open addressing; keys are other people's choice, so
 * where they go depends on a secret, or somebody could make them all go to one place.
 */
export class KeyTable {
  readonly keyWords = wordsOfKey;
  readonly #k0: number;
  readonly #k1: number;
  /** By hash: the number of an entry and one, or 0. At most half of them are taken. */
  #slots: Int32Array = new Int32Array(2 * entriesMin);
  /** Side by side, so that an event touches the memory in two places only. Sequences are counted from the base. */
  #entries: Int32Array = new Int32Array(entriesMin * entryWords);
  #base = 0;
  #size = 0;
  #dataBytes = 0;
  #newestBytes = 0;
  /** Slots that all searches have looked at, for tests: an attack would make them many. */
  steps = 0;

  /** @param secret at least 8 random bytes. */
  constructor(secret: Buffer) {
    this.#k0 = secret.readInt32LE(0);
    this.#k1 = secret.readInt32LE(4);
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of data of all events that came. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** Bytes of data of those that are the newest of their key. */
  get newestBytes(): number {
    return this.#newestBytes;
  }

  /**
   * Take note of an event, whose key lies in `bytes` at an offset. Sequences rise from call to call, and are all within
   * 2^32 of the first one.
   *
   * @param dataBytes bytes of data that it has; below 2^32.
   */
  add(bytes: Buffer, at: number, sequence: number, writer: number, dataBytes: number): void {
    if (this.#size === 0) this.#base = sequence;
    const distance = sequence - this.#base;
    if (distance > distanceMax) throw new RangeError('a table of keys spans 2^32 events at most');
    const w0 = wordAt(bytes, at);
    const w1 = wordAt(bytes, at + 4);
    const w2 = wordAt(bytes, at + 8);
    const w3 = wordAt(bytes, at + 12);
    const hash = halfSipHash(w0, w1, w2, w3, this.#k0, this.#k1);
    const slot = this.#slotOf(hash, w0, w1, w2, w3);
    const found = (this.#slots[slot] as number) - 1;
    const entries = this.#entries;
    const entry = (found >= 0 ? found : this.#size) * entryWords;
    if (found < 0) {
      entries[entry] = w0;
      entries[entry + 1] = w1;
      entries[entry + 2] = w2;
      entries[entry + 3] = w3;
      entries[entry + writerAt] = writer;
      entries[entry + hashAt] = hash;
    } else if (entries[entry + writerAt] !== writer) {
      entries[entry + othersAt] = (entries[entry + newestAt] as number) + 1;
      entries[entry + writerAt] = writer;
    }
    entries[entry + newestAt] = distance;
    this.#dataBytes += dataBytes;
    this.#newestBytes += dataBytes - (found < 0 ? 0 : (entries[entry + bytesAt] as number) >>> 0);
    entries[entry + bytesAt] = dataBytes;
    if (found >= 0) return;
    this.#size += 1;
    this.#slots[slot] = this.#size;
    if (this.#size * entryWords === entries.length) this.#grow();
  }

  /** What is known of a key; undefined for one that never came. */
  find(key: Buffer): KeyRecord | undefined {
    const [w0, w1, w2, w3] = [0, 4, 8, 12].map((at) => wordAt(key, at)) as FourWords;
    const hash = halfSipHash(w0, w1, w2, w3, this.#k0, this.#k1);
    const entry = (this.#slots[this.#slotOf(hash, w0, w1, w2, w3)] as number) - 1;
    return entry < 0 ? undefined : this.recordAt(entry);
  }

  /** What is known of the key of an entry: they are numbered from 0 on, in the order in which they came. */
  recordAt(entry: number): KeyRecord {
    const word = (at: number) => (this.#entries[entry * entryWords + at] as number) >>> 0;
    const others = word(othersAt);
    return {
      newest: this.#base + word(newestAt),
      writer: word(writerAt),
      endOfOthers: others === 0 ? 0 : this.#base + others,
      newestBytes: word(bytesAt),
    };
  }

  /**
   * Write an entry to 32 bytes: its key, then as little-endian 32-bit integers its newest sequence, its writer, the end
   * of others or 0, and the bytes of data of the newest; sequences less `firstSequence`, which is none above the first one that came.
   */
  writeEntry(entry: number, target: DataView, at: number, firstSequence: number): void {
    const entries = this.#entries;
    const first = entry * entryWords;
    const base = this.#base - firstSequence;
    for (let word = 0; word < wordsOfKey; word += 1) {
      target.setInt32(at + word * 4, entries[first + word] as number, true);
    }
    const others = entries[first + othersAt] as number;
    target.setInt32(at + 16, (entries[first + newestAt] as number) + base, true);
    target.setInt32(at + 20, entries[first + writerAt] as number, true);
    target.setInt32(at + 24, others === 0 ? 0 : others + base, true);
    target.setInt32(at + 28, entries[first + bytesAt] as number, true);
  }

  /** Copy the key of an entry to some place. */
  copyKey(entry: number, target: Buffer, at: number): void {
    for (let word = 0; word < wordsOfKey; word += 1) {
      target.writeInt32LE(this.#entries[entry * entryWords + word] as number, at + word * 4);
    }
  }

  /**
   * Four bytes of an entry's key, the first one being the most significant: whoever compares them as numbers, from word 0
   * to 3, has the order of the keys' bytes.
   */
  wordOf(entry: number, word: number): number {
    const value = this.#entries[entry * entryWords + word] as number;
    const swapped =
      (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
    return swapped >>> 0;
  }

  /** The slot that a key has, or that is free for it. */
  #slotOf(hash: number, w0: number, w1: number, w2: number, w3: number): number {
    const slots = this.#slots;
    const entries = this.#entries;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let steps = 1; ; steps += 1) {
      const entry = ((slots[slot] as number) - 1) * entryWords;
      const isHere =
        entry < 0 ||
        (entries[entry] === w0 &&
          entries[entry + 1] === w1 &&
          entries[entry + 2] === w2 &&
          entries[entry + 3] === w3);
      if (isHere) {
        this.steps += steps;
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const entries = new Int32Array(2 * this.#entries.length);
    entries.set(this.#entries);
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    // They are all different: the first free slot is theirs.
    for (let entry = 0; entry < this.#size; entry += 1) {
      let slot = (entries[entry * entryWords + hashAt] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#entries = entries;
    this.#slots = slots;
  }
}

type FourWords = [number, number, number, number];

function wordAt(bytes: Buffer, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
