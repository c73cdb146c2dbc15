import { eventMarks, type Genesis, type TreeHead } from '../event/index.ts';
import {
  Authority,
  type AuthorityRecord,
  type ReplayedWriter,
  type ReplayedWriters,
  type ReplayVerifier,
  type RetentionFloor,
  type RulesFrom,
  type VerifiedBatch,
} from '../trust/index.ts';
import { WrappedKeys } from './wrapped-keys.ts';

/** How far a chain was verified, from its first event on, and what that says of who may do what. */
export interface RulesPlace {
  /** In commits. */
  readonly head: TreeHead;
  /** Sequence that comes next. */
  readonly sequence: number;
  /** 32 bytes each. */
  readonly frontier: readonly Buffer[];
  readonly authority: AuthorityRecord;
  /** What its rules for retention have let go so far. */
  readonly retained: RetentionFloor;
  /** Size, in commits, below which batches of writers may be missing there. 0: of none. */
  readonly missingBelow: number;
}

/** Reads a range of the chain, verified, from a sequence to the one before another, or to the chain's end. */
export type ReadOn = (from: number, end: number | undefined) => AsyncIterable<unknown>;

/**
 * Who may do what in a chain, and who was given which read key, as this client has verified it by itself, from the chain's first
 * event on. Nobody is believed for it; so it has to have read all that came before.
 */
export class VerifiedRules {
  readonly wrapped = new WrappedKeys(() => new Set(this.#namedReadKeys()));
  #place: RulesPlace | undefined;
  /** The sequence up to which read keys were learned of in order, from the chain's first event on. */
  #learnedTo = 0;
  /** All writers of the chain, as they are there. */
  #writers = new Map<string, ReplayedWriter>();
  #reaching: Promise<void> = Promise.resolve();
  readonly #onChange: () => void;
  /** Has it proven that a tree of the chain is part of one that was verified. */
  readonly proveWithin: (older: TreeHead, verified: TreeHead) => Promise<void>;

  /** @param options.onChange is called when it has come further. */
  constructor(options: {
    readonly onChange: () => void;
    readonly proveWithin: (older: TreeHead, verified: TreeHead) => Promise<void>;
  }) {
    this.#onChange = options.onChange;
    this.proveWithin = options.proveWithin;
  }

  /** How far it has come; undefined: nothing was verified yet. */
  get place(): RulesPlace | undefined {
    return this.#place;
  }

  /** Go on from what was verified by another run of the program. */
  resume(place: RulesPlace, writers: ReplayedWriters): void {
    if (this.#place !== undefined && place.head.size <= this.#place.head.size) return;
    this.#place = place;
    this.#learnedTo = place.sequence;
    this.#writers = new Map(writers);
  }

  /** All writers of the chain, as they are where it has come to. */
  get writers(): ReplayedWriters {
    return this.#writers;
  }

  /**
   * Begin anew: a server has shown two histories, and which of them was verified first says nothing of which is true. Read keys that
   * were handed out stay: they open only what is sealed with them.
   */
  forget(): void {
    this.#place = undefined;
    this.#learnedTo = 0;
    this.#writers = new Map();
  }

  /** Whether data of the chain is sealed anywhere, as far as is known. */
  get hasReadRules(): boolean {
    const authority = this.#place?.authority;
    return authority?.isConfidential === true || !this.#namedReadKeys().next().done;
  }

  /** The read keys, in hexadecimal, that rules name where it has come to. */
  *#namedReadKeys(): Generator<string> {
    const authority = this.#place?.authority;
    if (authority === undefined) return;
    const { rootRules, nodes } = authority;
    for (const { read } of [rootRules, ...nodes.map(({ rules }) => rules)]) {
      if (read?.kind === 'read_key') yield read.readKeyId.toString('hex');
    }
  }

  /** Who may do what where it has come to; a copy. */
  authority(genesis: Genesis): Authority {
    return this.#place === undefined ? Authority.of(genesis) : new Authority(this.#place.authority);
  }

  /** From where on a replay knows who may do what, beginning at a commit or before. */
  rulesFrom(): RulesFrom | undefined {
    const place = this.#place;
    if (place === undefined) return undefined;
    const { head, authority, retained, missingBelow } = place;
    return { head, authority, retained, missingBelow, writers: new Map(this.#writers) };
  }

  /**
   * Verify the chain up to a sequence, or to its end, if that was not done before.
   *
   * @throws AtedbError as reading does.
   */
  reach(sequence: number | undefined, readOn: ReadOn): Promise<void> {
    const reached = this.#reaching.then(async () => {
      const from = this.#place?.sequence ?? 0;
      if (sequence !== undefined && from >= sequence) return;
      // What it reads is verified on the way, and brings it further.
      for await (const _chunk of readOn(from, sequence));
    });
    this.#reaching = reached.catch(() => undefined);
    return reached;
  }

  /** Batches were verified, and are part of the chain's history. */
  learn(batches: readonly VerifiedBatch[]): void {
    for (const { batch, commit, gap } of batches) {
      if (commit.firstSequence < this.#learnedTo) continue;
      // What is gone has handed out nothing.
      const isNext = commit.firstSequence - (gap?.events ?? 0) <= this.#learnedTo;
      if (isNext) this.#learnedTo = commit.firstSequence + batch.count;
      for (let index = 0; index < batch.count; index += 1) {
        if ((batch.marksOf(index) & eventMarks.authority) === 0) continue;
        const { wrappedKeys = [], signWith = [] } = batch.authorityOf(index);
        const { fingerprint } = batch.seal;
        if (isNext) this.wrapped.add(wrappedKeys, [fingerprint, ...signWith]);
        else for (const wrapped of wrappedKeys) this.wrapped.try(wrapped, fingerprint);
      }
    }
  }

  /**
   * A replay that checks the rules has come this far.
   *
   * @param options.isEnd it goes no further. Before, where a copy of who may do what is large, it is made once in so many events as it has
   * objects: so that a chain takes as long as it has events.
   */
  advance(verifier: ReplayVerifier, { isEnd = false }: { readonly isEnd?: boolean } = {}): void {
    const before = this.#place;
    const come = verifier.nextSequence - (before?.sequence ?? 0);
    if (!isEnd && come < verifier.ruledObjects) return;
    const authority = verifier.authority();
    const head = verifier.head();
    const wrote = verifier.takeWrote();
    if (authority === undefined || head.size <= (before?.head.size ?? 0)) return;
    // What it was asked for before may be forgotten here.
    if (this.#place === undefined) this.#writers = new Map(verifier.writers);
    for (const [id, writer] of wrote) this.#writers.set(id, writer);
    const { nextSequence: sequence, retained } = verifier;
    const { missingBelow } = verifier.owed.forgotten;
    const frontier = verifier.frontier();
    this.#place = { head, sequence, frontier, authority, retained, missingBelow };
    this.#onChange();
  }
}
