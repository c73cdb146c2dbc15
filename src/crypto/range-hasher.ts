import { hashBytes, prefixOf, sha256TextOfRanges } from './hash.ts';
import { type HashInputs, numbersPerInput } from './hash-inputs.ts';
import { emptyRoot, foldRow, leafPrefix } from './merkle-row.ts';
import { Sha256Lanes, sha256Lanes } from './sha256-lanes.ts';

/** From so many inputs on it pays to fill the four lanes; below, a native call each is faster. */
const inputsForLanesMin = 4;

/**
 * Inputs up to seven blocks are hashed side by side, larger ones natively: a native call costs as much as four blocks,
 * and then, with the processor's own instructions, half as much a block. See docs/performance.md.
 */
const laneInputBytesMax = 7 * 64 - 9;

/** Copying the source costs more than is gained where it is larger than this an input. */
const sourceBytesPerInputMax = 2_048;

/**
 * Hashes many ranges of one buffer at a time: side by side where that is faster, natively where not, with the same
 * result. The buffer must not change while this is in use.
 */
export class RangeHasher {
  readonly #source: Buffer;
  readonly #lanes: () => Sha256Lanes | undefined;

  /** @param lanes what hashes side by side; where there is none, everything is hashed natively. */
  constructor(source: Buffer, lanes: () => Sha256Lanes | undefined = sha256Lanes) {
    this.#source = source;
    this.#lanes = lanes;
  }

  /** The tagged hashes of inputs, 32 bytes each. */
  digests(tag: string, inputs: HashInputs): Buffer {
    const prefix = prefixOf(tag);
    const lanes = this.#hashed(prefix, inputs);
    if (lanes !== undefined) return Buffer.from(lanes.digests(inputs.count));
    return this.#native(prefix, inputs);
  }

  /** The first input of which the tagged hash isn't the 32 bytes that it expects; -1 where there is none. */
  firstMisfit(tag: string, inputs: HashInputs): number {
    const prefix = prefixOf(tag);
    const lanes = this.#hashed(prefix, inputs);
    if (lanes !== undefined) return lanes.firstMisfit(inputs.count);
    for (let index = 0; index < inputs.count; index += 1) {
      const expectedAt = inputs.numbers[index * numbersPerInput + 4] as number;
      if (!isAt(this.#source, expectedAt, this.#nativeOne(prefix, inputs, index))) return index;
    }
    return -1;
  }

  /** Root of the RFC 9162 tree whose leaves are the inputs. 32 bytes. */
  merkleRoot(inputs: HashInputs): Buffer {
    const { count } = inputs;
    if (count === 0) return emptyRoot;
    const lanes = this.#hashed(leafPrefix, inputs);
    return lanes?.root(count) ?? foldRow(this.#native(leafPrefix, inputs), count);
  }

  /** Hash side by side, where that pays: the digests are in the lanes' memory then. */
  #hashed(prefix: Buffer, inputs: HashInputs): Sha256Lanes | undefined {
    const { count } = inputs;
    const source = this.#source;
    if (count < inputsForLanesMin || !Sha256Lanes.fits(source.length, count)) return undefined;
    const lanes = this.#lanes();
    if (lanes === undefined) return undefined;
    const large: number[] = [];
    for (let index = 0; index < count; index += 1) {
      if (inputs.bytesOf(index) + prefix.length > laneInputBytesMax) large.push(index);
    }
    const small = count - large.length;
    if (small < inputsForLanesMin || source.length > small * sourceBytesPerInputMax) {
      return undefined;
    }
    lanes.load(this, source, count);
    lanes.hash(prefix, inputs, large);
    const digests = lanes.digests(count);
    for (const index of large) {
      digests.write(this.#nativeOne(prefix, inputs, index), index * hashBytes, 'latin1');
    }
    return lanes;
  }

  #native(prefix: Buffer, inputs: HashInputs): Buffer {
    const digests = Buffer.allocUnsafe(inputs.count * hashBytes);
    for (let index = 0; index < inputs.count; index += 1) {
      digests.write(this.#nativeOne(prefix, inputs, index), index * hashBytes, 'latin1');
    }
    return digests;
  }

  #nativeOne(prefix: Buffer, inputs: HashInputs, index: number): string {
    const { numbers } = inputs;
    const at = index * numbersPerInput;
    return sha256TextOfRanges(prefix, this.#source, {
      start: numbers[at] as number,
      bytes: numbers[at + 1] as number,
      secondStart: numbers[at + 2] as number,
      secondBytes: numbers[at + 3] as number,
    });
  }
}

/** Whether bytes at an offset are those of a text with one character a byte. */
function isAt(source: Buffer, offset: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (source[offset + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}
