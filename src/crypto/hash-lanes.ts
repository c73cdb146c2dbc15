import { hashBytes } from './hash.ts';
import { sha256LanesModule } from './sha256-lanes-module.ts';

/** What src/crypto/wasm/sha256-lanes.ts exports; see there. Pointers are offsets in `memory`. */
interface LanesExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  hashMany(count: number, inputs: number, prefix: number, prefixBytes: number, out: number): void;
  treeRow(count: number, row: number): number;
  firstOther(count: number, hashes: number, expected: number): number;
  freeFrom(): number;
}

/** Inputs up to this many bytes are hashed faster side by side than by a native call each. */
export const laneBytesMax = 512;
/** With fewer inputs than there are lanes, native calls are faster. */
export const lanesCountMin = 4;

/** Prefixes are tags with their lengths, or one byte. */
const prefixBytesMax = 256;
/** An input is two parts, each a pointer and a length. */
const inputBytes = 16;
const pointerBytes = 4;
const pageBytes = 65_536;

/** What is used of the engine's WebAssembly, whose types come with browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const module = new WebAssembly.Module(Buffer.from(sha256LanesModule, 'base64'));
const lanes = new WebAssembly.Instance(module).exports as LanesExports;

let words = new Uint32Array(lanes.memory.buffer);
let memory = Buffer.from(lanes.memory.buffer);

/**
 * Hashes many small ranges of some bytes together, four side by side in a vector: less than two thirds of what a native
 * call for each costs. All work is done in one memory: finish with one before the next is made.
 */
export class HashLanes {
  readonly #prefixAt = lanes.freeFrom();
  readonly #inputsAt: number;
  readonly #expectedAt: number;
  readonly #hashesAt: number;
  readonly #bytesAt: number;
  readonly #bytesMax: number;
  readonly #countMax: number;
  #count = 0;

  /**
   * @param bytes what ranges are of; copied once.
   * @param countMax how many ranges there will be at most.
   */
  constructor(bytes: Buffer, countMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytes.length;
    this.#inputsAt = this.#prefixAt + prefixBytesMax;
    this.#expectedAt = this.#inputsAt + countMax * inputBytes;
    this.#hashesAt = aligned(this.#expectedAt + countMax * pointerBytes);
    this.#bytesAt = this.#hashesAt + countMax * hashBytes;
    ensure(this.#bytesAt + bytes.length);
    memory.set(bytes, this.#bytesAt);
  }

  /**
   * Add an input: two ranges of the bytes, one after the other, of at most `laneBytesMax` together.
   *
   * @param expected where the hash lies in the bytes that it should have, for `firstOther`.
   */
  add(first: number, firstBytes: number, second = 0, secondBytes = 0, expected = 0): void {
    const end = Math.max(first + firstBytes, second + secondBytes);
    const fits =
      end <= this.#bytesMax &&
      firstBytes + secondBytes <= laneBytesMax &&
      this.#count < this.#countMax;
    if (!fits) throw new RangeError('an input is too large, out of range, or one too many');
    const at = (this.#inputsAt >>> 2) + this.#count * 4;
    words[at] = this.#bytesAt + first;
    words[at + 1] = firstBytes;
    words[at + 2] = this.#bytesAt + second;
    words[at + 3] = secondBytes;
    words[(this.#expectedAt >>> 2) + this.#count] = this.#bytesAt + expected;
    this.#count += 1;
  }

  /** Hash all that was added, each behind the same prefix of at most 256 bytes. */
  hash(prefix: Buffer): void {
    memory.set(prefix, this.#prefixAt);
    lanes.hashMany(this.#count, this.#inputsAt, this.#prefixAt, prefix.length, this.#hashesAt);
  }

  /** The place of the first input whose hash isn't the expected one; undefined for none. */
  firstOther(): number | undefined {
    const found = lanes.firstOther(this.#count, this.#hashesAt, this.#expectedAt);
    return found === this.#count ? undefined : found;
  }

  /** Put a hash that was made elsewhere in the place of one. */
  replace(index: number, hash: Buffer): void {
    memory.set(hash, this.#hashesAt + index * hashBytes);
  }

  /** The hash of one input: a copy. 32 bytes. */
  hashAt(index: number): Buffer {
    const at = this.#hashesAt + index * hashBytes;
    return Buffer.from(memory.subarray(at, at + hashBytes));
  }

  /** Root of the tree of RFC 9162 whose leaves' hashes were made, at least one. They are gone then. */
  root(): Buffer {
    for (let row = this.#count; row > 1; ) row = lanes.treeRow(row, this.#hashesAt);
    return this.hashAt(0);
  }

  /** Begin anew with other inputs of the same bytes. */
  clear(): void {
    this.#count = 0;
  }
}

function ensure(bytes: number): void {
  const missing = bytes - lanes.memory.buffer.byteLength;
  if (missing <= 0) return;
  lanes.memory.grow(Math.ceil(missing / pageBytes));
  words = new Uint32Array(lanes.memory.buffer);
  memory = Buffer.from(lanes.memory.buffer);
}

function aligned(bytes: number): number {
  return (bytes + 15) & ~15;
}
