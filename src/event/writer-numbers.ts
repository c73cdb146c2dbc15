/** Numbers for the ids of writers, from 0 on, in the order in which they come. */
export class WriterNumbers {
  /** By number; 32 bytes each. */
  readonly ids: Buffer[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(writerId: Buffer): number {
    const text = writerId.toString('latin1');
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.ids.length;
      this.#numbers.set(text, number);
      this.ids.push(Buffer.from(writerId));
    }
    return number;
  }

  /** The number of a writer that came before; -1 for one that didn't. */
  find(writerId: Buffer): number {
    return this.#numbers.get(writerId.toString('latin1')) ?? -1;
  }
}
