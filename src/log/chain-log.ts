import { AtedbError } from '../bytes/index.ts';
import { type CommitView, splitSlice, type TreeHead } from '../event/index.ts';
import { checkInRange } from './check-in-range.ts';
import { closedError } from './closed-error.ts';
import { ClosedKeys } from './closed-keys.ts';
import { createLogFolder } from './create-log-folder.ts';
import { type ChainDamage, damageOf, describeLoss, readError, storageError } from './damage.ts';
import { makeNamesDurable } from './durable-files.ts';
import type { DurableState } from './durable-state.ts';
import { FileCache } from './file-cache.ts';
import { goneError } from './gone-error.ts';
import { IndexCache } from './index-cache.ts';
import { parseSegmentName, segmentName } from './layout.ts';
import type { SegmentDamage } from './locate-damage.ts';
import { LogCaches } from './log-caches.ts';
import { LogDamages } from './log-damages.ts';
import { LogHealth } from './log-health.ts';
import { segmentBytesDefault, tailBytesDefault } from './log-limits.ts';
import { LogManifest } from './log-manifest.ts';
import type { ChainLogOptions, OpenChainLogOptions } from './log-options.ts';
import { LogReader, type MemoryFor } from './log-reader.ts';
import { type LogStart, startOfNew } from './log-start.ts';
import { LogTree } from './log-tree.ts';
import { type Acceptance, type Appended, LogWriter } from './log-writer.ts';
import { openSegment } from './open-segment.ts';
import type { Position } from './position.ts';
import { recover } from './recover.ts';
import { SegmentRewriting } from './segment-rewriting.ts';
import { SegmentTable } from './segment-table.ts';
import { TailBuffer } from './tail-buffer.ts';
import { Waiters } from './waiters.ts';

/** Files of closed segments, and of their keys, that a chain keeps open between reads. Their descriptors are counted by the storage. */
const idleFilesMax = 128;

/**
 * The redo log of one chain: takes batches that were accepted, makes them durable, and reads them back. It looks at
 * framing and commits only; what batches mean, and whether they may be there, is the owner's business.
 */
export class ChainLog {
  readonly chainId: Buffer;
  /** The primary keys of its closed segments. */
  readonly keys: ClosedKeys;
  /** The tree of what is durable. */
  readonly tree: LogTree;
  /** Its closed segments, to have others in their place. */
  readonly rewriting: SegmentRewriting;
  readonly #table: SegmentTable;
  readonly #tail: TailBuffer;
  readonly #files: FileCache;
  readonly #reader: LogReader;
  readonly #writer: LogWriter | undefined;
  /** Those who wait for the chain to grow, and those who wait for what has its place already. */
  readonly #waiters = new Waiters();
  readonly #commitWaiters = new Waiters();
  #durable: DurableState;
  readonly #health: LogHealth;
  readonly #damages: LogDamages;
  readonly #options: ChainLogOptions;
  #closing: Promise<void> | undefined;

