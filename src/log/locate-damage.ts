import { commitCrcFits } from '../event/index.ts';
import { parseCommitOrUndefined } from './commit-at-end.ts';
import type { ChainDamage } from './damage.ts';
import type { DamagedSpan } from './damaged-spans.ts';
import { segmentName } from './layout.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import type { Position } from './position.ts';
import { findSegmentFooter, footerBytesMax } from './segment-footer.ts';
import { bitsSet, encodeSegmentHeader } from './segment-header.ts';
import { isBatch, SegmentWindow } from './segment-window.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { StorageFile } from './storage.ts';

/** What is wrong with a closed segment. */
export interface SegmentDamage {
  readonly damages: readonly ChainDamage[];
  /** The damages that take batches away, and where. */
  readonly spans: readonly DamagedSpan[];
}

/** The segment to look at. */
export interface DamagedFile {
  readonly file: StorageFile;
  readonly segment: ClosedSegment;
  /** The one behind it. */
  readonly next: ActiveSegment;
  /** Undefined where it has none that can be used. */
  readonly index: SparseIndex | undefined;
  /** What is known to be wrong with the file as a whole. */
  readonly what: string;
  /** Called after so many bytes of work. */
  readonly rest: (bytes: number) => Promise<void>;
}

/** More of one segment are told as one. */
const spansMax = 16;

/** Find which batches of a closed segment are damaged, and which can be read all the same. */
export async function locateDamage(of: DamagedFile): Promise<SegmentDamage> {
  const { file, segment, next } = of;
  const name = segmentName(segment.segment, segment.generation);
  const fileBytes = await file.size();
  const endBytes = Math.min(footerBytesMax, fileBytes);
  const footer = findSegmentFooter(await file.read(fileBytes - endBytes, endBytes), {
    file: name,
    fileBytes,
  });
  const limit = Math.max(0, footer?.durableOffset ?? fileBytes);
  const window = new SegmentWindow(file, limit);
  const spans: DamagedSpan[] = [];
  let at = firstBatch(segment);
  const end: Position = {
    segment: segment.segment,
    generation: segment.generation,
    offset: Math.max(fileBytes, segment.bytes),
    commit: next.firstCommit,
    sequence: next.firstSequence,
  };
  while (at.commit < end.commit) {
    const { what, after } = await checkBatchAt({ window, at, limit, end, index: of.index });
    if (what !== undefined && spans.length === spansMax) {
      spans.push(spanOf(name, at, end, `${what}; and more is damaged behind it`));
      break;
    }
    if (what !== undefined) spans.push(spanOf(name, at, after, what));
    await of.rest(after.offset - at.offset);
    at = after;
  }
  if (spans.length > 0) return { damages: spans.map(({ damage }) => damage), spans };
  const lost = { firstSequence: undefined, lastSequence: undefined };
  const what = `${of.what}; all its batches can be read`;
  return { damages: [{ file: name, offset: 0, what, ...lost }], spans };
}

/** Where the first batch of a segment begins, whatever its header has become. */
function firstBatch({ segment, generation, firstCommit, firstSequence }: ClosedSegment): Position {
  const hash = Buffer.alloc(32);
  const header = encodeSegmentHeader({
    chainId: hash,
    segment,
    firstCommit,
    firstSequence,
    frontier: Array.from({ length: bitsSet(firstCommit) }, () => hash),
    previousSha256: segment === 0 ? undefined : hash,
    rewritten: generation === 0 ? undefined : { generation, originalSha256: hash },
  });
  const file = { segment, generation };
  return { ...file, offset: header.length, commit: firstCommit, sequence: firstSequence };
}

/** Check the batch at a position. Says what is wrong with it, if anything, and where the next one begins. */
async function checkBatchAt(of: {
  window: SegmentWindow;
  at: Position;
  limit: number;
  end: Position;
  index: SparseIndex | undefined;
}): Promise<{ what: string | undefined; after: Position }> {
  const { window, at, limit, end } = of;
  if (at.offset >= limit) return { what: 'it is cut short', after: end };
  const found = await window.batchAt(at.offset);
  if (!isBatch(found)) return { what: found.what, after: nextEntry(of) };
  const { stored, frame } = found;
  const commit = parseCommitOrUndefined(stored.subarray(frame.commitStart, frame.end));
  const { commits: goneCommits, events: goneEvents } = frame.gap ?? { commits: 0, events: 0 };
  const isWhole =
    commitCrcFits(stored) &&
    commit?.commit === at.commit + goneCommits &&
    commit.firstSequence === at.sequence + goneEvents &&
    commit.events === frame.events;
  if (isWhole) {
    const sequence = commit.firstSequence + commit.events;
    const after = { ...at, offset: found.end, commit: commit.commit + 1, sequence };
    return { what: undefined, after };
  }
  const what = 'a checksum does not fit';
  // Its lengths may be what is wrong: they are believed where they lead to the batch that is due.
  const after = await batchStartingAt(of, found.end);
  return { what, after: after?.commit === at.commit + 1 ? after : nextEntry(of) };
}

/** The position at an offset where a whole batch begins, or the batches end. */
async function batchStartingAt(
  { window, at, limit, end }: { window: SegmentWindow; at: Position; limit: number; end: Position },
  offset: number,
): Promise<Position | undefined> {
  if (offset === limit) return end;
  if (offset > limit) return undefined;
  const found = await window.batchAt(offset);
  if (!isBatch(found) || !commitCrcFits(found.stored)) return undefined;
  const { commitStart, end: commitEnd, gap } = found.frame;
  const commit = parseCommitOrUndefined(found.stored.subarray(commitStart, commitEnd));
  if (commit === undefined) return undefined;
  const { commits, events } = gap ?? { commits: 0, events: 0 };
  const { commit: number, firstSequence } = commit;
  return { ...at, offset, commit: number - commits, sequence: firstSequence - events };
}

/** Where the index says that the next batch begins which it names; the end where it names none. */
function nextEntry(of: { at: Position; end: Position; index: SparseIndex | undefined }): Position {
  const { at, end, index } = of;
  if (index === undefined) return end;
  const entry = index.at(index.lastUpTo('offset', at.offset) + 1);
  if (entry.commit >= end.commit || entry.commit <= at.commit) return end;
  const { offset, commit, sequence } = entry;
  return { ...at, offset, commit, sequence };
}

/** A part of a segment that is damaged. */
export function spanOf(file: string, start: Position, end: Position, what: string): DamagedSpan {
  const { offset, sequence: firstSequence } = start;
  const damage = { file, offset, what, firstSequence, lastSequence: end.sequence - 1 };
  return { start, end, damage };
}
