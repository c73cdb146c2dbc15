import { AtedbError } from '../bytes/index.ts';
import { Frontier, type PublicKey } from '../crypto/index.ts';
import {
  commitLeaf,
  type Gap,
  type Genesis,
  subtreesOfGap,
  type TreeHead,
} from '../event/index.ts';
import {
  type AuthorityRecord,
  OwedData,
  type ReplayStart,
  ReplayVerifier,
  type RetentionFloor,
  type StoredBatch,
  type Unallowed,
  unallowedText,
} from '../trust/index.ts';
import { Tally } from './tally.ts';
import type { Violations } from './violations.ts';

/** A batch, and where it lies if it is in a file. */
export interface PlacedBatch extends StoredBatch {
  readonly file?: string | undefined;
  readonly offset?: number | undefined;
}

/** What a history is verified against. */
export interface HistoryOptions {
  readonly genesis: Genesis;
  readonly allSignatures: boolean;
  /** Heads of the chain that somebody has seen, which must be in it. */
  readonly heads: readonly TreeHead[];
  /** Whether the chain may be compacted while it is read: then gaps that contradict each other mean that it is to be read again. */
  readonly mayBeCompacted: boolean;
  /** Takes what is found. */
  readonly violations: Violations;
}

/**
 * Verifies the whole history of a chain, from its genesis on, as every reader does; but where a batch doesn't verify it
 * takes note of that and goes on behind it. From there on it takes each writer's next batch as it comes, as a replay that
 * begins in the middle does.
 */
export class HistoryVerifier {
  readonly #options: HistoryOptions;
  readonly #heads = new Map<number, TreeHead[]>();
  readonly #tally = new Tally();
  #verifier: ReplayVerifier;
  /** The tree of all commits so far, whether they verify or not. */
  readonly #frontier = new Frontier();
  #nextSequence = 0;
  #firstUnixMs: number | undefined;
  #lastUnixMs: number | undefined;
  #isOver = false;
  /** Goes on over what doesn't verify. */
  readonly #owed = new OwedData();
  readonly #unallowed = new Set<number>();

