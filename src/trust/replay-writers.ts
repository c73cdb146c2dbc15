import type { SealView, WriterSeal } from '../event/index.ts';
import { Violation } from './replay-steps.ts';
import type { ReplayedWriter, ReplayedWriters } from './replay-types.ts';

/** Where the writers of a replay stand, each in its chain of seals. */
export class WritersOfReplay {
  /** Whether the writers are all that there are: another one is new, and starts at counter 0. */
  #areAll: boolean;
  #writers = new Map<string, ReplayedWriter>();
  /** Those of them that wrote since this was asked for last. */
  #wrote = new Map<string, ReplayedWriter>();

  /** @param areAll whether nothing was written before. */
  constructor(areAll: boolean) {
    this.#areAll = areAll;
  }

  get all(): ReplayedWriters {
    return this.#writers;
  }

  /** All that have written, where that is known. */
  get seals(): readonly WriterSeal[] | undefined {
    if (!this.#areAll) return undefined;
    return [...this.#writers].map(([id, { nextCounter, lastSealHash }]) => ({
      writerId: Buffer.from(id, 'hex'),
      counter: nextCounter - 1,
      sealHash: lastSealHash,
    }));
  }

  /** Know all that have written before. */
  know(writers: ReplayedWriters): void {
    this.#writers = new Map(writers);
    this.#areAll = true;
  }

  /** The writers that wrote since this was called last. */
  takeWrote(): ReplayedWriters {
    const wrote = this.#wrote;
    this.#wrote = new Map();
    return wrote;
  }

  find(id: string): ReplayedWriter | undefined {
    return this.#writers.get(id);
  }

  /**
   * Check that a seal is its writer's next.
   *
   * @param mayMiss whether batches of it may be gone before.
   * @returns whether it is the one right behind the last that came.
   */
  check(seal: SealView, mayMiss: boolean): boolean {
    const writer = this.#writers.get(seal.writerIdHex);
    const due = writer?.nextCounter ?? 0;
    if (seal.counter === due) {
      if (writer === undefined || seal.previous?.equals(writer.lastSealHash)) return true;
    } else if (mayMiss ? seal.counter > due : writer === undefined && !this.#areAll) return false;
    throw new Violation(
      writer === undefined
        ? `its writer starts at counter ${seal.counter}`
        : `counter ${seal.counter} doesn't continue its writer's chain of seals`,
    );
  }

  /** Take note of a batch. */
  took(seal: SealView): void {
    const writer = {
      nextCounter: seal.counter + 1,
      lastSealHash: seal.hash,
      // Copied: it lies in a whole slice.
      asOf: seal.asOf && { ...seal.asOf, root: Buffer.from(seal.asOf.root) },
    };
    this.#writers.set(seal.writerIdHex, writer);
    this.#wrote.set(seal.writerIdHex, writer);
  }
}
