import { AtedbError } from '../bytes/index.ts';
import { Frontier, verifyConsistency } from '../crypto/index.ts';
import type { Genesis, TreeHead } from '../event/index.ts';
import {
  type FindKey,
  type OwedData,
  ReplayVerifier,
  refuseUnallowed,
  type SignedHead,
  type StoredBatch,
  type VerifiedBatch,
} from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { ChainOpener } from './chain-opener.ts';
import { type KnownHead, sameHead } from './known-head.ts';
import type { StartOfHistory } from './received.ts';
import type { VerifiedRules } from './verified-rules.ts';

/** Heads that a server has named and that the replay has yet to reach; older ones make room. */
const namedHeadsMax = 16;

/** What a replay is checked against. */
export interface ReplayContext {
  readonly genesis: Genesis;
  readonly opener: ChainOpener;
  readonly known: KnownHead;
  readonly findKey: FindKey;
  /** What was verified of who may do what. */
  readonly verified: VerifiedRules;
  /** Whether all that is read is to be allowed by what came before, or the server's word is taken for that. */
  readonly checksRules: boolean;
  /** Data of more bytes was asked to be left out. Absent: none was. */
  readonly dataUpTo?: number | undefined;
  /** As `ReplayStart.keptTo`. */
  readonly keptTo?: number | undefined;
}

/**
 * A forward replay: verifies batches, compares the tree at every size of which a head is known or was named, and
 * moves the known head on.
 */
export class Replay {
  readonly #context: ReplayContext;
  readonly #verifier: ReplayVerifier;
  /** Heads that the server has named, by size. */
  readonly #named = new Map<number, TreeHead>();
  /** The newest known head that this replay has passed, or moved on to. */
  #tied: TreeHead | undefined;
  /** Batches that were verified, and are still to be compared with what is known before they are handed on. */
  #waiting: VerifiedBatch[] = [];
  /** What of the chain was verified, rules and all, when it began: up to there it need only be the same history. */
  readonly #covered: TreeHead | undefined;

  /**
   * Begin where a server says that a stream or a range begins.
   *
   * @param knownBefore the newest known head when the server was asked: what it serves can't be older.
   * @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT.
   */
  static async begin(
    context: ReplayContext,
    start: StartOfHistory,
    knownBefore: TreeHead,
  ): Promise<Replay> {
    checkStart(context, start);
    await context.opener.checkNotBehind(start.head, knownBefore);
    const replay = new Replay(context, start);
    replay.#named.set(start.head.size, start.head);
    await context.known.exclusively(() => replay.#compare());
    await replay.#checkStartsWithin();
    return replay;
  }

  private constructor(context: ReplayContext, start: StartOfHistory) {
    this.#context = context;
    const rules = start.startCommit === 0 ? undefined : context.verified.rulesFrom();
    if (context.checksRules && start.startCommit > (rules?.head.size ?? 0)) {
      throw startFailed(`it starts at commit ${start.startCommit}, behind what was asked for`);
    }
    this.#covered = context.checksRules ? rules?.head : undefined;
    const { findKey, dataUpTo, keptTo } = context;
    this.#verifier = new ReplayVerifier(
      context.genesis,
      {
        commit: start.startCommit,
        sequence: start.startSequence,
        frontier: start.frontier,
        keptTo,
        findKey,
        rules,
      },
      { dataUpTo, proveExtends: context.verified.proveWithin },
    );
  }

  get nextCommit(): number {
    return this.#verifier.nextCommit;
  }

  get nextSequence(): number {
    return this.#verifier.nextSequence;
  }

  /** Whether what was replayed is known to be of one history with the known head. */
  get isTied(): boolean {
    return this.#tied !== undefined;
  }

  head(): TreeHead {
    return this.#verifier.head();
  }

  /** The root that the tree had at a size lately; undefined for one of long ago. */
  rootAt(size: number): Buffer | undefined {
    return this.#verifier.rootAt(size);
  }

  /** What must come, since data of what was replayed is gone. */
  get owed(): OwedData {
    return this.#verifier.owed;
  }

  /** All that there is was replayed: data that may be gone was allowed to go by now. @throws AtedbError VERIFICATION_FAILED. */
  checkNothingOwed(): void {
    refuseUnallowed(this.owed.left(1));
  }

