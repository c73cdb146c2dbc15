import { createHash, type Hash } from 'node:crypto';
import { AtedbError, runBytesMax } from '../bytes/index.ts';
import type { Frontier } from '../crypto/index.ts';
import { encodeCommitHeader, type TreeHead } from '../event/index.ts';
import { commitOverheadBytes, composeGroup, type QueuedBatch } from './compose-group.ts';
import type { FileCache } from './file-cache.ts';
import { type Groupable, GroupCommit } from './group-commit.ts';
import type { IndexCache } from './index-cache.ts';
import { segmentName } from './layout.ts';
import { groupBytesMax } from './log-limits.ts';
import type { LogManifest } from './log-manifest.ts';
import type { ChainLogOptions } from './log-options.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import { rollSegment, type StartedSegment } from './roll-segment.ts';
import { SegmentFill, type SegmentLimits } from './segment-fill.ts';
import { encodeSegmentFooter } from './segment-footer.ts';
import { headerBytesAt } from './segment-header.ts';
import type { SegmentTable } from './segment-table.ts';
import { encodeSnapshot } from './snapshot-file.ts';
import { SparseIndex } from './sparse-index.ts';
import type { StorageFile } from './storage.ts';
import type { TailBuffer } from './tail-buffer.ts';
import type { TileFiles } from './tile-files.ts';

const hashedAtOnceBytes = 1024 * 1024;
const noBytes = Buffer.alloc(0);

/** What the server says of a batch in accepting it. */
export interface Acceptance {
  /** Number of events in the run. */
  readonly events: number;
  /** 32 bytes. */
  readonly sealHash: Buffer;
  /** Milliseconds since 1970-01-01 UTC; not below that of the batch before. */
  readonly timeUnixMs: number;
}

/** The active segment is closed as soon as what is in it is durable. */
export interface ClosedActive {
  /** Sequence of the first event of the next one. */
  readonly nextSequence: number;
  /** Rejects with STORAGE_FAILED. */
  readonly closed: Promise<void>;
}

/** A batch that has its place in the chain, and waits to be durable. */
export interface Appended {
  readonly commit: number;
  readonly firstSequence: number;
  readonly commitHeader: Buffer;
  /** Whether the batch is the first of a new segment. */
  readonly startsSegment: boolean;
  /** The head of the group that the batch became durable with. Rejects with STORAGE_FAILED. */
  readonly durable: Promise<TreeHead>;
}

/** A batch, or, without one, only the beginning of a new segment. */
interface Pending extends Groupable, QueuedBatch, Acceptance {
  readonly isBatch: boolean;
  readonly resolve: (head: TreeHead) => void;
  readonly reject: (error: AtedbError) => void;
  /** The state before this batch, as stored, where it is the first of a new segment. */
  readonly snapshot: Promise<readonly Buffer[]> | undefined;
}

/** What a writer writes to, and where it goes on. */
export interface LogWriterOptions
  extends Pick<ChainLogOptions, 'storage' | 'folder' | 'takeSnapshot'> {
  readonly chainId: Buffer;
  readonly segmentLimits: SegmentLimits;
  readonly table: SegmentTable;
  readonly tail: TailBuffer;
  readonly indexes: IndexCache;
  readonly files: FileCache;
  readonly tiles: TileFiles;
  readonly manifest: LogManifest;
  readonly file: StorageFile;
  readonly hash: Hash;
  readonly frontier: Frontier;
  readonly hasFooter: boolean;
  /** Of the last commit; 0 before the first. */
  readonly timeUnixMs: number;
  /** Called when the first group is durable in its file, before it counts. */
  readonly onFirstGroup: (() => Promise<void>) | undefined;
  readonly onSegmentClosed: ((segment: number) => void) | undefined;
  /** A group is durable, and readers see it. */
  readonly onDurable: (head: TreeHead, timeUnixMs: number) => void;
  /** A group could not be made durable: nothing can be written until `heal`. Those who wait are told after this. */
  readonly onFailure: (error: unknown) => AtedbError;
}

