import { AtedbError } from '../bytes/index.ts';
import type { SealView } from '../event/index.ts';
import { ReplayVerifier, type StoredBatch, type VerifiedBatch } from '../trust/index.ts';
import type { StartOfHistory } from './received.ts';
import { checkStart, type ReplayContext } from './replay.ts';
import { UncheckedTally } from './unchecked-data.ts';

/** What must be true of a writer's newest batch among those still to come. */
interface WriterAbove {
  readonly counter: number;
  readonly previous: Buffer | undefined;
}

/**
 * Verifies batches that come newest first. Each slice is replayed forwards from the frontier that comes with it, and
 * must lead to the tree that the slice above it started from.
 */
export class ReverseReplay {
  readonly #context: ReplayContext;
  /** Number of the commit that the next slice must lead up to, and what the tree is there. */
  #size: number;
  #root: Buffer;
  #sequence: number;
  #timeUnixMs = Number.POSITIVE_INFINITY;
  readonly #writers = new Map<string, WriterAbove>();
  /** Whether commits are gone among those that came. */
  #hasGaps = false;
  readonly unchecked = new UncheckedTally();

  /** @throws AtedbError VERIFICATION_FAILED. */
  constructor(context: ReplayContext, start: StartOfHistory) {
    this.#context = context;
    this.#size = start.startCommit;
    this.#root = checkStart(context, start).root();
    this.#sequence = start.startSequence;
  }

  /** Sequence of the oldest event so far. */
  get firstSequence(): number {
    return this.#sequence;
  }

  /**
   * Verify the next older slice, which was split.
   *
   * @param frontier of the tree of the commits before its oldest one.
   * @returns its batches, newest first.
   * @throws AtedbError VERIFICATION_FAILED; then the replay is over.
   */
  async feed(
    newestFirst: readonly StoredBatch[],
    frontier: readonly Buffer[],
  ): Promise<VerifiedBatch[]> {
    const oldestFirst = [...newestFirst].reverse();
    const [oldest] = oldestFirst;
    if (oldest === undefined) return [];
    const verifier = this.#verifierFrom(oldest, frontier);
    const verified = await verifier.verifyBatches(oldestFirst);
    const isLinked =
      verifier.nextCommit === this.#size &&
      verifier.nextSequence === this.#sequence &&
      verifier.head().root.equals(this.#root);
    if (!isLinked) {
      throw failed(
        oldest.commit.commit,
        `it does not lead up to commit ${this.#size} as it was sent before`,
      );
    }
    // What would show that it is allowed has come before, and isn't kept.
    this.unchecked.add(verifier.owed);
    verified.reverse();
    for (const { batch, commit, gap } of verified) {
      this.#checkWriter(batch.seal, commit.commit);
      this.#hasGaps ||= gap !== undefined && gap.commits > 0;
      if (commit.timeUnixMs > this.#timeUnixMs)
        throw failed(commit.commit, 'its time is after the next one');
      this.#timeUnixMs = commit.timeUnixMs;
    }
    const { commit, sequence } = placeOf(oldest);
    this.#size = commit;
    this.#sequence = sequence;
    this.#root = this.#verifierFrom(oldest, frontier).head().root;
    return verified;
  }

  #verifierFrom(oldest: StoredBatch, frontier: readonly Buffer[]): ReplayVerifier {
    try {
      const { genesis, findKey, dataUpTo } = this.#context;
      const start = { ...placeOf(oldest), frontier, findKey };
      return new ReplayVerifier(genesis, start, { dataUpTo });
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      throw failed(oldest.commit.commit, error.message);
    }
  }

  /** Backwards too, each writer's seals are a chain: the one above names this one. */
  #checkWriter(seal: SealView, commit: number): void {
    const writerId = seal.writerIdHex;
    const above = this.#writers.get(writerId);
    if (above !== undefined) {
      const isNamed = above.counter === seal.counter + 1 && above.previous?.equals(seal.hash);
      // Those in between may be among what is gone.
      const mayFollow = this.#hasGaps && above.counter > seal.counter + 1;
      if (!isNamed && !mayFollow)
        throw failed(commit, "it is not the one that its writer's next batch names");
    }
    const previous = seal.previous && Buffer.from(seal.previous);
    this.#writers.set(writerId, { counter: seal.counter, previous });
  }
}

/** Where a batch begins, with what is gone before it. */
function placeOf({ commit, gap }: StoredBatch) {
  const { commits, events } = gap ?? { commits: 0, events: 0 };
  return { commit: commit.commit - commits, sequence: commit.firstSequence - events };
}

function failed(commit: number, why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `commit ${commit} does not verify: ${why}. Nothing of it was used; the server, or its copy of the chain, can't be trusted`,
    { metadata: { commit: String(commit) } },
  );
}
