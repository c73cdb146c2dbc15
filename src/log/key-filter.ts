import { halfSipHash } from '../bytes/index.ts';

/** Bits a key: with seven of them set, a key that isn't there is taken for one that may be in one of a hundred cases. */
const bitsPerKey = 10;
const hashesPerKey = 7;
const pageBytesMin = 8;
const pageBytesMax = 4_096;

/**
 * A Bloom filter over primary keys, in pages: all bits of a key are in one, so that one is all that is read to look for it.
 *
 * Where they are follows from two hashes of the key, a and b: HalfSipHash-1-3 under the first and the second 8 bytes of a
 * salt, as unsigned integers. The page is a modulo the number of pages; the bits in it are b + i·s for i from 0 to 6,
 * modulo the number of bits of a page, where s is b divided by 2^16, odd. The salt is secret and random, since keys are
 * other people's choice.
 */
export class KeyFilter {
  readonly pages: number;
  /** A power of two. */
  readonly pageBytes: number;
  readonly #k0: number;
  readonly #k1: number;
  readonly #k2: number;
  readonly #k3: number;
  /** The page of the key that was sought last. */
  page = 0;
  #first = 0;
  #step = 0;

  /**
   * @param keys how many there are room for.
   * @param salt 16 bytes.
   */
  constructor(keys: number, salt: Buffer) {
    const bytes = Math.ceil((keys * bitsPerKey) / 8);
    this.pages = Math.ceil(bytes / pageBytesMax);
    this.pageBytes =
      this.pages > 1 ? pageBytesMax : Math.max(pageBytesMin, 2 ** Math.ceil(Math.log2(bytes)));
    this.#k0 = salt.readInt32LE(0);
    this.#k1 = salt.readInt32LE(4);
    this.#k2 = salt.readInt32LE(8);
    this.#k3 = salt.readInt32LE(12);
  }

  /** Find out which bits a key has, which lies in `bytes` at an offset. */
  seek(bytes: DataView, at: number): void {
    const w0 = bytes.getInt32(at, true);
    const w1 = bytes.getInt32(at + 4, true);
    const w2 = bytes.getInt32(at + 8, true);
    const w3 = bytes.getInt32(at + 12, true);
    this.page = (halfSipHash(w0, w1, w2, w3, this.#k0, this.#k1) >>> 0) % this.pages;
    const second = halfSipHash(w0, w1, w2, w3, this.#k2, this.#k3);
    this.#first = second;
    this.#step = (second >>> 16) | 1;
  }

  /** Set the bits of the key that was sought last, in its page, which begins in `bytes` at an offset. */
  setBits(bytes: Buffer, at: number): void {
    for (let index = 0; index < hashesPerKey; index += 1) {
      const bit = this.#bit(index);
      const place = at + (bit >>> 3);
      bytes[place] = (bytes[place] as number) | (1 << (bit & 7));
    }
  }

  /** Whether the key that was sought last may be there, by its page; false is certain. */
  mayHave(page: Buffer): boolean {
    for (let index = 0; index < hashesPerKey; index += 1) {
      const bit = this.#bit(index);
      if (((page[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #bit(index: number): number {
    return (this.#first + index * this.#step) & (this.pageBytes * 8 - 1);
  }
}
