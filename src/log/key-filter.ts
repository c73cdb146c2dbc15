/** Bits a key: with seven of them set a key that isn't there is taken for one that may be in one of a hundred cases. */
const bitsPerKey = 10;
const hashesPerKey = 7;
const filterBytesMin = 8;

/**
 * A Bloom filter over primary keys. The places of a key's bits come from its own bytes, as two little-endian integers of
 * 32 bits, a (bytes 0 to 3, exclusive or bytes 8 to 11) and b (bytes 4 to 7, exclusive or bytes 12 to 15, odd):
 * a + i·b modulo 2^32, modulo the number of bits, for i from 0 to 6. Who chooses keys can make it answer "maybe" more
 * often, which costs a look into the file and nothing else.
 */
export class KeyFilter {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** An empty filter with room for so many keys. */
  static forKeys(count: number): KeyFilter {
    return new KeyFilter(
      Buffer.alloc(Math.max(filterBytesMin, Math.ceil((count * bitsPerKey) / 8))),
    );
  }

  add(key: Buffer): void {
    for (const bit of this.#bitsOf(key)) {
      this.bytes[bit >>> 3] = (this.bytes[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }

  /** Whether a key may be there; false is certain. */
  mayHave(key: Buffer): boolean {
    return this.#bitsOf(key).every(
      (bit) => ((this.bytes[bit >>> 3] as number) & (1 << (bit & 7))) !== 0,
    );
  }

  #bitsOf(key: Buffer): number[] {
    const first = (key.readUInt32LE(0) ^ key.readUInt32LE(8)) >>> 0;
    const step = ((key.readUInt32LE(4) ^ key.readUInt32LE(12)) | 1) >>> 0;
    const bits = this.bytes.length * 8;
    return Array.from(
      { length: hashesPerKey },
      (_, index) => ((first + Math.imul(index, step)) >>> 0) % bits,
    );
  }
}
