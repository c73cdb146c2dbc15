import { AtedbError, snapshotAgeMsMin } from '../bytes/index.ts';
import {
  type Batch,
  type Gap,
  GoneRuns,
  type GoneState,
  hashOfWriters,
  isSameGone,
  type Snapshot,
  type WriterSeal,
} from '../event/index.ts';
import { Violation } from './replay-steps.ts';

/** Where a replay stands. */
export interface ReplayPlace {
  /** In commits. */
  readonly size: number;
  readonly nextSequence: number;
  /** Of the last commit that is there. */
  readonly timeUnixMs: number;
  /** Of the tree of that size. */
  root(): Buffer;
  /** All writers so far; undefined where they aren't known. */
  writers(): readonly WriterSeal[] | undefined;
}

/** What is gone by the word of a snapshot that is to come, while its commits are being read. */
interface Reading {
  /** Sequence of the snapshot. */
  readonly snapshot: number;
  readonly size: number;
  readonly runs: GoneRuns;
  /** How many events are gone so far; undefined where that isn't known. */
  readonly events: number | undefined;
}

/** What a snapshot that is to come must say. */
interface Due extends Omit<Snapshot, 'events' | 'writers' | 'writersHash'> {
  readonly events: number | undefined;
  readonly writers: { readonly count: number; readonly hash: Buffer } | undefined;
  /** Of the last of its commits that is there. */
  readonly timeUnixMs: number;
}

/** How far a replay has noted what is gone; to go back to. */
export interface ForgottenMark {
  readonly reading: (Omit<Reading, 'runs'> & { readonly state: GoneState }) | undefined;
  readonly due: ReadonlyMap<number, Due>;
  /** Up to which sequence. */
  readonly end: number;
}

/**
 * What a reader has to see of a chain since whole events and commits of it are gone: the snapshot that names them. Where the first is missing it
 * is noted by which snapshot; from there on all that is missing is hashed, up to the snapshot's size; and what comes out is what
 * the snapshot must say, when it comes. Constant in size.
 */
export class Forgotten {
  #reading: Reading | undefined;
  /** By the snapshot's sequence. */
  #due = new Map<number, Due>();
  #end = 0;
  /** Sequence with which the first replay began that notes here. */
  #begin: number | undefined;
  /** Whoever reads has kept what they read before this sequence, at another time. */
  #keptTo: number | undefined;
  /** Whether anything is gone before the first gap. */
  #isGoneBefore = false;
  /** As `missingBelow`, of a reading before. */
  #wasReading = 0;

  /**
   * A replay begins, or goes on where another one that notes here has ended.
   *
   * @param sequence of its first event.
   * @param keptTo up to which sequence what came before was read at another time, and kept; absent: nothing was.
   */
  begins(sequence: number, keptTo?: number): void {
    this.#begin ??= sequence;
    this.#keptTo ??= keptTo;
  }

