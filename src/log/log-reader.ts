import { AtedbError } from '../bytes/index.ts';
import { encodeGap, type Gap, parseBatch, parseCommit } from '../event/index.ts';
import { damageError } from './damage.ts';
import type { DamagedSpans } from './damaged-spans.ts';
import type { FileCache } from './file-cache.ts';
import { type BatchFrame, frameBatch, isFrame } from './framing.ts';
import type { IndexCache } from './index-cache.ts';
import { segmentName } from './layout.ts';
import type { ClosedSegment } from './manifest.ts';
import type { Position } from './position.ts';
import type { LiveSegment, SegmentTable } from './segment-table.ts';
import type { IndexEntry, SparseIndex } from './sparse-index.ts';
import type { TailBuffer } from './tail-buffer.ts';

const noBytes = Buffer.alloc(0);

/** Gives memory of at least so many bytes, when there is some. */
export type MemoryFor = (bytes: number) => Promise<Buffer>;

/** Gives hashes of the perfect subtrees of commits, from one up to another. */
export type Subtrees = (first: number, end: number) => Promise<Buffer[]>;

/** Where a batch begins in a segment. */
type Place = Pick<IndexEntry, 'offset' | 'commit' | 'sequence'>;

/** Which file of which segment. */
type SegmentOf = Pick<Position, 'segment' | 'generation'>;

/** A batch that a walk came to, and where it lies. */
interface Walked {
  readonly start: Position;
  readonly end: Position;
  readonly frame: BatchFrame;
}

/** Reads whole batches of a chain's log, and finds where they are. Everything below is durable. */
export class LogReader {
  readonly #table: SegmentTable;
  readonly #tail: TailBuffer;
  readonly #indexes: IndexCache;
  readonly #files: FileCache;
  readonly #damaged: DamagedSpans;
  readonly #subtrees: Subtrees;

  constructor(options: {
    table: SegmentTable;
    tail: TailBuffer;
    indexes: IndexCache;
    files: FileCache;
    damaged: DamagedSpans;
    subtrees: Subtrees;
  }) {
    this.#table = options.table;
    this.#tail = options.tail;
    this.#indexes = options.indexes;
    this.#files = options.files;
    this.#damaged = options.damaged;
    this.#subtrees = options.subtrees;
  }

  endPosition(): Position {
    const { active } = this.#table;
    return positionOf(active, active.index.end);
  }

  startPosition(): Position {
    const { segment, generation, firstCommit, firstSequence } = this.#table.get(this.#table.first);
    return { segment, generation, offset: 0, commit: firstCommit, sequence: firstSequence };
  }

  /** @param memoryFor memory for what has to be read from a file. */
  async slice(
    from: Position,
    bytesMax: number,
    memoryFor?: MemoryFor,
  ): Promise<{ bytes: Buffer; next: Position }> {
    const at = await this.#forward(from);
    const stop = this.#damaged.stopAfter(at);
    if (at.isWithinGap) return this.#sliceWithinGap(at, memoryFor);
    const shared = stop === undefined ? this.#tail.slice(at, bytesMax) : undefined;
    if (shared !== undefined) return shared;
    const of = this.#table.get(at.segment);
    // Another file has taken its place since.
    if (of.generation !== at.generation) return this.slice(at, bytesMax, memoryFor);
    using _ = this.#hold(of);
    const index = await this.#indexes.get(of);
    const { end } = index;
    if (at.offset >= end.offset) return { bytes: noBytes, next: at };
    const limit = at.offset + bytesMax;
    const entry = end.offset <= limit ? end : index.at(index.lastUpTo('offset', limit));
    const target: Place = stop !== undefined && stop.offset <= limit ? earlier(stop, entry) : entry;
    if (target.offset > at.offset) {
      const bytes = await this.#read(of, at.offset, target.offset, memoryFor);
      return { bytes, next: positionOf(of, target) };
    }
    // Less than the distance of two entries is wanted.
    const after = index.at(index.lastUpTo('offset', at.offset) + 1);
    const beyond = stop === undefined ? after : earlier(stop, after);
    const bytes = await this.#read(of, at.offset, beyond.offset, memoryFor);
    let next = at;
    for (const batch of walk(bytes, at)) {
      if (next !== at && batch.end.offset > limit) break;
      next = batch.end;
    }
    return { bytes: bytes.subarray(0, next.offset - at.offset), next };
  }

