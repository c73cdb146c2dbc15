/** Something that has a descriptor open, and can do without until it is used again. */
export interface DescriptorHolder {
  /** Whether the descriptor may be closed now: nobody uses it, and nothing is lost with it. */
  readonly isIdle: boolean;
  /** Close the descriptor. */
  release(): Promise<void>;
}

/**
 * Keeps the descriptors that are open at once to a number, whatever the number of files: when one more is opened, those
 * that were unused for longest are closed.
 */
export class DescriptorPool {
  readonly #descriptorsMax: number;
  /** In the order of last use. */
  readonly #holders = new Set<DescriptorHolder>();

  constructor(descriptorsMax: number) {
    this.#descriptorsMax = descriptorsMax;
  }

  /** How many are open. */
  get count(): number {
    return this.#holders.size;
  }

  /** A holder has opened its descriptor, or uses it. */
  used(holder: DescriptorHolder): void {
    this.#holders.delete(holder);
    this.#holders.add(holder);
  }

  /** A holder has closed its descriptor. */
  closed(holder: DescriptorHolder): void {
    this.#holders.delete(holder);
  }

  /** Make room for one more, as far as there are idle ones. */
  async makeRoom(): Promise<void> {
    await this.#closeIdle(this.#holders.size + 1 - this.#descriptorsMax);
  }

  /** The system has no descriptors left, for whatever reason: close all that can be. Returns whether there were any. */
  async closeAllIdle(): Promise<boolean> {
    return this.#closeIdle(this.#holders.size);
  }

  async #closeIdle(count: number): Promise<boolean> {
    const idle: DescriptorHolder[] = [];
    for (const holder of this.#holders) {
      if (idle.length >= count) break;
      if (holder.isIdle) idle.push(holder);
    }
    for (const holder of idle) this.#holders.delete(holder);
    // Nothing is lost with them, so what a close may say concerns nobody, least of all who needs the room.
    await Promise.allSettled(idle.map((holder) => holder.release()));
    return idle.length > 0;
  }
}
