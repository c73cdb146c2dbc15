/** Something that may not be so. */
export interface Violation {
  /** In words. */
  readonly what: string;
  /** Name of the file, within the chain's folder. */
  readonly file?: string | undefined;
  /** In bytes, within the file. */
  readonly offset?: number | undefined;
  /** Number of the batch that it is about. */
  readonly commit?: number | undefined;
  /** Of the first event of that. */
  readonly sequence?: number | undefined;
}

/** What is found is kept up to here: who needs more than that to be convinced isn't. */
const violationsMax = 100;

/** What was found, in the order in which it was. */
export class Violations {
  readonly #list: Violation[] = [];
  #leftOut = false;

  get list(): readonly Violation[] {
    return this.#list;
  }

  /** Whether more was found than is kept, or something was left that wasn't looked at. */
  get leftOut(): boolean {
    return this.#leftOut;
  }

  /** Whether nothing more is kept: then nothing more needs to be looked for. */
  get isFull(): boolean {
    return this.#list.length >= violationsMax;
  }

  add(violation: Violation): void {
    if (this.isFull) this.#leftOut = true;
    else this.#list.push(violation);
  }

  /** Take note that something is left that isn't looked at, since enough was found. */
  stop(): void {
    this.#leftOut = true;
  }

  /** Whether there is one of this place already. */
  isKnown(file: string, offset: number): boolean {
    return this.#list.some((known) => known.file === file && known.offset === offset);
  }
}
