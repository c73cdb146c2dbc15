import { halfSipHash } from './half-sip-hash.ts';

const slotsMin = 64;
/** Of a slot: both halves of a key's digest; where both are 0 it is free. */
const slotWords = 2;

/** What `KeySequences` is made with. */
export interface KeySequencesOptions {
  /** At least 16 random bytes. */
  readonly secret: Buffer;
  /** The most keys that are kept at once; beyond, half of all keys are left out, from then on. */
  readonly keysMax: number;
}

/**
 * A set of primary keys, each with a sequence, in bounded memory: 32 to 64 bytes a key, since of a key only a digest of 64 bits is
 * kept, under a secret (HalfSipHash twice), so that nobody can make two keys pass for one. Where there are more keys than may be kept, those
 * that are kept are a sample: which keys are in it depends on the secret, and nobody else can know. Open addressing, flat arrays.
 */
export class KeySequences {
  readonly #secret: readonly [number, number, number, number];
  readonly #keysMax: number;
  #slots = new Int32Array(slotsMin * slotWords);
  #sequences = new Float64Array(slotsMin);
  #size = 0;
  /** Keys count whose digest, as a number of 32 bits, has so many zeros at its end. */
  #zeros = 0;
  /** Of the key at hand. */
  #low = 0;
  #high = 0;

  constructor({ secret, keysMax }: KeySequencesOptions) {
    const word = (at: number) => secret.readInt32LE(at);
    this.#secret = [word(0), word(4), word(8), word(12)];
    this.#keysMax = keysMax;
  }

  /** Number of keys that are there. */
  get size(): number {
    return this.#size;
  }

  /** One key in so many is looked at; 1: each. */
  get oneIn(): number {
    return 2 ** this.#zeros;
  }

  /** Add a key, which lies in `bytes` at an offset, or give it another sequence. */
  set(bytes: Buffer, at: number, sequence: number): void {
    this.#digest(bytes, at);
    if (!this.#counts(this.#low)) return;
    const slot = this.#slotOf(this.#low, this.#high);
    this.#sequences[slot] = sequence;
    if (this.#isTaken(slot)) return;
    this.#slots[slot * slotWords] = this.#low;
    this.#slots[slot * slotWords + 1] = this.#high;
    this.#size += 1;
    if (this.#size > this.#keysMax) this.#leaveOut();
    else if (2 * this.#size > this.#sequences.length) this.#rehash(2 * this.#sequences.length);
  }

  /** Remove a key, if it is there. */
  delete(bytes: Buffer, at: number): void {
    if (this.#size === 0) return;
    this.#digest(bytes, at);
    if (!this.#counts(this.#low)) return;
    const slot = this.#slotOf(this.#low, this.#high);
    if (!this.#isTaken(slot)) return;
    this.#size -= 1;
    this.#close(slot);
  }

  /** The lowest sequences that are there, in order. */
  lowest(count: number): number[] {
    const found: number[] = [];
    for (let slot = 0; slot < this.#sequences.length; slot += 1) {
      if (this.#isTaken(slot)) found.push(this.#sequences[slot] as number);
    }
    return found.sort((a, b) => a - b).slice(0, count);
  }

  /** Have the digest of a key at hand: no object a key. */
  #digest(bytes: Buffer, at: number): void {
    const w0 = bytes.readInt32LE(at);
    const w1 = bytes.readInt32LE(at + 4);
    const w2 = bytes.readInt32LE(at + 8);
    const w3 = bytes.readInt32LE(at + 12);
    const [k0, k1, k2, k3] = this.#secret;
    const low = halfSipHash(w0, w1, w2, w3, k0, k1);
    const high = halfSipHash(w0, w1, w2, w3, k2, k3);
    this.#low = low;
    // Both zero means that a slot is free.
    this.#high = low === 0 && high === 0 ? 1 : high;
  }

  #counts(low: number): boolean {
    return (low & (2 ** this.#zeros - 1)) === 0;
  }

  #isTaken(slot: number): boolean {
    return this.#slots[slot * slotWords] !== 0 || this.#slots[slot * slotWords + 1] !== 0;
  }

  /** Where a search for a digest begins: by its other half, since the first one says whether it counts. */
  #home(high: number): number {
    return high & (this.#sequences.length - 1);
  }

  /** The slot that a digest has, or that is free for it. */
  #slotOf(low: number, high: number): number {
    const mask = this.#sequences.length - 1;
    for (let slot = this.#home(high); ; slot = (slot + 1) & mask) {
      if (!this.#isTaken(slot)) return slot;
      if (this.#slots[slot * slotWords] !== low) continue;
      if (this.#slots[slot * slotWords + 1] === high) return slot;
    }
  }

  /** Free a slot, and move up those behind it that are found by way of it. */
  #close(slot: number): void {
    const mask = this.#sequences.length - 1;
    let free = slot;
    for (let next = (free + 1) & mask; this.#isTaken(next); next = (next + 1) & mask) {
      const home = this.#home(this.#slots[next * slotWords + 1] as number);
      // Whether what is there is searched for from behind the free slot on.
      if (((next - home) & mask) < ((next - free) & mask)) continue;
      this.#move(next, free);
      free = next;
    }
    this.#slots[free * slotWords] = 0;
    this.#slots[free * slotWords + 1] = 0;
  }

  #move(from: number, to: number): void {
    this.#slots[to * slotWords] = this.#slots[from * slotWords] as number;
    this.#slots[to * slotWords + 1] = this.#slots[from * slotWords + 1] as number;
    this.#sequences[to] = this.#sequences[from] as number;
  }

  /** Keep half of the keys, or fewer if that isn't enough. */
  #leaveOut(): void {
    while (this.#size > this.#keysMax) {
      this.#zeros += 1;
      this.#rehash(this.#sequences.length);
    }
  }

  #rehash(slots: number): void {
    const before = { slots: this.#slots, sequences: this.#sequences };
    this.#slots = new Int32Array(slots * slotWords);
    this.#sequences = new Float64Array(slots);
    this.#size = 0;
    for (const [at, sequence] of before.sequences.entries()) {
      const low = before.slots[at * slotWords] as number;
      const high = before.slots[at * slotWords + 1] as number;
      if ((low === 0 && high === 0) || !this.#counts(low)) continue;
      const slot = this.#slotOf(low, high);
      this.#slots[slot * slotWords] = low;
      this.#slots[slot * slotWords + 1] = high;
      this.#sequences[slot] = sequence;
      this.#size += 1;
    }
  }
}