/** Writes the active segment, a group at a time, and begins the next one when it is full. */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #queue: GroupCommit<Pending>;
  /** The tree of what is durable. */
  #frontier: Frontier;
  #file: StorageFile;
  #hash: Hash;
  #hasFooter: boolean;
  #onFirstGroup: (() => Promise<void>) | undefined;
  /** Of the last commit that is durable. */
  #durableTimeUnixMs: number;
  /** Where the next batch to be queued will be; what is durable lags behind. */
  #next: { commit: number; sequence: number; timeUnixMs: number };
  /** Of the segment that this is in. */
  readonly #fill: SegmentFill;
  /** Of batches that have their place and aren't durable. */
  #unwrittenBytes = 0;
  /** After a failure the next batch begins a new segment. */
  #mustRoll = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#file = options.file;
    this.#hash = options.hash;
    this.#hasFooter = options.hasFooter;
    this.#frontier = options.frontier;
    this.#onFirstGroup = options.onFirstGroup;
    this.#durableTimeUnixMs = options.timeUnixMs;
    this.#fill = new SegmentFill(options.segmentLimits);
    this.#next = this.#afterDurable();
    this.#queue = new GroupCommit({
      groupBytesMax,
      flush: (group) => this.#flush(group),
      onFailure: (lost, cause) => {
        const error = options.onFailure(cause);
        for (const pending of lost) pending.reject(error);
      },
    });
  }

  /** Bytes that wait or are being written. */
  get queuedBytes(): number {
    return this.#queue.queuedBytes;
  }

  /** Bytes by which the log grows at most by what was appended; what is durable isn't among them, from that very moment on. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  /**
   * Give a batch its place in the chain and queue it.
   *
   * @throws AtedbError DATA_TOO_LARGE.
   */
  append(run: Buffer, acceptance: Acceptance): Appended {
    if (run.length > runBytesMax) {
      throw new AtedbError(
        'DATA_TOO_LARGE',
        `the batch has ${run.length} bytes, and may have ${runBytesMax}. Split it`,
        { metadata: { limit_bytes: String(runBytesMax) } },
      );
    }
    const { commit, sequence: firstSequence, timeUnixMs } = this.#next;
    if (acceptance.timeUnixMs < timeUnixMs) throw new RangeError('time in a log never decreases');
    const commitHeader = encodeCommitHeader({ ...acceptance, commit, firstSequence });
    const bytes = run.length + commitHeader.length + commitOverheadBytes;
    const { events } = acceptance;
    const rolls = this.#mustRoll || !this.#fill.hasRoom(bytes, events);
    const snapshot = rolls ? this.#beginSegment() : undefined;
    this.#fill.add(bytes, events);
    this.#next = {
      commit: commit + 1,
      sequence: firstSequence + events,
      timeUnixMs: acceptance.timeUnixMs,
    };
    this.#unwrittenBytes += bytes;
    const batch = { ...acceptance, isBatch: true, run, commitHeader, bytes, snapshot };
    const durable = this.#add({ ...batch, startsGroup: rolls });
    return { commit, firstSequence, commitHeader, startsSegment: rolls, durable };
  }

  /**
   * Close the active segment behind what was appended so far, and begin the next.
   *
   * @returns undefined where nothing was appended to it.
   */
  closeActive(): ClosedActive | undefined {
    if (this.#fill.isEmpty) return undefined;
    const snapshot = this.#beginSegment();
    const { sequence: nextSequence, timeUnixMs } = this.#next;
    const nothing = { run: noBytes, commitHeader: noBytes, sealHash: noBytes, bytes: 0, events: 0 };
    const roll = { ...nothing, isBatch: false, timeUnixMs, snapshot, startsGroup: true };
    return { nextSequence, closed: this.#add(roll).then(() => undefined) };
  }

  #add(item: Omit<Pending, 'resolve' | 'reject'>): Promise<TreeHead> {
    const { promise: durable, resolve, reject } = Promise.withResolvers<TreeHead>();
    // Whoever doesn't wait for it must not bring the process down.
    durable.catch(() => undefined);
    this.#queue.add({ ...item, resolve, reject });
    return durable;
  }

  /** Resolves when all that was queued is durable or has failed. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /**
   * After a failure: make the file hold what is durable and nothing else, so that batches can be taken again. What lies
   * behind, in the file or the page cache, is not believed, and the next batch begins a new segment: the sectors at the end
   * of this one may be torn.
   *
   * Rejects with what the storage throws: then the state of the file is not known.
   */
  async heal(): Promise<void> {
    const { offset } = this.#options.table.active.index.end;
    // A footer is only said to be there when it is durable; a manifest may call the segment closed from then on.
    if (!this.#hasFooter) {
      await this.#file.truncate(offset);
      await this.#file.datasync();
    }
    this.#hash = await hashUpTo(this.#file, offset);
    this.#next = this.#afterDurable();
    this.#unwrittenBytes = 0;
    this.#mustRoll = !this.#fill.isEmpty;
    this.#queue.resume();
  }

  /** Where a batch is that comes next behind what is durable. */
  #afterDurable() {
    const { index, firstCommit, firstSequence } = this.#options.table.active;
    const { commit, sequence, offset } = index.end;
    const [batches, events] = [commit - firstCommit, sequence - firstSequence];
    this.#fill.set({ bytes: offset, batches, events });
    return { commit, sequence, timeUnixMs: this.#durableTimeUnixMs };
  }

  /** End the active segment in good order, when idle. Rejects with what the storage throws. */
  async close(): Promise<void> {
    if (this.#onFirstGroup !== undefined) return;
    await this.#writeFooter();
    await this.#options.tiles.flush();
  }

  /** What is given its place next is in a new segment. @returns the state before that, as stored. */
  #beginSegment(): Promise<readonly Buffer[]> {
    const { commit: nextCommit, sequence: nextSequence, timeUnixMs } = this.#next;
    const { chainId, takeSnapshot } = this.#options;
    const place = { chainId, nextCommit, nextSequence, timeUnixMs };
    const snapshot = encodeSnapshot(takeSnapshot(), place);
    this.#mustRoll = false;
    this.#fill.begin(headerBytesAt(nextCommit));
    // That it can't be taken is told to those who wait for their batches.
    snapshot.then(
      (pieces) => this.#fill.beginsWith(pieces),
      () => undefined,
    );
    return snapshot;
  }

  async #flush(queued: readonly Pending[]): Promise<void> {
    const { table, tail, tiles } = this.#options;
    const snapshot = queued[0]?.snapshot;
    if (snapshot !== undefined) await this.#roll(await snapshot);
    else if (this.#hasFooter) await this.#cutFooter();
    const group = queued.filter(({ isBatch }) => isBatch);
    const [rolled] = queued;
    if (rolled?.isBatch === false)
      rolled.resolve({ size: table.active.firstCommit, root: this.#frontier.root() });
    if (group.length === 0) return;
    const { segment, index } = table.active;
    const { offset } = index.end;
    const frontier = this.#frontier.clone();
    const composed = composeGroup(group, frontier, offset);
    const bytes = tail.reserve(composed.bytes, {
      ...index.end,
      segment,
      generation: 0,
    });
    let at = 0;
    for (const piece of composed.pieces) at += piece.copy(bytes, at);
    const written = this.#file.writeDurable(offset, bytes);
    // While the disk works.
    this.#hash.update(bytes);
    await written;
    if (this.#onFirstGroup !== undefined) await this.#onFirstGroup();
    this.#onFirstGroup = undefined;
    this.#frontier = frontier;
    this.#durableTimeUnixMs = group.at(-1)?.timeUnixMs ?? this.#durableTimeUnixMs;

    group.forEach(({ events, timeUnixMs, bytes: batchBytes }, place) => {
      this.#unwrittenBytes -= batchBytes;
      index.add({ events, timeUnixMs, endOffset: composed.ends[place] as number });
      tiles.append(composed.leaves[place] as Buffer);
    });
    tail.publish(
      group.map(({ events }, place) => ({ events, endOffset: composed.ends[place] as number })),
    );
    const head: TreeHead = { size: index.end.commit, root: composed.root };
    this.#options.onDurable(head, this.#durableTimeUnixMs);
    for (const { resolve } of group) resolve(head);
  }

  /** A footer is only true as long as nothing follows it. */
  async #cutFooter(): Promise<void> {
    // First: after a truncation that fails it may be there or not.
    this.#hasFooter = false;
    await this.#file.truncate(this.#options.table.active.index.end.offset);
  }

  /** The footer of the active segment; returns it for the file's hash. */
  async #writeFooter(): Promise<Buffer> {
    const { offset, commit, sequence } = this.#options.table.active.index.end;
    const footer = encodeSegmentFooter({
      durableOffset: offset,
      nextCommit: commit,
      nextSequence: sequence,
      treeRoot: this.#frontier.root(),
    });
    if (!this.#hasFooter) await this.#file.writeDurable(offset, footer);
    this.#hasFooter = true;
    return footer;
  }

  async #roll(snapshot: readonly Buffer[]): Promise<void> {
    const { storage, folder, chainId, table, tiles, files, indexes, manifest } = this.#options;
    const { index, segment, firstCommit, firstSequence } = table.active;
    const footer = await this.#writeFooter();
    const sha256 = this.#hash.copy().update(footer).digest();
    const closed: ClosedSegment = {
      segment,
      generation: 0,
      firstCommit,
      firstSequence,
      bytes: index.end.offset + footer.length,
      sha256,
      originalSha256: sha256,
    };
    const header = {
      chainId,
      segment: segment + 1,
      firstCommit: index.end.commit,
      firstSequence: index.end.sequence,
      frontier: this.#frontier.hashes(),
      previousSha256: closed.sha256,
      rewritten: undefined,
    };
    const active = pickPlace(header);
    const switchManifest = (started: StartedSegment) =>
      manifest.replace(
        (now) => ({ ...now, closed: [...now.closed, closed], active }),
        () => {
          this.#file = started.file;
          this.#hash = createHash('sha256').update(started.bytes);
          this.#hasFooter = false;
          indexes.put(closed, index);
          files.pin(segmentName(active.segment), started.file);
          files.unpin(segmentName(segment));
          const start = { commit: active.firstCommit, sequence: active.firstSequence };
          const empty = new SparseIndex({ offset: started.bytes.length, ...start });
          table.roll(closed, { ...active, generation: 0, index: empty });
        },
      );
    await rollSegment({ storage, folder, index, tiles, header, snapshot, switchManifest });
    this.#options.onSegmentClosed?.(segment);
  }
}

function pickPlace({ segment, firstCommit, firstSequence }: ActiveSegment): ActiveSegment {
  return { segment, firstCommit, firstSequence };
}

/** The SHA-256 of a file's first bytes, to go on with. */
async function hashUpTo(file: StorageFile, bytes: number): Promise<Hash> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += hashedAtOnceBytes) {
    hash.update(await file.read(at, Math.min(hashedAtOnceBytes, bytes - at)));
  }
  return hash;
}
