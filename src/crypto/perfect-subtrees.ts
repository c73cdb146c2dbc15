import { nodeHash } from './merkle.ts';
import { log2Floor } from './tree-numbers.ts';

// Any leaves of a tree that follow each other are some perfect subtrees, as large as can be: so few hashes stand for many leaves.

/** Levels of the perfect subtrees that make up the leaves from `start` up to `end`, in their order: each has 2^level leaves. */
export function subtreeLevels(start: number, end: number): number[] {
  const levels: number[] = [];
  for (let at = start; at < end; ) {
    let level = log2Floor(end - at);
    while (at % 2 ** level !== 0) level -= 1;
    levels.push(level);
    at += 2 ** level;
  }
  return levels;
}

/** Gathers the hashes of the perfect subtrees of leaves that follow each other, from any place of a tree on. */
export class SubtreeHashes {
  readonly #start: number;
  #end: number;
  /** In their order. */
  #subtrees: { readonly level: number; readonly hash: Buffer }[] = [];

  /** @param start number of the first leaf. */
  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  /** How many leaves there are so far. */
  get count(): number {
    return this.#end - this.#start;
  }

  /** Go on with the perfect subtree of 2^level leaves, which begins at a multiple of that. */
  append(hash: Buffer, level = 0): void {
    let joined = { level, hash };
    let start = this.#end;
    this.#end += 2 ** level;
    for (;;) {
      const last = this.#subtrees.at(-1);
      const isPair = last?.level === joined.level && (start / 2 ** joined.level) % 2 === 1;
      if (!isPair) break;
      this.#subtrees.pop();
      start -= 2 ** joined.level;
      joined = { level: joined.level + 1, hash: nodeHash(last.hash, joined.hash) };
    }
    this.#subtrees.push(joined);
  }

  /** The hashes, in the order of `subtreeLevels`. */
  get hashes(): Buffer[] {
    return this.#subtrees.map(({ hash }) => hash);
  }
}
