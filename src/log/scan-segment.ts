import { AtedbError, batchBytesMax, gapBytesMax } from '../bytes/index.ts';
import type { Frontier } from '../crypto/index.ts';
import {
  type CommitView,
  commitCrcFits,
  commitLeaf,
  type Gap,
  subtreesOfGap,
} from '../event/index.ts';
import { findCommitAtEnd, parseCommitOrUndefined } from './commit-at-end.ts';
import type { SegmentEnd } from './find-durable-end.ts';
import {
  findSegmentFooter,
  footerAtEnd,
  footerBytesMax,
  type SegmentFooter,
} from './segment-footer.ts';
import { type FileBatch, isBatch, SegmentWindow } from './segment-window.ts';
import type { StorageFile } from './storage.ts';

/** The chain before a batch. */
export interface ChainPlace {
  readonly commit: number;
  readonly sequence: number;
  /** Of the last commit; 0 before the first. */
  readonly timeUnixMs: number;
  readonly frontier: Frontier;
}

/** A batch that a scan found whole. Its buffers lie in a larger one: copy what is kept. */
export interface ScannedBatch {
  /** What is gone before it, or of it; undefined where nothing is. */
  readonly gap: Gap | undefined;
  readonly run: Buffer;
  readonly commit: CommitView;
  /** The commit's leaf of the tree. */
  readonly leaf: Buffer;
  /** Its gap, if it has one, the run and its commit, as stored. */
  readonly stored: Buffer;
  /** Where it ends in the file. */
  readonly end: number;
}

/** What to scan. */
export interface ScanOptions {
  readonly file: StorageFile;
  readonly fileName: string;
  readonly fileBytes: number;
  /** Where the first batch begins, behind the header. */
  readonly start: number;
  /** What is durable for certain, whatever the scan finds. */
  readonly durableAtLeast: number;
  readonly place: ChainPlace;
  /** Whether what `onBatch` is given is gone when it has returned, or the promise that it returns has resolved. */
  readonly reusesMemory?: boolean;
  /** Where it returns a promise, that is waited for. */
  readonly onBatch: (batch: ScannedBatch) => void | Promise<void>;
}

/** How far a segment is whole, and what is there after it. */
export interface SegmentScan extends SegmentEnd {
  /** The chain after the last whole batch. */
  readonly place: ChainPlace;
  /** The footer that the file ends with, if its bytes are whole. */
  readonly footer: SegmentFooter | undefined;
}

/**
 * Read a segment from its first batch to its end or first fault, checking everything that can be checked without
 * knowing what is in the events: framing, each CRC, sizes and counts, that commits, sequences and time go on, and
 * that the tree has the roots that were written. After a fault it still looks for what proves that the bytes there
 * had been durable.
 */
export async function scanSegment(options: ScanOptions): Promise<SegmentScan> {
  const { file, fileName, fileBytes } = options;
  const endBytes = Math.min(footerBytesMax, fileBytes);
  const fileEnd = await file.read(fileBytes - endBytes, endBytes);
  const footer = findSegmentFooter(fileEnd, { file: fileName, fileBytes });
  const limit = footer?.durableOffset ?? fileBytes;
  const window = new SegmentWindow(file, limit, options.reusesMemory);
  let place = options.place;
  let end = options.start;
  let provenDurable = Math.max(options.durableAtLeast, footer?.durableOffset ?? 0);
  const whole = () => ({ place, end, fileBytes, footer, provenDurable, fault: undefined });
  const faulty = async (what: string, contradiction: boolean, resumeAt: number | undefined) => {
    const from = resumeAt;
    const proven = await durableAfter(window, file, { fileName, fileBytes, limit, from });
    provenDurable = Math.max(provenDurable, proven);
    return { ...whole(), provenDurable, fault: { what, contradiction } };
  };
  while (end < limit) {
    const found = await window.batchAt(end);
    if (!isBatch(found)) return faulty(found.what, false, undefined);
    if (!commitCrcFits(found.stored)) return faulty('a checksum does not fit', false, found.end);
    const checked = checkBatch(found, place);
    if (typeof checked === 'string') return faulty(checked, true, found.end);
    const taken = options.onBatch(checked.batch);
    if (taken !== undefined) await taken;
    place = checked.place;
    end = found.end;
    provenDurable = Math.max(provenDurable, checked.batch.commit.durableOffset);
  }
  if (end > limit) return faulty('a footer lies where the header is', true, undefined);
  const against = footer === undefined ? undefined : checkFooter(footer, place);
  return against === undefined ? whole() : faulty(against, true, undefined);
}

