import { AtedbError } from '../bytes/index.ts';
import {
  activeDeadBytesMin,
  deadBytes,
  isWorthClosing,
  Tally,
  type TallyCounts,
} from '../compact/index.ts';
import { type ChainLog, type ClosedSegment, errorCode, readError } from '../log/index.ts';
import type { RetentionFloor } from '../trust/index.ts';
import type {
  CompactionJob,
  CompactionRunner,
  CountedSegment,
  ForgottenCommits,
  RewrittenSegment,
  SnapshotToCarryOut,
} from './compaction-job.ts';
import type { KeyIndex } from './key-index.ts';
import { retainedIn } from './retained.ts';

/** How a chain is compacted. */
export interface CompactionOptions {
  readonly runner: CompactionRunner;
  /** `plan`: nothing is written, and all is told that would be done. `count`: only what is dead is found. */
  readonly what: 'count' | 'plan' | 'compact';
  /** Somebody wants all room back that there is. */
  readonly isAsked: boolean;
  /** What was committed in the last so many milliseconds keeps its data. */
  readonly horizonMs: number;
  readonly onProgress?: ((progress: CompactionProgress) => void) | undefined;
  /** Ends it. What was done by then stays. */
  readonly signal: AbortSignal;
}

/** How far a compaction is. Bytes of the segments that are rewritten. */
export interface CompactionProgress {
  readonly doneBytes: number;
  readonly allBytes: number;
}

/** What the data of a chain is used for. Bytes of data and salt, but for `logBytes`. */
export interface ChainUse {
  /** Of all segments. */
  readonly logBytes: number;
  readonly dataBytes: number;
  /** Of the newest event of each object. */
  readonly liveBytes: number;
  /** Superseded, and may go. */
  readonly deadBytes: number;
  /** Superseded, and has to stay. */
  readonly keptBytes: number;
  /** When it was counted: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** What a compaction has done, or would do. */
export interface CompactionReport {
  readonly use: ChainUse;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Segments that were looked into: of a `count`, none. */
  readonly rewritten: readonly RewrittenSegment[];
  /** What became of their events. */
  readonly counts: TallyCounts;
  /** What was forgotten under a snapshot; undefined where none was carried out. */
  readonly forgotten: CarriedOut | undefined;
  /** The active segment would be closed first: bytes of it that may go. 0 where it isn't, or was. */
  readonly activeDeadBytes: number;
  readonly durationMs: number;
}

/** A snapshot that was carried out, or why it was not. */
export interface CarriedOut {
  /** Of its event. */
  readonly sequence: number;
  /** How many events are gone by it that were there. */
  readonly events: number;
  /** Why it isn't carried out, ever: then nothing is gone by it. */
  readonly refused: string | undefined;
}

/** What is compacted. */
export interface CompactedChain {
  readonly log: ChainLog;
  readonly keys: KeyIndex;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Whether the chain has a rule for retention. */
  readonly hasRetention: () => boolean;
  /** What that lets go; resolves once it is durable that it does. */
  readonly retained: () => Promise<RetentionFloor>;
  /** Sequence of the chain's newest snapshot; undefined for none. */
  readonly snapshotAt: () => number | undefined;
  /** What that says; resolves once it is durable. */
  readonly snapshot: () => Promise<SnapshotToCarryOut | undefined>;
}

/** How often a job is begun anew, where a segment was closed in the moment in which it began. */
const triesMax = 5;

/** Compacts one chain, while it is read and written; one thing at a time. */
export class ChainCompaction {
  readonly #chain: CompactedChain;
  readonly #stopped = new AbortController();
  #running: Promise<unknown> | undefined;
  #use: ChainUse | undefined;
  /** Sequence of a snapshot that says something else than the rules. */
  #refusedSnapshot: number | undefined;

  constructor(chain: CompactedChain) {
    this.#chain = chain;
  }

