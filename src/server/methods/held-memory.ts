import type { SliceMemory } from '../slice-memory.ts';

/** Memory for one thing that is read and sent, in other words than it is stored: it counts until that is over. */
export class HeldMemory implements Disposable {
  readonly #memory: SliceMemory;
  readonly #signal: AbortSignal;
  #bytes = 0;

  /** @param signal ends the waiting for memory. */
  constructor(memory: SliceMemory, signal: AbortSignal) {
    this.#memory = memory;
    this.#signal = signal;
  }

  /** Memory of so many bytes, as soon as there is some. @throws the signal's reason. */
  async take(bytes: number): Promise<Buffer> {
    await this.#memory.budget.acquire(bytes, this.#signal);
    this.#bytes += bytes;
    return Buffer.allocUnsafeSlow(bytes);
  }

  [Symbol.dispose](): void {
    this.#memory.budget.release(this.#bytes);
    this.#bytes = 0;
  }
}
