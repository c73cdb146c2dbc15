import type { TallyCounts } from '../compact/index.ts';
import type { Snapshot } from '../event/index.ts';
import type { ActiveFile, ClosedSegment } from '../log/index.ts';

// What is asked of whoever compacts a chain's files, and what it tells: all of it can be sent to a thread.

/** The files of a chain as they are when it begins, and what is to be done with them. */
export interface CompactionJob {
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly chainId: Uint8Array;
  readonly closed: readonly ClosedSegment[];
  readonly active: ActiveFile;
  /**
   * - `count`: find what is dead, and nothing else.
   * - `plan`: decide on all events of the segments that would be rewritten, and write nothing.
   * - `compact`: rewrite them.
   * - `forget`: carry out the snapshot, and nothing else.
   */
  readonly what: 'count' | 'plan' | 'compact' | 'forget';
  /** Somebody wants all room back that there is, and not only where it is worth the writing. */
  readonly isAsked: boolean;
  /** What was committed at this time or later keeps its data: milliseconds since 1970-01-01 UTC. */
  readonly horizonUnixMs: number;
  /** The chain's rule for retention has let go all events below this sequence. 0: none. */
  readonly retainedFrom: number;
  /** What is to be forgotten. Absent: nothing is. */
  readonly snapshot?: SnapshotToCarryOut | undefined;
}

/** A snapshot by which whole events and commits are to go. */
export interface SnapshotToCarryOut {
  /** Of its event. */
  readonly sequence: number;
  /** In commits. */
  readonly size: number;
  /** Of the tree of that size, as the log has it; 32 bytes. */
  readonly treeRoot: Uint8Array;
  /** What it says: bytes are buffers, or what becomes of these on the way to a thread. */
  readonly content: Snapshot;
}

/** What a closed segment was found to have. Numbers of bytes. */
export interface CountedSegment {
  readonly segment: number;
  readonly generation: number;
  /** Of its file. */
  readonly bytes: number;
  /** Data and salt of its data events. */
  readonly dataBytes: number;
  /** Of them, those that are the newest of their objects. */
  readonly newestBytes: number;
  /** Superseded ones that have to stay, as far as a compaction has found. */
  readonly keptBytes: number;
  /** Whether it is to be rewritten. */
  readonly isChosen: boolean;
}

/** What a segment has become. */
export interface RewrittenSegment {
  readonly segment: number;
  readonly bytesBefore: number;
  /** The same as before where it was left as it was. */
  readonly bytesAfter: number;
  readonly counts: TallyCounts;
}

/** What goes under a snapshot. */
export interface ForgottenCommits {
  /** The files that are to take the places of others. */
  readonly segments: readonly ClosedSegment[];
  /** Sequence of the first event that the snapshot isn't about. */
  readonly before: number;
  /** How many events go. */
  readonly events: number;
}

/** Who is told how a job goes on. */
export interface CompactionListener {
  /** All segments, once they are counted. */
  onCounted(segments: readonly CountedSegment[]): void;
  /** So many bytes of the segments that are rewritten are done. */
  onProgress(bytes: number): void;
  /**
   * A segment's next file is there. Its place is taken before the next one is begun.
   *
   * @param next undefined where the segment is left as it is.
   */
  onRewritten(done: RewrittenSegment, next: ClosedSegment | undefined): Promise<void>;
  /** All files are there that are to take the places of others under the snapshot, in one step. */
  onForgotten(done: ForgottenCommits): Promise<void>;
}

/** Carries out jobs, here or in a thread. */
export interface CompactionRunner {
  /**
   * @param signal ends it.
   * @throws AtedbError as `rewriteSegment` and `findNewest`; the signal's reason; what the listener throws.
   */
  run(job: CompactionJob, listener: CompactionListener, signal: AbortSignal): Promise<void>;
}
