/** 32-bit numbers an input: first part and its size, second part and its size, place of the expected hash. */
export const numbersPerInput = 5;

/**
 * Inputs to be hashed together, as ranges of one buffer that they share: the parts of an input are hashed one after the
 * other. It holds no bytes, and can be cleared and filled again.
 */
export class HashInputs {
  #numbers = new Int32Array(8 * numbersPerInput);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** What was added, `numbersPerInput` numbers each; meaningless beyond `count`. */
  get numbers(): Int32Array {
    return this.#numbers;
  }

  clear(): void {
    this.#count = 0;
  }

  /**
   * Add an input of two parts; either may be empty.
   *
   * @param expectedAt where the 32 bytes lie that its hash should be; 0 where nothing is expected.
   */
  add(
    start: number,
    bytes: number,
    secondStart: number,
    secondBytes: number,
    expectedAt: number,
  ): void {
    const at = this.#count * numbersPerInput;
    if (at === this.#numbers.length) {
      const grown = new Int32Array(2 * at);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    const numbers = this.#numbers;
    numbers[at] = start;
    numbers[at + 1] = bytes;
    numbers[at + 2] = secondStart;
    numbers[at + 3] = secondBytes;
    numbers[at + 4] = expectedAt;
    this.#count += 1;
  }

  /** Bytes of an input, without a prefix. */
  bytesOf(index: number): number {
    const at = index * numbersPerInput;
    return (this.#numbers[at + 1] as number) + (this.#numbers[at + 3] as number);
  }
}