  /**
   * Check that another stream goes on exactly where this replay stands.
   *
   * @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT.
   */
  async resume(start: StartOfHistory): Promise<void> {
    const frontier = checkStart(this.#context, start);
    if (start.startCommit !== this.nextCommit || start.startSequence !== this.nextSequence) {
      throw startFailed(
        `it goes on at commit ${start.startCommit} and sequence ${start.startSequence}, and ${this.nextCommit} and ${this.nextSequence} were asked for`,
      );
    }
    if (!frontier.root().equals(this.head().root)) {
      throw await this.#context.opener.conflict('its history is another than the one streamed', {
        known: this.head(),
        served: { size: frontier.size, root: frontier.root() },
      });
    }
    this.#named.set(start.head.size, start.head);
  }

  /**
   * Verify the next slice, which was split.
   *
   * @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT; then the replay is over. Where the server is lost meanwhile, what was verified waits:
   * see `handOn`.
   */
  feed(batches: readonly StoredBatch[]): Promise<VerifiedBatch[]> {
    return this.#context.known.exclusively(async () => {
      let done = 0;
      while (done < batches.length) {
        const end = this.#endOfGroup(batches, done);
        this.#waiting.push(...(await this.#verifier.verifyBatches(batches.slice(done, end))));
        done = end;
        await this.#compare();
      }
      return this.#handOn();
    });
  }

  /** What was verified and not handed on, as the server was lost that was asked for the rest: the replay is behind it. @throws AtedbError as `feed`. */
  handOn(): Promise<VerifiedBatch[]> {
    return this.#context.known.exclusively(() => this.#handOn());
  }

  async #handOn(): Promise<VerifiedBatch[]> {
    if (this.#waiting.length === 0) return [];
    await this.#checkCovered();
    const verified = this.#waiting;
    this.#waiting = [];
    const { verified: rules } = this.#context;
    // What isn't known to be allowed may be made up.
    if (this.#verifier.checksRules || this.#covered !== undefined) rules.learn(verified);
    rules.advance(this.#verifier);
    return verified;
  }

  /** Nothing more is fed: what was verified of the rules is all there is to know. */
  async end(): Promise<void> {
    const { known, verified } = this.#context;
    await known.exclusively(async () => verified.advance(this.#verifier, { isEnd: true }));
  }

  /** What begins where the rules were verified to begins with that history, also where nothing follows. */
  async #checkStartsWithin(): Promise<void> {
    if (this.#covered?.size === this.nextCommit) await this.#checkCovered();
  }

  /** Nothing is handed on of another history than the one whose rules were verified. */
  async #checkCovered(): Promise<void> {
    const covered = this.#covered;
    // Behind it the rules are checked, from a tree on that was compared.
    if (covered === undefined || this.nextCommit > covered.size) return;
    await this.#context.verified.proveWithin(this.head(), covered);
  }

  /**
   * Take note of a head that the server names in between: it is compared when the replay is there.
   *
   * @throws AtedbError HEAD_CONFLICT.
   */
  async name(head: TreeHead): Promise<void> {
    // Of an older size nothing is left here to compare with; what came since was verified by itself.
    if (head.size < this.nextCommit) return;
    this.#named.set(head.size, head);
    const [oldest] = this.#named.keys();
    if (this.#named.size > namedHeadsMax && oldest !== undefined) this.#named.delete(oldest);
    await this.#context.known.exclusively(() => this.#compare());
  }

  /**
   * Compare a checkpoint of what was replayed, or of what is before its start, and keep it.
   *
   * @throws AtedbError VERIFICATION_FAILED for one of what is to come; HEAD_CONFLICT; as `Transport.unary`.
   */
  async attested(signed: SignedHead, call: CallOptions): Promise<void> {
    const { opener } = this.#context;
    const { head } = signed;
    if (head.size > this.nextCommit) {
      throw new AtedbError(
        'VERIFICATION_FAILED',
        `the server shows a checkpoint of ${head.size} commits, and has sent ${this.nextCommit}`,
      );
    }
    const root = this.#verifier.rootAt(head.size);
    if (root !== undefined && !root.equals(head.root)) {
      throw await opener.conflict('it has signed another history than the one it has sent', {
        known: { size: head.size, root },
        served: head,
        signed,
      });
    }
    if (root !== undefined && this.isTied) opener.checkpoints.keep(signed);
    else await opener.tieCheckpoint(signed, call);
  }

  /** Up to which batch there is nothing to compare. A size that lies within what is gone is passed: `tie` compares it. */
  #endOfGroup(batches: readonly StoredBatch[], from: number): number {
    const next = this.#nextComparison();
    let end = from + 1;
    const sizeAfter = (at: number) => (batches[at - 1]?.commit.commit ?? 0) + 1;
    while (end < batches.length && sizeAfter(end) < next) end += 1;
    return end;
  }

  /** The next size at which there is something to compare. */
  #nextComparison(): number {
    const newest = this.#context.known.newest?.size ?? 0;
    let next = newest > this.nextCommit ? newest : Number.POSITIVE_INFINITY;
    for (const size of this.#named.keys()) {
      if (size > this.nextCommit && size < next) next = size;
    }
    return next;
  }

  /** Compare the tree, as it is now, with what is known and named at this size; then move the known head on. */
  async #compare(): Promise<void> {
    const size = this.nextCommit;
    const { known, opener } = this.#context;
    const { newest } = known;
    for (const passed of this.#named.keys()) if (passed < size) this.#named.delete(passed);
    const named = this.#named.get(size);
    if (named === undefined && newest === undefined) return;
    const head = this.head();
    if (named !== undefined && !sameHead(named, head)) {
      throw await opener.conflict('it names another head than its own history has', {
        known: head,
        served: named,
      });
    }
    this.#named.delete(size);
    if (newest?.size === size) {
      if (!sameHead(newest, head)) {
        throw await opener.conflict('its chain has another history than it had', {
          known: newest,
          served: head,
        });
      }
      this.#tied = newest;
    } else if (newest !== undefined && newest === this.#tied) {
      known.advance(newest, head);
      this.#tied = known.newest;
    }
  }
}

/** Check that a start is of this chain, and that its frontier is of the tree of its head. */
export function checkStart(context: ReplayContext, start: StartOfHistory): Frontier {
  if (!start.chainId.equals(context.genesis.chainId)) {
    throw startFailed(`it is of the chain ${start.chainId.toString('hex')}`);
  }
  let frontier: Frontier;
  try {
    frontier = Frontier.from(start.startCommit, start.frontier);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw startFailed(error.message);
  }
  const good = verifyConsistency({
    first: start.startCommit,
    second: start.head.size,
    firstRoot: frontier.root(),
    secondRoot: start.head.root,
    proof: start.consistency,
  });
  if (!good) throw startFailed('its frontier is not of the tree of its head');
  return frontier;
}

function startFailed(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the start that the server gives does not verify: ${why}. Nothing that follows it was used`,
  );
}