  /** What is known of it without counting: all, where nothing is closed; else what was found when it was counted last. */
  get knownUse(): ChainUse | undefined {
    const { log } = this.#chain;
    return log.rewriting.closed.length === 0 ? this.#useOf([], 0) : this.#use;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** What the active segment has of data, as far as it was given its place. Bytes. */
  get activeUse() {
    const { log, keys } = this.#chain;
    return { ...keys.activeBytes, keptBytes: 0, bytes: log.rewriting.active.durableBytes };
  }

  /**
   * Whether a compaction that nobody has asked for has anything to do: else it needn't be begun. Only what is closed or about to
   * be can be rewritten.
   */
  get mayHaveDead(): boolean {
    const { log } = this.#chain;
    if (this.isSnapshotDue) return true;
    // What retention lets go in the active segment alone is found when it is run.
    if (log.rewriting.closed.length > 0 || this.#chain.hasRetention()) return true;
    return isWorthClosing(this.activeUse, false);
  }

  /** Whether the chain has a snapshot that was not carried out. */
  get isSnapshotDue(): boolean {
    const { log, snapshotAt } = this.#chain;
    const sequence = snapshotAt();
    if (sequence === undefined || sequence === this.#refusedSnapshot) return false;
    return sequence !== log.rewriting.forgotten?.snapshot;
  }

  /**
   * Compact the chain, or find out what that would do.
   *
   * @throws AtedbError COMPACTION_RUNNING, CHAIN_READ_ONLY, DISK_FULL, STORAGE_FAILED, CHAIN_DAMAGED where a segment isn't what it was; the signal's reason.
   */
  async run(options: CompactionOptions): Promise<CompactionReport> {
    if (this.#running !== undefined) {
      throw new AtedbError(
        'COMPACTION_RUNNING',
        'the chain is being compacted already. Ask again when that has ended',
      );
    }
    const signal = AbortSignal.any([options.signal, this.#stopped.signal]);
    const { rewriting } = this.#chain.log;
    const running = rewriting.exclusively(() => this.#run({ ...options, signal }));
    this.#running = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  /** End what is under way: nothing can be begun any more. Never rejects. */
  async stop(why: AtedbError): Promise<void> {
    this.#stopped.abort(why);
    await this.#running;
  }

  async #run(options: CompactionOptions): Promise<CompactionReport> {
    const { log, keys, now } = this.#chain;
    const startedMs = performance.now();
    const { what, isAsked, signal } = options;
    signal.throwIfAborted();
    const writes = what === 'compact';
    const retained = await retainedIn(this.#chain);
    const { expiredBytes } = retained;
    const wouldClose =
      isWorthClosing(this.activeUse, isAsked) || expiredBytes >= (isAsked ? 1 : activeDeadBytesMin);
    if (writes) {
      await log.rewriting.prepare();
      if (wouldClose) await this.#closeActive();
    }
    const sizeBefore = log.bytes;
    const forgotten = writes && this.isSnapshotDue ? await this.#forget(options) : undefined;
    // Their files may be being made, which the thread would otherwise do over again.
    await keys.written();
    const bytesBefore = forgotten === undefined ? log.bytes : sizeBefore;
    const bytesBetween = log.bytes;
    const done = await this.#carryOut(options, retained.from);
    if (writes) {
      const compacted = { bytes: log.bytes, timeUnixMs: now() };
      await log.rewriting.compactedAt(compacted);
    }
    const tally = new Tally();
    for (const { counts } of done.rewritten) tally.addAll(counts);
    const saved = done.rewritten.reduce((sum, one) => sum + one.bytesBefore - one.bytesAfter, 0);
    const { dropped, expired } = tally.counts;
    this.#use = this.#useOf(done.counted, writes ? dropped.bytes + expired.bytes : 0);
    return {
      use: this.#use,
      bytesBefore,
      bytesAfter: bytesBetween - saved,
      forgotten,
      rewritten: done.rewritten,
      counts: tally.counts,
      activeDeadBytes:
        what === 'plan' && wouldClose ? Math.max(deadBytes(this.activeUse), expiredBytes) : 0,
      durationMs: performance.now() - startedMs,
    };
  }

  /** Close the active segment, so that it can be rewritten, too. */
  async #closeActive(): Promise<void> {
    const { log, keys } = this.#chain;
    const closing = log.rewriting.closeActive();
    if (closing === undefined) return;
    // In the same turn: what is appended from now on is in the next one.
    keys.beginSegment(closing.nextSequence);
    await closing.closed;
  }

  #carryOut(options: CompactionOptions, retainedFrom: number): Promise<JobDone> {
    return this.#again(options, () => this.#tryJob(options, retainedFrom));
  }

  /** Carry out the chain's newest snapshot: what goes by it goes from all files, in one step. */
  async #forget(options: CompactionOptions): Promise<CarriedOut | undefined> {
    const { log, keys, snapshot: find } = this.#chain;
    const snapshot = await find();
    if (snapshot === undefined) return undefined;
    const { sequence, size } = snapshot;
    if (log.rewriting.active.firstCommit < size) await this.#closeActive();
    await keys.written();
    try {
      const events = await this.#again(options, () => this.#tryForget(options, snapshot));
      return { sequence, events, refused: undefined };
    } catch (error) {
      if (!(error instanceof AtedbError) || error.reason !== 'SNAPSHOT_INVALID') throw error;
      this.#refusedSnapshot = sequence;
      return { sequence, events: 0, refused: error.message };
    }
  }

  /** @returns how many events are gone by it. */
  async #tryForget(options: CompactionOptions, snapshot: SnapshotToCarryOut): Promise<number> {
    const { rewriting, chainId } = this.#chain.log;
    const { folder, closed, active } = rewriting;
    const { isAsked, runner, signal } = options;
    const job: CompactionJob = {
      ...{ folder, chainId, closed, active, isAsked, snapshot, what: 'forget' },
      ...{ horizonUnixMs: 0, retainedFrom: 0 },
    };
    let events = 0;
    const concerned = closed.filter(({ firstCommit }) => firstCommit < snapshot.size);
    const allBytes = 2 * concerned.reduce((sum, { bytes }) => sum + bytes, 0);
    const listener = {
      onCounted: () => undefined,
      onProgress: (doneBytes: number) => options.onProgress?.({ doneBytes, allBytes }),
      onRewritten: async () => undefined,
      onForgotten: async (done: ForgottenCommits) => {
        const { before } = done;
        await rewriting.forget(done.segments, { snapshot: snapshot.sequence, before });
        events = done.events;
      },
    };
    await runner.run(job, listener, signal);
    return events;
  }

  async #again<T>(options: CompactionOptions, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        await this.#chain.log.rewriting.cleanUp();
        this.#chain.log.rewriting.suspect(error);
        const isGone = errorCode(error) === 'ENOENT' || isSnapshotGone(error);
        if (!isGone || tries === triesMax || options.signal.aborted) throw asOurs(error);
      }
    }
  }

