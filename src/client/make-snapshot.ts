import { AtedbError, snapshotAgeMsMin } from '../bytes/index.ts';
import { type FoundSurvivors, SurvivorFinder } from '../compact/index.ts';
import type { Snapshot, TreeHead } from '../event/index.ts';
import { floorNone, raiseFloor, type VerifiedBatch } from '../trust/index.ts';
import type { AppendOptions } from './append-options.ts';
import type { AppendEvent } from './build-events.ts';
import type { CallOptions } from './cancellation.ts';
import type { Committed } from './pending-append.ts';
import { readRange } from './range.ts';
import type { RangeContext } from './range-context.ts';
import type { Replay } from './replay.ts';

/** The server's clock may be behind this one. */
const clockMarginMs = 60_000;

/** How to make a snapshot. */
export interface SnapshotOptions extends CallOptions {
  /** How old a commit is at least that it is about, in milliseconds. Default, and least: 7 days. */
  readonly olderThanMs?: number | undefined;
  /** Only tell what it would say. Default: false. */
  readonly dryRun?: boolean | undefined;
}

/** What a snapshot says, and where it is. */
export interface MadeSnapshot {
  readonly content: Snapshot;
  /** How many events go by it that are there. */
  readonly goneNow: number;
  /** Undefined where it was not appended. */
  readonly committed: Committed | undefined;
}

/**
 * Read the whole chain, and say what of its older part may be gone. It is appended as a signed event, which the server carries out when it
 * compacts the chain.
 *
 * @returns undefined where nothing would go by it; then nothing is appended.
 * @throws AtedbError REQUEST_INVALID; as reading and appending do.
 */
export async function makeSnapshot(
  context: RangeContext,
  options: SnapshotOptions & {
    readonly append: (event: AppendEvent, options: AppendOptions) => Promise<Committed>;
  },
): Promise<MadeSnapshot | undefined> {
  const { append, olderThanMs = snapshotAgeMsMin, dryRun = false, ...call } = options;
  if (!Number.isSafeInteger(olderThanMs) || olderThanMs < snapshotAgeMsMin) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `olderThanMs is ${olderThanMs}, and must be a whole number from ${snapshotAgeMsMin} on, which is 7 days`,
      { metadata: { field: 'olderThanMs' } },
    );
  }
  const draft = new Draft(Date.now() - olderThanMs - clockMarginMs);
  const { signal, timeoutMs } = call;
  const onVerified = (batches: readonly VerifiedBatch[], replay: Replay) =>
    draft.add(batches, replay);
  const whole = { ...context, checksRules: true, onlyVerifies: true, onVerified };
  // To the chain's end: what is gone already is allowed to be only there.
  for await (const _events of readRange(whole, { signal, timeoutMs, dataUpTo: 0 }));
  const found = draft.finish();
  if (found === undefined || found.goneNow === 0) return undefined;
  const { content, goneNow } = found;
  const committed = dryRun
    ? undefined
    : await append({ kind: 'snapshot', snapshot: content }, call);
  return { content, goneNow, committed };
}

/** A snapshot that is being made, of all commits that are old enough. */
class Draft {
  readonly #untilUnixMs: number;
  readonly #finder = new SurvivorFinder();
  #floor = floorNone;
  /** Of the commits that it is about, as far as they were read. */
  #head: TreeHead | undefined;
  #isOver = false;

  constructor(untilUnixMs: number) {
    this.#untilUnixMs = untilUnixMs;
  }

  add(batches: readonly VerifiedBatch[], replay: Replay): void {
    for (const { batch, commit, changes } of batches) {
      if (this.#isOver) return;
      const { commit: number, firstSequence, timeUnixMs, events } = commit;
      if (timeUnixMs > this.#untilUnixMs) {
        this.#end(number, replay);
        return;
      }
      if (changes === undefined) throw new Error('who reads from the start knows what changes');
      this.#finder.add({ batch, commit: number, firstSequence, timeUnixMs, changes });
      const end = { nextSequence: firstSequence + events, timeUnixMs };
      this.#floor = raiseFloor(this.#floor, changes.retention, end);
    }
    this.#head = replay.head();
  }

  /** What it says; undefined where no commit is old enough. */
  finish(): FoundSurvivors | undefined {
    if (this.#head === undefined || this.#head.size === 0) return undefined;
    return this.#finder.finish(this.#head, this.#floor);
  }

  #end(size: number, replay: Replay): void {
    this.#isOver = true;
    if (size === 0) return;
    const root = replay.rootAt(size);
    if (root === undefined) throw new Error(`the root of ${size} commits was just passed`);
    this.#head = { size, root };
  }
}