  /**
   * Size, in commits, below which batches of writers may be missing: of the snapshot whose commits are being read, in this reading or in one
   * that it goes on from. 0: of none.
   */
  get missingBelow(): number {
    return Math.max(this.#reading?.size ?? 0, this.#wasReading);
  }

  /** It goes on from where another reading has come to. @param missingBelow what it had there. */
  goesOn(missingBelow: number): void {
    this.#wasReading = missingBelow;
  }

  /** How many snapshots are to come. */
  get count(): number {
    return this.#due.size + (this.#reading === undefined ? 0 : 1);
  }

  /** Sequences of the snapshots that are to come. */
  get snapshots(): readonly number[] {
    const reading = this.#reading === undefined ? [] : [this.#reading.snapshot];
    return [...this.#due.keys(), ...reading];
  }

  /** What came before doesn't go with what comes, and was told of: what is gone from a sequence on is noted as if nothing had come before. */
  restart(sequence: number): void {
    this.#reading = undefined;
    this.#begin = sequence;
  }

  mark(): ForgottenMark {
    const { runs, ...reading } = this.#reading ?? {};
    const state = runs?.stateAt(this.#end);
    const kept = state && ({ ...reading, state } as ForgottenMark['reading']);
    return { reading: kept, due: new Map(this.#due), end: this.#end };
  }

  restore({ reading, due, end }: ForgottenMark): void {
    this.#reading = reading && { ...reading, runs: new GoneRuns(reading.state, end) };
    this.#due = new Map(due);
    this.#end = end;
  }

  /**
   * A gap comes: commits are gone, or events of the batch behind it.
   *
   * @param at where the replay stands before it.
   * @throws Violation where it doesn't go on what came before; AtedbError HISTORY_COMPACTED where what was read before isn't what its
   *   snapshot leaves.
   */
  gap(gap: Gap, at: Pick<ReplayPlace, 'size' | 'nextSequence'>): void {
    const { size, snapshot, before, commits, events } = gap;
    if (at.size + commits + (commits === 0 ? 1 : 0) > size) {
      throw new Violation(
        `something is gone that the snapshot at sequence ${snapshot} isn't about`,
      );
    }
    const reading = this.#reading;
    if (reading === undefined) {
      // What was read and goes by it: what has come instead may be gone, too, as the tombstone of an object that was read.
      const readFrom = this.#begin ?? 0;
      const goes = before.last !== undefined && before.last.end > readFrom;
      const goesOn = before.from !== undefined && at.nextSequence > readFrom;
      this.#isGoneBefore ||= before.last !== undefined || before.from !== undefined;
      if (goes || goesOn) throw compacted(gap, at, readFrom, missingBefore(gap, at.nextSequence));
      const runs = new GoneRuns(before, at.nextSequence);
      this.#reading = { snapshot, size, runs, events: readFrom === 0 ? 0 : undefined };
    } else if (reading.snapshot !== snapshot || reading.size !== size) {
      // What was read before can't be checked any more.
      const other = `what is gone before it went under the one at sequence ${reading.snapshot}, about ${reading.size} commits`;
      throw compacted(gap, at, this.#begin ?? 0, other);
    } else if (!isSameGone(reading.runs.stateAt(at.nextSequence), before)) {
      throw new Violation('what is said to be gone before it is not what was gone');
    }
    this.gone(at.nextSequence, at.nextSequence + events);
  }

  /**
   * Events are gone, from a sequence up to another.
   *
   * @throws Violation where no gap says why; AtedbError HISTORY_COMPACTED where what was kept of before may be of objects that they removed.
   */
  gone(first: number, end: number): void {
    const reading = this.#reading;
    if (reading === undefined) throw new Violation('events of it are gone, and no gap says why');
    const keptTo = this.#keptTo ?? Number.POSITIVE_INFINITY;
    // What removed an object goes only where all that came before it of the object does.
    if (first < keptTo) this.#isGoneBefore = true;
    if (end > keptTo && this.#isGoneBefore) throw keptTooLong(reading.snapshot, keptTo);
    reading.runs.add(first, end);
    this.#end = end;
    const { events } = reading;
    if (events !== undefined) this.#reading = { ...reading, events: events + end - first };
  }

  /** The replay has come to a place between two commits. */
  reached(at: ReplayPlace): void {
    if (at.size >= this.#wasReading) this.#wasReading = 0;
    const reading = this.#reading;
    if (reading === undefined || at.size < reading.size) return;
    const { size, snapshot, runs, events } = reading;
    const writers = at.writers();
    this.#due.set(snapshot, {
      size,
      treeRoot: at.root(),
      gone: runs.finish(),
      events: events === undefined ? undefined : at.nextSequence - events,
      writers: writers && { count: writers.length, hash: hashOfWriters(writers) },
      timeUnixMs: at.timeUnixMs,
    });
    this.#reading = undefined;
  }

  /**
   * A batch comes, which may be a snapshot that is due.
   *
   * @param timeUnixMs of its commit.
   * @returns why the snapshot doesn't allow what is gone; undefined where it does, or isn't due.
   */
  meet(batch: Batch, firstSequence: number, timeUnixMs: number): string | undefined {
    if (this.#due.size === 0) return undefined;
    for (const [sequence, due] of this.#due) {
      if (sequence < firstSequence || sequence >= firstSequence + batch.count) continue;
      this.#due.delete(sequence);
      const is = batch.kindOf(0) === 'snapshot' ? batch.authorityOf(0).snapshot : undefined;
      const what = is === undefined ? 'is none' : misfit(due, is, timeUnixMs);
      if (what !== undefined) return `the snapshot at sequence ${sequence} ${what}`;
    }
    return undefined;
  }
}

function misfit(due: Due, is: Snapshot, timeUnixMs: number): string | undefined {
  if (is.size !== due.size) return `is about ${is.size} commits, and not ${due.size}`;
  if (!is.treeRoot.equals(due.treeRoot)) return 'is about another history';
  if (!is.gone.equals(due.gone)) return 'lets other events go than those that are gone';
  if (due.events !== undefined && is.events !== due.events) {
    return `says that ${is.events} events stay, and ${due.events} are there`;
  }
  const { writers } = due;
  if (writers !== undefined && writers.count !== is.writers) {
    return `says that there are ${is.writers} writers, and there are ${writers.count}`;
  }
  if (writers !== undefined && !writers.hash.equals(is.writersHash)) {
    return 'has other last batches of writers than are there';
  }
  if (due.timeUnixMs + snapshotAgeMsMin > timeUnixMs) return 'is about commits that are too young';
  return undefined;
}

/** What a gap says to be gone before it, and was there. */
function missingBefore({ before: { last, from } }: Gap, nextSequence: number): string {
  const [first, end] = from === undefined ? [last?.first, last?.end] : [from, nextSequence];
  return `it says that the events ${first} to ${(end ?? 0) - 1} are gone, too, and these are there`;
}

/**
 * What was read before a gap isn't what its snapshot leaves. To who reads from a server that compacts the chain nothing is wrong with that; `cause` says
 * what contradicts what where nobody does.
 *
 * @param from sequence with which the reading began.
 */
function compacted(
  { snapshot, size, commits }: Gap,
  at: Pick<ReplayPlace, 'size'>,
  from: number,
  contradiction: string,
): AtedbError {
  const commit = at.size + commits;
  return new AtedbError(
    'HISTORY_COMPACTED',
    `the chain was compacted under the snapshot at sequence ${snapshot} while it was being read, and what was read from sequence ${from} on is not what that leaves. Read again from there`,
    {
      metadata: { snapshot: String(snapshot), from: String(from), commit: String(commit) },
      cause: new Violation(
        `the gap before it is of the snapshot at sequence ${snapshot}, about ${size} commits, but ${contradiction}`,
      ),
    },
  );
}

/** @param keptTo up to which sequence the chain was read at another time. */
function keptTooLong(snapshot: number, keptTo: number): AtedbError {
  return new AtedbError(
    'HISTORY_COMPACTED',
    `events before and behind sequence ${keptTo}, up to which the chain was read before, have gone under the snapshot at sequence ${snapshot}: what removed an object that was kept of it may be among them, and nothing that is left says so. Forget what was kept, and read again from the start; or say that nothing was kept (resumes: false, --fresh)`,
    { metadata: { snapshot: String(snapshot), from: '0' } },
  );
}