  constructor(options: HistoryOptions) {
    this.#options = options;
    for (const head of options.heads) {
      this.#heads.set(head.size, [...(this.#heads.get(head.size) ?? []), head]);
    }
    this.#verifier = this.#startAt({ commit: 0, sequence: 0, frontier: [] });
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** The head of all commits so far. */
  get head(): TreeHead {
    return { size: this.#frontier.size, root: this.#frontier.root() };
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** What the chain's rules for retention have let go after all that verifies. */
  get retained(): RetentionFloor {
    return this.#verifier.retained;
  }

  /** Who may do what after all that verifies; undefined before there is anything. */
  authority(): AuthorityRecord | undefined {
    return this.#verifier.authority();
  }

  /** A public key that the history has shown so far, by the hexadecimal of its fingerprint. */
  findKey(fingerprint: string): PublicKey | undefined {
    return this.#verifier.findKey(fingerprint);
  }

  /** The server's times of the first commit and the last; undefined before there is one. */
  get times(): { readonly firstUnixMs: number; readonly lastUnixMs: number } | undefined {
    if (this.#firstUnixMs === undefined || this.#lastUnixMs === undefined) return undefined;
    return { firstUnixMs: this.#firstUnixMs, lastUnixMs: this.#lastUnixMs };
  }

  /** Verify the next batches. A group is what a slice is for readers: of each writer one signature in it is verified. */
  async add(group: readonly PlacedBatch[]): Promise<void> {
    const { violations } = this.#options;
    let rest = group;
    while (rest.length > 0 && !this.#isOver && !violations.isFull) {
      rest = await this.#verifyUpToViolation(rest);
    }
    if (rest.length > 0) violations.stop();
    this.#refuse(this.#owed.takeUnallowed());
  }

  /** What is still to come, since data is gone. */
  get owed(): OwedData {
    return this.#owed;
  }

  #refuse(unallowed: readonly Unallowed[]): void {
    for (const one of unallowed) {
      const { sequence } = one;
      // What is behind something that doesn't verify is gone over twice.
      if (this.#unallowed.has(sequence) || this.#options.violations.isFull) continue;
      this.#unallowed.add(sequence);
      this.#options.violations.add({ what: unallowedText(one), sequence });
    }
  }

  /** All was given: say of the heads that weren't reached, and of data that nothing has allowed to go, that it is so. */
  finish(): void {
    if (!this.#isOver) this.#refuse(this.#owed.left(unallowedMax));
    const { size } = this.#frontier;
    for (const due of this.#heads.keys()) {
      if (due <= size || this.#isOver || this.#options.violations.isFull) continue;
      this.#options.violations.add({
        what: `a head of ${due} commits is known, and there are ${size}: what came last is gone`,
      });
    }
  }

  /** @returns the batches behind the first that doesn't verify, if there is one. */
  async #verifyUpToViolation(group: readonly PlacedBatch[]): Promise<readonly PlacedBatch[]> {
    const start = this.#place();
    const forgotten = this.#owed.forgotten.mark();
    try {
      const verified = await this.#verifier.verifyBatches(group);
      for (const one of verified) {
        this.#tally.add(one);
        this.#passed(one);
      }
      return [];
    } catch (error) {
      const at = this.#placeOf(error, group);
      // As it was before all of them; those before it were verified but for their signatures.
      this.#verifier = this.#startAt(start);
      this.#owed.forgotten.restore(forgotten);
      if (at > 0) await this.add(group.slice(0, at));
      const bad = group[at] as PlacedBatch;
      if (!this.#options.violations.isFull) this.#report(bad, error);
      if (bad.commit.commit !== this.#frontier.size + (bad.gap?.commits ?? 0)) {
        // What isn't where it should be says nothing of where the next one should be.
        this.#isOver = true;
        return [];
      }
      this.#passed(bad);
      // Else all gaps behind it would say that they don't go with what is before it.
      if (bad.gap !== undefined) this.#owed.forgotten.restart(this.#nextSequence);
      this.#verifier = this.#startHere();
      return group.slice(at + 1);
    }
  }

  /** Which batch of a group an error is about. @throws the error where it is none that says so. */
  #placeOf(error: unknown, group: readonly PlacedBatch[]): number {
    if (!(error instanceof AtedbError) || !this.#isViolation(error)) throw error;
    const at = group.findIndex(({ commit }) => String(commit.commit) === error.metadata.commit);
    if (at < 0) throw error;
    return at;
  }

  #isViolation({ reason }: AtedbError): boolean {
    if (reason === 'HISTORY_COMPACTED') return !this.#options.mayBeCompacted;
    return reason === 'VERIFICATION_FAILED';
  }

  #report({ file, offset, commit }: PlacedBatch, error: unknown): void {
    const { commit: number, firstSequence: sequence } = commit;
    const what = `commit ${number} does not verify: ${whyOf(error)}`;
    this.#options.violations.add({ what, file, offset, commit: number, sequence });
  }

  /** A commit takes its place in the tree, and those do that are gone before it. */
  #passed({ gap, commit }: Pick<PlacedBatch, 'gap' | 'commit'>): void {
    const { headerBytes, firstSequence, events, timeUnixMs } = commit;
    if (gap !== undefined) this.#passGap(gap);
    this.#frontier.append(commitLeaf(headerBytes));
    this.#nextSequence = firstSequence + events;
    this.#firstUnixMs ??= timeUnixMs;
    this.#lastUnixMs = timeUnixMs;
    const { size } = this.#frontier;
    for (const known of this.#heads.get(size) ?? []) {
      const root = this.#frontier.root();
      if (known.root.equals(root)) continue;
      this.#options.violations.add({
        what: `a head of ${size} commits is known with the root ${known.root.toString('hex')}, and this history has ${root.toString('hex')}: it is another one`,
        commit: size - 1,
      });
    }
  }

  #passGap(gap: Gap): void {
    const { size } = this.#frontier;
    try {
      for (const { hash, level } of subtreesOfGap(gap, size)) {
        this.#frontier.append(Buffer.from(hash), level);
      }
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      // It was told of when the batch behind it didn't verify, and nothing can be tied to what is before.
      this.#isOver = true;
    }
    for (const known of this.#heads.keys()) {
      if (known > size && known < this.#frontier.size) this.#tally.passHead();
    }
  }

  #place(): ReplayStart {
    const frontier = this.#frontier.hashes();
    // What doesn't verify has changed nothing of who may do what.
    const authority = this.#verifier.authority();
    const { retained } = this.#verifier;
    const place = { commit: this.#frontier.size, sequence: this.#nextSequence, frontier };
    return { ...place, authority, retained };
  }

  #startHere(): ReplayVerifier {
    return this.#startAt(this.#place());
  }

  #startAt(place: ReplayStart): ReplayVerifier {
    const { genesis, allSignatures } = this.#options;
    return new ReplayVerifier(genesis, place, { allSignatures, owed: this.#owed });
  }
}

/** More than this many events without data convince nobody any more. */
const unallowedMax = 100;

/** What is wrong, without what a reader is advised. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
