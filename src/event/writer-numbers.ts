/**
 * Numbers for the ids of writers, from 0 on, in the order in which they come. The ids are kept as texts with one character
 * a byte: small buffers share slabs of 64 KiB, and each that is kept keeps its whole slab.
 */
export class WriterNumbers {
  readonly #numbers = new Map<string, number>();

  /** By number; 32 bytes each. Made when it is asked for. */
  get ids(): Buffer[] {
    return [...this.#numbers.keys()].map((text) => Buffer.from(text, 'latin1'));
  }

  numberOf(writerId: Buffer): number {
    const text = writerId.toString('latin1');
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(text, number);
    }
    return number;
  }

  /** The number of a writer that came before; -1 for one that didn't. */
  find(writerId: Buffer): number {
    return this.#numbers.get(writerId.toString('latin1')) ?? -1;
  }
}
