import type { CommitView } from '../event/index.ts';
import type { LogCaches } from './log-caches.ts';
import type { StoredState, TakenState } from './snapshot-file.ts';
import type { Storage } from './storage.ts';

/** What a chain's log is created and opened with. */
export interface ChainLogOptions {
  readonly storage: Storage;
  /** Absolute path that all chains lie below; new folders are made durable up to it. */
  readonly logsPath: string;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  /** A segment that would grow beyond this is closed, and the next begun. 64 MiB by default. */
  readonly segmentBytesMax?: number | undefined;
  /** So is one that opening the chain would take longer to go through than so many events; see `SegmentFill`. 262,144 by default. */
  readonly segmentReplayMax?: number | undefined;
  /** What readers at the tail share at most. 4 MiB by default. */
  readonly tailBytesMax?: number | undefined;
  /** What is kept of derived files, shared by chains. Absent: caches of its own. */
  readonly caches?: LogCaches | undefined;
  /**
   * The owner's state before the batch that is being appended or, when a lost snapshot is made again, after the last
   * batch that was handed to `onBatch`; what comes behind doesn't change what was taken. The log adds magic, chain id, places, time and CRC.
   */
  readonly takeSnapshot: () => TakenState;
  /**
   * Batches that were appended are lost: the chain has only its first `commits` again. Called before those who wait for
   * them are told; the log takes no more until what it returns has resolved.
   */
  readonly onLost?: ((commits: number) => Promise<void> | void) | undefined;
  /** A segment was closed, and the next one begun. */
  readonly onSegmentClosed?: ((segment: number) => void) | undefined;
  /** Reading came upon damage in a closed segment that isn't known yet. */
  readonly onSuspect?: ((segment: number) => void) | undefined;
  /** Told in words what recovery did, for an operator. */
  readonly onNotice: (notice: string) => void;
}

/** What a chain's log is opened with: who takes the state that is read. */
export interface OpenChainLogOptions extends ChainLogOptions {
  /** Closed segments to check before anything else: damage was found in them before. */
  readonly suspects?: Iterable<number> | undefined;
  /** Called once, before any batch, where the state comes from a snapshot. Throws CHAIN_DAMAGED for one that it can't use. */
  readonly onSnapshot: (state: StoredState) => void;
  /**
   * Called for each batch after the snapshot, in order: for those of the active segment, or for those of the whole
   * log where there is no snapshot. The buffers lie in larger ones: what is kept should be copied.
   *
   * @param segment the one that it lies in.
   */
  readonly onBatch: (run: Buffer, commit: CommitView, segment: number) => void;
}