  private constructor(options: ChainLogOptions, start: LogStart) {
    const { storage, folder, takeSnapshot, onSuspect, onNotice } = options;
    const { manifest, index, place, tiles, file } = start;
    const { chainId, compacted, forgotten } = manifest;
    this.chainId = chainId;
    this.#health = new LogHealth(start.trouble, onNotice);
    this.#damages = new LogDamages(start.damages, start.spans);
    this.#options = options;
    this.#table = new SegmentTable(manifest.closed, { ...manifest.active, generation: 0, index });
    this.#tail = new TailBuffer(options.tailBytesMax ?? tailBytesDefault);
    this.#files = new FileCache({
      open: (name) => openSegment(storage, folder, name),
      idleMax: idleFilesMax,
    });
    if (file !== undefined) this.#files.pin(segmentName(manifest.active.segment), file);
    const [table, files] = [this.#table, this.#files];
    const useFile: FileCache['use'] = (name, use) => files.use(name, use);
    const caches = options.caches ?? new LogCaches();
    const of = { storage, folder, chainId, table };
    const indexes = new IndexCache({ ...of, cache: caches.indexes, useFile, onNotice });
    this.keys = new ClosedKeys({ ...of, cache: caches.keys, files, onSuspect, onNotice });
    const ofReader = { table, tail: this.#tail, indexes, files, damaged: this.#damages.spans };
    this.#reader = new LogReader({ ...ofReader, subtrees: (...of) => this.tree.subtrees(...of) });
    const head = { size: place.commit, root: place.frontier.root() };
    this.tree = new LogTree(tiles, {
      size: () => this.#durable.head.size,
      trouble: () => this.trouble,
    });
    for (const written of start.heads) this.tree.published(written);
    this.#durable = this.#describe(head, place.timeUnixMs);
    const manifestFile = new LogManifest({ ...of, compacted, forgotten });
    const common = { storage, folder, table, files, indexes, manifest: manifestFile };
    const isWritten = start.trouble === undefined && tiles !== undefined && file !== undefined;
    this.#writer = isWritten
      ? new LogWriter({
          ...common,
          takeSnapshot,
          chainId,
          segmentLimits: {
            bytesMax: options.segmentBytesMax ?? segmentBytesDefault,
            replayMax: options.segmentReplayMax,
          },
          tail: this.#tail,
          tiles,
          file,
          hash: start.hash,
          frontier: place.frontier,
          hasFooter: start.hasFooter,
          timeUnixMs: place.timeUnixMs,
          onFirstGroup: start.onFirstGroup,
          onSegmentClosed: options.onSegmentClosed,
          onDurable: (published, timeUnixMs) => {
            this.#durable = this.#describe(published, timeUnixMs);
            this.#waiters.notify(published.size);
            this.#commitWaiters.notify(published.size);
          },
          onFailure: (error) => this.#fail(error),
        })
      : undefined;
    const parts = { ...common, keys: this.keys, writer: this.#writer, onSuspect, onNotice };
    this.rewriting = new SegmentRewriting({ ...parts, trouble: () => this.#health.refusal });
  }

  /**
   * Begin the log of a new chain. Its folder appears, and the chain with it, when the first batch is durable: a
   * creation that is interrupted before leaves nothing that `open` would find, and may be repeated.
   *
   * @throws AtedbError CHAIN_EXISTS, STORAGE_FAILED.
   */
  static async create(options: ChainLogOptions & { readonly chainId: Buffer }): Promise<ChainLog> {
    const { chainId } = options;
    const unfinished = await createLogFolder(options, chainId).catch((error: unknown) => {
      throw storageError('creating the chain', error);
    });
    return new ChainLog(options, startOfNew(unfinished, options));
  }

  /**
   * Open the log of a chain, handing what is in it to the owner. What a crash left torn is set aside and cut off;
   * where something is damaged, the log opens for reading only and says so in `trouble`.
   *
   * @returns null where there is no chain.
   * @throws AtedbError FORMAT_TOO_NEW, STORAGE_FAILED; CHAIN_DAMAGED where not even reading is possible.
   */
  static async open(options: OpenChainLogOptions): Promise<ChainLog | null> {
    try {
      const { storage, folder, logsPath } = options;
      if ((await storage.stat(folder)) === undefined) return null;
      await makeNamesDurable(storage, folder, logsPath);
      const recovered = await recover(options);
      const { trouble } = recovered;
      if (trouble !== undefined) options.onNotice(`the log can only be read: ${trouble}`);
      return new ChainLog(options, recovered);
    } catch (error) {
      throw readError('opening the chain', error);
    }
  }

  /** How far the chain is durable. */
  get durable(): DurableState {
    return this.#durable;
  }

  /** Why the log can only be read; undefined where it can be written too. */
  get trouble(): string | undefined {
    return this.#health.trouble;
  }

  /** Resolves when no failed write is being recovered from; at once where none has failed. */
  healed(): Promise<void> {
    return this.#health.healed();
  }

  /** What of the log had been durable, and is damaged. */
  get damages(): readonly ChainDamage[] {
    return this.#damages.all;
  }

  /** The damage by which the log has lost its end, so that what can be read last isn't the chain's last. */
  get lostEnd(): ChainDamage | undefined {
    return this.#damages.lostEnd(this.#durable.nextSequence);
  }

  /**
   * Take note of damage that was found in a closed segment: readers get what is around it, and nothing is appended behind it
   * any more. Batches that have their place are still made durable. Never rejects.
   */
  async foundDamage(found: SegmentDamage): Promise<void> {
    const damages = this.#damages.add(found, (file) => this.#table.hasFile(file));
    if (damages.length === 0) return;
    const trouble = damages.map(describeLoss).join('; ');
    await this.#health.endInOrder(trouble, async () => this.#writer?.idle());
    this.#waiters.fail(this.#readOnlyError());
  }

  /** Size of the log in bytes, as far as it is durable. */
  get bytes(): number {
    return this.#table.bytes;
  }

  /** The same when all that was appended is durable; a little more rather than less. */
  get bytesToBe(): number {
    return this.bytes + (this.#writer?.unwrittenBytes ?? 0);
  }

  /** Number of segments. */
  get segments(): number {
    return this.#table.count;
  }

  /** Why nothing is taken in now, though it will be again: a write has failed, and is being healed. */
  get failure(): Error | undefined {
    return this.#health.failure;
  }

  /** Bytes of batches that are not durable yet. */
  get queuedBytes(): number {
    return this.#writer?.queuedBytes ?? 0;
  }

  /**
   * Give a batch its place in the chain, and queue it to be made durable. Those that are queued together are synced
   * together; the order is that of the calls.
   *
   * @param run the events and the seal, as they came. Must not change until the batch is durable.
   * @throws AtedbError CHAIN_READ_ONLY, STORAGE_FAILED, SERVER_DRAINING, DATA_TOO_LARGE; then nothing was queued.
   */
  append(run: Buffer, acceptance: Acceptance): Appended {
    const { refusal } = this.#health;
    if (refusal !== undefined || this.#writer === undefined) throw this.#readOnlyError(refusal);
    if (this.#health.failure !== undefined) throw this.#health.failure;
    if (this.#closing !== undefined) throw closedError();
    return this.#writer.append(run, acceptance);
  }

  /** Where the first batch of the active segment begins. */
  activeStart(): Position {
    const { segment, firstCommit: commit, firstSequence: sequence } = this.#table.active;
    return { segment, generation: 0, offset: 0, commit, sequence };
  }

  startPosition(): Position {
    return this.#reader.startPosition();
  }

  endPosition(): Position {
    return this.#durable.position;
  }

  /**
   * Where the batch begins that holds this sequence, or is behind it where that is gone; the end for the sequence that comes next.
   *
   * @param commit that begins with it, for who has all before: where that is gone, what follows begins with it. Absent: that isn't known.
   */
  async positionOfSequence(sequence: number, commit?: number): Promise<Position> {
    const { sequence: next } = this.endPosition();
    if (sequence === next) return this.endPosition();
    checkInRange('sequence', sequence, this.startPosition().sequence, next);
    return this.#reading(this.#reader.findSequence(sequence, commit));
  }

  /** Where the batch of this commit begins; the end for the commit that comes next. */
  async positionOfCommit(commit: number): Promise<Position> {
    const { commit: next } = this.endPosition();
    if (commit === next) return this.endPosition();
    checkInRange('commit', commit, this.startPosition().commit, next);
    return this.#reading(this.#reader.find('commit', commit));
  }

  /** Where the first batch begins that was committed at this time or later; the end for a time after all. */
  positionOfTime(timeUnixMs: number): Promise<Position> {
    return this.#reading(this.#reader.findTime(timeUnixMs));
  }

  /**
   * Read whole batches from a position on, with their commits: of one segment, at most `bytesMax`, but at least one batch. Empty at the end of what is durable. The bytes may be shared: they must not be changed.
   *
   * @param options.memoryFor is asked for memory of so many bytes when the slice has to be read from a file: for those who use the same memory again, or have little of it. Absent: new memory.
   * @throws AtedbError CHAIN_DAMAGED, STORAGE_FAILED; what `memoryFor` throws.
   */
  readSlice(
    position: Position,
    options: { readonly bytesMax: number; readonly memoryFor?: MemoryFor },
  ): Promise<{ bytes: Buffer; next: Position }> {
    return this.#reading(this.#reader.slice(position, options.bytesMax, options.memoryFor));
  }

  /** As `readSlice`, for the batches that end at a position. Empty at the start of the log. */
  readSliceBefore(
    position: Position,
    options: { readonly bytesMax: number; readonly memoryFor?: MemoryFor },
  ): Promise<{ bytes: Buffer; start: Position }> {
    return this.#reading(this.#reader.sliceBefore(position, options.bytesMax, options.memoryFor));
  }

  /** Read one batch. @throws AtedbError SEQUENCE_OUT_OF_RANGE, EVENT_GONE, CHAIN_DAMAGED, STORAGE_FAILED. */
  async readCommit(commit: number): Promise<{ run: Buffer; commit: CommitView }> {
    const [batch] = splitSlice((await this.readBatch('commit', commit)).bytes);
    if (batch?.commit.commit === commit) return batch;
    throw goneError(`commit ${commit}`, batch?.gap);
  }

  /** Read the batch of a commit, or that holds a sequence, with its commit; or the one behind it where that is gone. As `readSlice`; SEQUENCE_OUT_OF_RANGE where there is none. */
  async readBatch(
    by: 'commit' | 'sequence',
    value: number,
    memoryFor?: MemoryFor,
  ): Promise<{ bytes: Buffer; commit: number }> {
    checkInRange(by, value, this.startPosition()[by], this.endPosition()[by]);
    return this.#reading(this.#reader.batch(by, value, memoryFor));
  }

  /** Whether the next slice from here is in memory, or the position is the end. */
  isAtTail(position: Position): boolean {
    return position.commit >= this.#durable.head.size || this.#tail.hasCommit(position.commit);
  }

  /**
   * Resolves when commit number `commit` is durable. Rejects with the signal's reason, and when the log is closed or
   * can't grow any more.
   */
  waitBeyond(commit: number, signal: AbortSignal): Promise<void> {
    if (this.#durable.head.size > commit) return Promise.resolve();
    if (this.trouble !== undefined) return Promise.reject(this.#readOnlyError());
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return this.#waiters.wait(commit, signal);
  }

  /**
   * Resolves when a commit is durable that has its place already: rejects also when the batch that has it is lost, even
   * if another one gets the place later.
   */
  waitDurable(commit: number, signal: AbortSignal): Promise<void> {
    if (this.#durable.head.size > commit) return Promise.resolve();
    if (this.#health.failure !== undefined) return Promise.reject(this.#health.failure);
    if (this.trouble !== undefined) return Promise.reject(this.#readOnlyError());
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return this.#commitWaiters.wait(commit, signal);
  }

  /**
   * Make what is queued durable, end the segment in good order, and release all descriptors. Waiters are rejected;
   * readers that are on their way finish. Never rejects: what can't be written is in `trouble`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writer?.idle();
    await this.#health.healed();
    this.#waiters.fail(closedError());
    this.#commitWaiters.fail(closedError());
    try {
      if (this.trouble === undefined) await this.#writer?.close();
    } catch (error) {
      // Everything acknowledged is durable: what is missing is made again on opening.
      this.#health.giveUp(storageError('closing the log', error).message);
    }
    await this.rewriting.idle();
    await this.#files.close();
  }

  #describe(head: TreeHead, timeUnixMs: number): DurableState {
    this.tree.published(head);
    const position = this.#reader.endPosition();
    return { head, nextSequence: position.sequence, timeUnixMs, position };
  }

  /** Batches could not be made durable, from the first one on that isn't. */
  #fail(cause: unknown): AtedbError {
    const commits = this.#durable.head.size;
    return this.#health.fail(cause, {
      commits,
      takeBack: () => {
        const takenBack = this.#options.onLost?.(commits);
        return { takenBack, tell: (error) => this.#commitWaiters.fail(error) };
      },
      heal: () => this.#writer?.heal(),
      giveUp: () => this.#waiters.fail(this.#readOnlyError()),
    });
  }

  async #reading<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      const segment = parseSegmentName(damageOf(error)?.file ?? '');
      const isNew = !this.damages.some(({ file }) => file === damageOf(error)?.file);
      if (segment !== undefined && isNew) this.#options.onSuspect?.(segment);
      throw readError('reading the log', error);
    }
  }

  #readOnlyError(why = this.trouble): AtedbError {
    return new AtedbError('CHAIN_READ_ONLY', `the chain can only be read: ${why}`);
  }
}
