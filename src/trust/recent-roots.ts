import { Frontier, rootOf, rootOfHashes } from '../crypto/index.ts';

/** Sizes of which the root can be had: 2 MiB of leaves. */
const leavesKeptMax = 65_536;

/**
 * A root costs at most so many hashed leaves, and this many of them share the frontier before them. Chunks begin at
 * multiples of it, a power of two, so that the leaves of one are a subtree by themselves; only the oldest may not.
 */
const chunkLeaves = 32;

const hashBytes = 32;

interface Chunk {
  /** Number of the leaves before it. */
  readonly start: number;
  /** The tree of those. */
  readonly frontier: readonly Buffer[];
  /** Its leaves, one after another. */
  readonly leaves: Buffer;
}

/**
 * A growing tree, with the roots that it had at its last sizes: at any of them, not only at those of which somebody
 * said the root. What is kept is the leaves, so that a root is made when it is asked for.
 */
export class RecentRoots {
  readonly #frontier: Frontier;
  /** Without a gap, oldest first. */
  readonly #chunks: Chunk[] = [];

  /** @param frontier of the tree to begin with; it grows with this one. */
  constructor(frontier: Frontier) {
    this.#frontier = frontier;
  }

  /** Append a leaf by its hash, 32 bytes. */
  append(leaf: Buffer): void {
    const { size } = this.#frontier;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || size % chunkLeaves === 0) {
      const leaves = Buffer.allocUnsafeSlow(chunkLeaves * hashBytes);
      chunk = { start: size, frontier: this.#frontier.hashes(), leaves };
      this.#chunks.push(chunk);
      if (this.#chunks.length > leavesKeptMax / chunkLeaves) this.#chunks.shift();
    }
    leaf.copy(chunk.leaves, (size - chunk.start) * hashBytes);
    this.#frontier.append(leaf);
  }

  /** Append the perfect subtree of 2^level leaves, of which nothing is known: nor are the roots before its end from now on. */
  appendSubtree(hash: Buffer, level: number): void {
    this.#chunks.length = 0;
    this.#frontier.append(hash, level);
  }

  /** The root that the tree had at a size; undefined for one that it hasn't had yet, or had before what is kept. */
  rootAt(size: number): Buffer | undefined {
    if (size === this.#frontier.size) return this.#frontier.root();
    const first = this.#chunks[0];
    if (first === undefined || size < first.start || size > this.#frontier.size) return undefined;
    const place = Math.floor(size / chunkLeaves) - Math.floor(first.start / chunkLeaves);
    const chunk = this.#chunks[place] as Chunk;
    return rootWithin(chunk, size - chunk.start);
  }
}

/** The root after so many of a chunk's leaves. */
function rootWithin({ start, frontier, leaves }: Chunk, count: number): Buffer {
  const some = leaves.subarray(0, count * hashBytes);
  if (count > 0 && start % chunkLeaves === 0) return rootOf([...frontier, rootOfHashes(some)]);
  const tree = Frontier.from(start, frontier);
  for (let at = 0; at < some.length; at += hashBytes)
    tree.append(some.subarray(at, at + hashBytes));
  return tree.root();
}