  async #tryJob(
    { runner, signal, ...options }: CompactionOptions,
    retainedFrom: number,
  ): Promise<JobDone> {
    const { log, now } = this.#chain;
    const { closed, active } = log.rewriting;
    const job: CompactionJob = {
      folder: log.rewriting.folder,
      chainId: log.chainId,
      closed,
      active,
      what: options.what,
      isAsked: options.isAsked,
      horizonUnixMs: now() - options.horizonMs,
      retainedFrom,
    };
    const rewritten: RewrittenSegment[] = [];
    let counted: readonly CountedSegment[] = [];
    let allBytes = 0;
    const listener = {
      onCounted: (segments: readonly CountedSegment[]) => {
        counted = segments;
        for (const { isChosen, bytes } of segments) allBytes += isChosen ? bytes : 0;
        options.onProgress?.({ doneBytes: 0, allBytes });
      },
      onProgress: (doneBytes: number) => options.onProgress?.({ doneBytes, allBytes }),
      onRewritten: async (done: RewrittenSegment, next: ClosedSegment | undefined) => {
        if (next !== undefined) await log.rewriting.replace(next);
        rewritten.push(done);
      },
      onForgotten: async () => undefined,
    };
    await runner.run(job, listener, signal);
    return { counted, rewritten };
  }

  /** @param dropped bytes of data that have gone since the count. */
  #useOf(counted: readonly CountedSegment[], dropped: number): ChainUse {
    const { log, now } = this.#chain;
    const parts = [...counted, this.activeUse];
    const sum = (
      of: (part: Omit<CountedSegment, 'segment' | 'generation' | 'isChosen'>) => number,
    ) => parts.reduce((total, part) => total + of(part), 0);
    return {
      logBytes: log.bytes,
      dataBytes: sum(({ dataBytes }) => dataBytes) - dropped,
      liveBytes: sum(({ newestBytes }) => newestBytes),
      deadBytes: Math.max(0, sum(deadBytes) - dropped),
      keptBytes: sum(({ keptBytes }) => keptBytes),
      timeUnixMs: now(),
    };
  }
}

/** What a job has done. */
interface JobDone {
  readonly counted: readonly CountedSegment[];
  readonly rewritten: readonly RewrittenSegment[];
}

/** A snapshot goes when its segment is closed, and another is there then. */
function isSnapshotGone(error: unknown): boolean {
  return (
    error instanceof AtedbError &&
    error.reason === 'CHAIN_DAMAGED' &&
    error.metadata.file?.startsWith('snapshot-') === true
  );
}

/** What the file system said becomes STORAGE_FAILED. */
function asOurs(error: unknown): unknown {
  return readError('compacting the chain', error);
}
