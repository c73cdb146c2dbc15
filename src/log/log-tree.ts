import { AtedbError } from '../bytes/index.ts';
import { emptyRoot } from '../crypto/index.ts';
import type { TreeHead } from '../event/index.ts';
import { checkInRange } from './check-in-range.ts';
import { readError } from './damage.ts';
import { PublishedHeads } from './published-heads.ts';
import type { TileFiles } from './tile-files.ts';

/** The tree of a log's durable commits: its roots, and what proves them. */
export class LogTree {
  readonly #tiles: TileFiles | undefined;
  readonly #size: () => number;
  readonly #trouble: () => string | undefined;
  readonly #heads = new PublishedHeads();

  /**
   * @param tiles undefined where the tree is lost.
   * @param log how many commits are durable, and why the log can only be read.
   */
  constructor(
    tiles: TileFiles | undefined,
    log: { readonly size: () => number; readonly trouble: () => string | undefined },
  ) {
    this.#tiles = tiles;
    this.#size = log.size;
    this.#trouble = log.trouble;
  }

  /** A head was published: its root is kept at hand. */
  published(head: TreeHead): void {
    this.#heads.add(head);
  }

  /** The root of the tree of the first `size` commits, where it was published lately. */
  recentRoot(size: number): Buffer | undefined {
    return size === 0 ? emptyRoot : this.#heads.rootAt(size);
  }

  /** The root of the tree of the first `size` commits. @throws as `consistencyProof`. */
  async rootAt(size: number): Promise<Buffer> {
    return reading(this.#of(size).rootAt(size));
  }

  /** Hashes of the perfect subtrees of the first `size` commits, largest first. @throws as `consistencyProof`. */
  async frontierAt(size: number): Promise<Buffer[]> {
    return reading(this.#of(size).frontierAt(size));
  }

  /** Hashes of the perfect subtrees of the commits from `first` up to `end`, in order. @throws as `consistencyProof`. */
  async subtrees(first: number, end: number): Promise<Buffer[]> {
    return reading(this.#of(end).subtrees(first, end));
  }

  /**
   * The RFC 9162 proof that the tree of the first `second` commits extends that of the first `first`.
   *
   * @throws AtedbError SEQUENCE_OUT_OF_RANGE where they aren't durable sizes in this order, CHAIN_DAMAGED,
   *   STORAGE_FAILED.
   */
  async consistencyProof(first: number, second: number): Promise<Buffer[]> {
    checkInRange('tree size', first, 0, second + 1);
    return reading(this.#of(second).consistencyProof(first, second));
  }

  /** The RFC 9162 proof that a commit is in the tree of the first `size` commits. @throws as `consistencyProof`. */
  async inclusionProof(commit: number, size: number): Promise<Buffer[]> {
    checkInRange('commit', commit, 0, size);
    return reading(this.#of(size).inclusionProof(commit, size));
  }

  #of(size: number): TileFiles {
    checkInRange('tree size', size, 0, this.#size() + 1);
    if (this.#tiles !== undefined) return this.#tiles;
    throw new AtedbError('CHAIN_DAMAGED', `there are no proofs: ${this.#trouble()}`);
  }
}

async function reading<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw readError('reading the log', error);
  }
}