  /** The batch behind a gap, for who has the first ones of the commits that are gone, or all of them. */
  async #sliceWithinGap(at: Position, memoryFor?: MemoryFor) {
    const { isWithinGap: _, ...place } = at;
    const { bytes, next } = await this.slice(await this.find('commit', at.commit), 1, memoryFor);
    const frame = frameBatch(bytes, 0);
    const { gap } = isFrame(frame) ? frame : { gap: undefined };
    const firstCommit = next.commit - 1 - (gap?.commits ?? 0);
    // Another file has taken the place of that one since.
    if (!isFrame(frame) || gap === undefined || firstCommit > at.commit) {
      return this.slice(place, 1, memoryFor);
    }
    const commits = next.commit - 1 - at.commit;
    const firstSequence = next.sequence - frame.events - gap.events;
    const from = gap.before.from ?? firstSequence;
    const rest: Gap = {
      ...gap,
      commits,
      events: next.sequence - frame.events - at.sequence,
      hashes: await this.#subtrees(at.commit, at.commit + commits),
      before: { last: gap.before.last, from },
    };
    const batch = bytes.subarray(frame.runStart, frame.end);
    // Who has all that is gone before it is told of what is gone of the batch alone, if anything is.
    const run = bytes.subarray(frame.runStart, frame.runEnd);
    if (commits === 0 && !parseBatch(run).hasGone) return { bytes: batch, next };
    return { bytes: Buffer.concat([encodeGap(rest), batch]), next };
  }

  async sliceBefore(
    to: Position,
    bytesMax: number,
    memoryFor?: MemoryFor,
  ): Promise<{ bytes: Buffer; start: Position }> {
    const at = await this.#backward(to);
    if (at === undefined) return { bytes: noBytes, start: to };
    const stop = this.#damaged.stopBefore(at);
    const of = this.#table.get(at.segment);
    if (of.generation !== at.generation) return this.sliceBefore(at, bytesMax, memoryFor);
    using _ = this.#hold(of);
    const index = await this.#indexes.get(of);
    const limit = at.offset - bytesMax;
    const entry = later(stop, index.at(index.countBelow('offset', limit)));
    if (entry.offset < at.offset) {
      const bytes = await this.#read(of, entry.offset, at.offset, memoryFor);
      return { bytes, start: positionOf(of, entry) };
    }
    const before = later(stop, index.at(index.countBelow('offset', at.offset) - 1));
    const bytes = await this.#read(of, before.offset, at.offset, memoryFor);
    const from = positionOf(of, before);
    let start = from;
    for (const batch of walk(bytes, from)) {
      start = batch.start;
      if (start.offset >= limit) break;
    }
    return { bytes: bytes.subarray(start.offset - from.offset), start };
  }

  /** The batch that has this commit number or holds this sequence, which is there, with its commit; and the number of that. */
  async batch(
    column: 'commit' | 'sequence',
    value: number,
    memoryFor?: MemoryFor,
  ): Promise<{ bytes: Buffer; commit: number }> {
    const of = this.#holding(column, value);
    if (this.#damaged.isIn(of.segment)) {
      const position = await this.find(column, value);
      const { bytes, next } = await this.slice(position, 1, memoryFor);
      return { bytes, commit: next.commit - 1 };
    }
    using _ = this.#hold(of);
    const index = await this.#indexes.get(of);
    const place = index.lastUpTo(column, value);
    const start = index.at(place).offset;
    // What is read to find it has it, too.
    const bytes = await this.#read(of, start, index.at(place + 1).offset, memoryFor);
    const found = walkTo(bytes, positionOf(of, index.at(place)), column, value);
    return {
      bytes: bytes.subarray(found.start.offset - start, found.end.offset - start),
      commit: found.end.commit - 1,
    };
  }

  /** Where the batch begins that has this commit number or holds this sequence; it is there. */
  async find(column: 'commit' | 'sequence', value: number): Promise<Position> {
    const of = this.#holding(column, value);
    using _ = this.#hold(of);
    const index = await this.#indexes.get(of);
    const place = index.lastUpTo(column, value);
    const bytes = await this.#readEntry(of, index, place);
    return walkTo(bytes, positionOf(of, index.at(place)), column, value).start;
  }

  #holding(column: 'commit' | 'sequence', value: number): ClosedSegment | LiveSegment {
    const first = column === 'commit' ? 'firstCommit' : 'firstSequence';
    const segment = this.#table.holding(first, value);
    this.#damaged.checkSegment(segment);
    return this.#table.get(segment);
  }

  /** As `find`, of a sequence; see `ChainLog.positionOfSequence`. */
  async findSequence(sequence: number, commit: number | undefined): Promise<Position> {
    const found = await this.find('sequence', sequence);
    if (commit === undefined || commit <= found.commit || sequence <= found.sequence) return found;
    const { bytes, next } = await this.slice(found, 1);
    const frame = frameBatch(bytes, 0);
    if (!isFrame(frame) || commit >= next.commit) return found;
    // Within what is gone, or right behind it.
    const isBatch = commit === next.commit - 1;
    const firstSequence = next.sequence - frame.events;
    if (isBatch ? sequence !== firstSequence : sequence >= firstSequence) return found;
    return { ...found, commit, sequence, isWithinGap: true };
  }

  /** Where the first batch begins that was committed at this time or later; the end for a time after all. */
  async findTime(timeUnixMs: number): Promise<Position> {
    let low = this.#table.first;
    let high = this.#table.active.segment + 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      const { timeUnixMs: first } = (await this.#indexOf(middle)).at(0);
      if (first !== undefined && first < timeUnixMs) low = middle;
      else high = middle;
    }
    const of = this.#table.get(low);
    using _ = this.#hold(of);
    const index = await this.#indexes.get(of);
    const place = index.countBelow('timeUnixMs', timeUnixMs) - 1;
    if (place < 0) return this.#forward(positionOf(of, index.at(0)));
    const bytes = await this.#readEntry(of, index, place);
    for (const { start, frame } of walk(bytes, positionOf(of, index.at(place)))) {
      const commit = parseCommit(bytes.subarray(frame.commitStart, frame.end));
      if (commit.timeUnixMs >= timeUnixMs) return start;
    }
    return this.#forward(positionOf(of, index.at(place + 1)));
  }

  /** The end of a segment is the start of the next; and a place in a file that was rewritten since is elsewhere now. */
  async #forward(at: Position): Promise<Position> {
    const next = this.#table.at(at.segment + 1);
    const ended = next !== undefined && at.commit >= next.firstCommit;
    const of = ended ? next : this.#table.get(at.segment);
    this.#damaged.checkSegment(of.segment);
    if (of.segment === at.segment && at.offset > 0) {
      return of.generation === at.generation ? at : this.#findAgain(at);
    }
    using _ = this.#hold(of);
    return positionOf(of, (await this.#indexes.get(of)).at(0));
  }

  /** Where a place is in a file that was rewritten since: what begins there may be gone by now. */
  async #findAgain({ commit, sequence }: Position): Promise<Position> {
    const found = await this.find('commit', commit);
    return found.commit === commit ? found : { ...found, commit, sequence, isWithinGap: true };
  }

  /** The start of a segment is the end of the one before. Undefined at the start of the log. */
  async #backward(to: Position): Promise<Position | undefined> {
    const of = this.#table.get(to.segment);
    const isAtEnd = this.#table.at(to.segment + 1)?.firstCommit === to.commit;
    if (to.commit > of.firstCommit && of.generation === to.generation) return to;
    if (to.commit > of.firstCommit && !isAtEnd) {
      const found = await this.find('commit', to.commit);
      if (found.commit === to.commit) return found;
      // What would lead up to it is gone, and nothing can stand for a part of that before a batch that was sent.
      throw new AtedbError(
        'HISTORY_COMPACTED',
        `the chain was compacted under a snapshot while it was being read backwards, and commit ${to.commit} is gone. Read again`,
      );
    }
    const before = isAtEnd ? of : this.#table.at(to.segment - 1);
    if (before === undefined) return undefined;
    this.#damaged.checkSegment(before.segment);
    using _ = this.#hold(before);
    return positionOf(before, (await this.#indexes.get(before)).end);
  }

  /** Have the file of a segment, and what is derived from it, stay where it is until this is released. */
  #hold({ segment, generation }: SegmentOf): Disposable {
    return this.#files.hold(segmentName(segment, generation));
  }

  async #indexOf(segment: number): Promise<SparseIndex> {
    const of = this.#table.get(segment);
    using _ = this.#hold(of);
    return await this.#indexes.get(of);
  }

  /** The bytes from one entry to the next. */
  #readEntry(of: SegmentOf, index: SparseIndex, place: number): Promise<Buffer> {
    return this.#read(of, index.at(place).offset, index.at(place + 1).offset);
  }

  async #read(
    { segment, generation }: SegmentOf,
    start: number,
    end: number,
    memoryFor?: MemoryFor,
  ): Promise<Buffer> {
    // Before the file is used: who waits for memory must not keep a descriptor.
    const into = await memoryFor?.(end - start);
    const name = segmentName(segment, generation);
    const bytes = await this.#files.use(name, (file) => file.read(start, end - start, into));
    if (bytes.length === end - start) return bytes;
    const offset = start + bytes.length;
    throw damageError({ file: name, offset, what: 'it is cut short' });
  }
}