/** Check a batch whose CRC fits against the chain before it. Returns what is wrong, or the chain after it. */
function checkBatch(
  { stored, frame, start, end }: FileBatch,
  before: ChainPlace,
): { batch: ScannedBatch; place: ChainPlace } | string {
  const commit = parseCommitOrUndefined(stored.subarray(frame.commitStart, frame.end));
  if (commit === undefined) return 'a commit is not in the strict form';
  if (commit.batchBytes !== frame.runEnd) return 'a commit is of a batch of another size';
  if (commit.events !== frame.events) return 'a commit is of another number of events';
  if (commit.durableOffset > start) return 'a commit calls bytes durable that came after it';
  const { gap } = frame;
  const dueCommit = before.commit + (gap?.commits ?? 0);
  if (commit.commit !== dueCommit) {
    return `commit ${commit.commit} is where ${dueCommit} was due`;
  }
  const dueSequence = before.sequence + (gap?.events ?? 0);
  if (commit.firstSequence !== dueSequence) {
    return `sequence ${commit.firstSequence} is where ${dueSequence} was due`;
  }
  if (commit.timeUnixMs < before.timeUnixMs) return 'time goes back';
  const leaf = commitLeaf(commit.headerBytes);
  const frontier = before.frontier.clone();
  if (gap !== undefined) {
    const what = passGap(gap, frontier);
    if (what !== undefined) return what;
  }
  frontier.append(leaf);
  if (commit.treeRoot !== undefined && !commit.treeRoot.equals(frontier.root())) {
    return 'the tree has another root than was written';
  }
  const place = {
    commit: commit.commit + 1,
    sequence: commit.firstSequence + commit.events,
    timeUnixMs: commit.timeUnixMs,
    frontier,
  };
  const run = stored.subarray(frame.runStart, frame.runEnd);
  return { batch: { gap, run, commit, leaf, stored, end }, place };
}

/** Have a tree go on behind a gap. Returns what is wrong. */
function passGap(gap: Gap, frontier: Frontier): string | undefined {
  try {
    for (const { hash, level } of subtreesOfGap(gap, frontier.size)) {
      frontier.append(Buffer.from(hash), level);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    return error.message;
  }
}

function checkFooter(footer: SegmentFooter, place: ChainPlace): string | undefined {
  const fits =
    footer.nextCommit === place.commit &&
    footer.nextSequence === place.sequence &&
    footer.treeRoot.equals(place.frontier.root());
  return fits ? undefined : 'the footer is of other batches';
}

/**
 * What commits behind a fault say was durable when they were written: those that the framing still leads to, and the
 * one that the file ends with.
 *
 * @param from where the framing goes on; undefined where it is lost.
 */
async function durableAfter(
  window: SegmentWindow,
  file: StorageFile,
  at: { fileName: string; fileBytes: number; limit: number; from: number | undefined },
): Promise<number> {
  let durable = 0;
  for (let from = at.from ?? at.limit; from < at.limit; ) {
    const found = await window.batchAt(from);
    if (!isBatch(found)) break;
    from = found.end;
    if (!commitCrcFits(found.stored)) continue;
    const commit = parseCommitOrUndefined(
      found.stored.subarray(found.frame.commitStart, found.frame.end),
    );
    if (commit !== undefined && commit.durableOffset <= found.start) {
      durable = Math.max(durable, commit.durableOffset);
    }
  }
  const endBytes = Math.min(gapBytesMax + batchBytesMax + footerBytesMax, at.limit);
  const fileEnd = await file.read(at.limit - endBytes, endBytes);
  // Where bytes are gone, or too many, it lies elsewhere than it says. A whole batch is right before it, or it is somebody's data.
  const footer = footerAtEnd(fileEnd, at.fileName);
  const last = findCommitAtEnd(fileEnd.subarray(0, fileEnd.length - (footer?.bytes ?? 0)));
  if (last === undefined) return durable;
  // Both may name bytes beyond the file's end, if so many are gone.
  return Math.max(durable, last.durableOffset, footer?.footer.durableOffset ?? 0);
}