/** The batches in bytes that begin at a position. */
function* walk(bytes: Buffer, from: Position): Generator<Walked> {
  for (let start = from; start.offset - from.offset < bytes.length; ) {
    const frame = frameBatch(bytes, start.offset - from.offset);
    if (!isFrame(frame)) {
      const file = segmentName(from.segment, from.generation);
      throw damageError({ file, offset: start.offset, what: frame.what });
    }
    const end: Position = {
      ...from,
      offset: from.offset + frame.end,
      commit: start.commit + (frame.gap?.commits ?? 0) + 1,
      sequence: start.sequence + (frame.gap?.events ?? 0) + frame.events,
    };
    yield { start, end, frame };
    start = end;
  }
}

/** The batch that has a commit number or holds a sequence, in bytes that begin at a position. */
function walkTo(
  bytes: Buffer,
  from: Position,
  column: 'commit' | 'sequence',
  value: number,
): Walked {
  for (const batch of walk(bytes, from)) if (batch.end[column] > value) return batch;
  throw new AtedbError('SEQUENCE_OUT_OF_RANGE', `the log has no ${column} ${value}`);
}

function earlier(stop: Position, place: Place): Place {
  return stop.offset < place.offset ? stop : place;
}

function later(stop: Position | undefined, place: Place): Place {
  return stop !== undefined && stop.offset > place.offset ? stop : place;
}

function positionOf(
  { segment, generation }: SegmentOf,
  { offset, commit, sequence }: Place,
): Position {
  return { segment, generation, offset, commit, sequence };
}
