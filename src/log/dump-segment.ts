import { fromBinary } from '@bufbuild/protobuf';
import { SegmentHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import {
  type CommitView,
  commitCrcFits,
  commitLeaf,
  type Gap,
  subtreesOfGap,
} from '../event/index.ts';
import { toNumber } from './checked-record.ts';
import { parseCommitOrUndefined } from './commit-at-end.ts';
import { findDurableEnd } from './find-durable-end.ts';
import { readVarint } from './framing.ts';
import type { SegmentFileName } from './layout.ts';
import { scanSegment } from './scan-segment.ts';
import { findSegmentFooter, footerBytesMax, type SegmentFooter } from './segment-footer.ts';
import {
  headerBytesMax,
  headerTag,
  parseSegmentHeader,
  type SegmentHeader,
} from './segment-header.ts';
import { isBatch, SegmentWindow } from './segment-window.ts';
import type { StorageFile } from './storage.ts';

/** Commits that are gone. */
export interface DumpedGap {
  readonly firstCommit: number;
  readonly lastCommit: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Sequence of the snapshot under which they are. */
  readonly snapshot: number;
}

/** A part of a segment file, where it lies and what it takes. Buffers are good until the next part is asked for. */
export type SegmentPart = { readonly offset: number; readonly bytes: number } & (
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  | { readonly kind: 'batch'; readonly run: Buffer; readonly commit: CommitView }
  | { readonly kind: 'gap'; readonly gap: DumpedGap }
  | { readonly kind: 'footer'; readonly footer: SegmentFooter }
  /**
   * Something is wrong, and these bytes were passed over. Torn: recovery would take it for what a crash left of
   * writes that nobody was told of, and a server that is writing looks so too. Else it is damage.
   */
  | { readonly kind: 'fault'; readonly what: string; readonly torn: boolean }
);

/** What is due next: known up to the first fault, behind which anything may come. */
interface Due {
  commit: number;
  sequence: number;
  frontier: Frontier;
}

/**
 * Read a segment file part by part, for people: all that is wrong is told, and what can be read behind it follows.
 * A file that begins with an event is a tail that was cut off a segment, which has no header.
 *
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export async function* readSegmentParts(
  file: StorageFile,
  fileName: string,
): AsyncGenerator<SegmentPart, void> {
  const fileBytes = await file.size();
  const start = await file.read(0, headerBytesMax);
  const opening = readOpening(start, fileName);
  if (opening.part !== undefined) yield opening.part;
  if (opening.next === undefined) return;
  const { header } = opening;
  let due: Due | undefined = header && {
    commit: header.firstCommit,
    sequence: header.firstSequence,
    frontier: Frontier.from(header.firstCommit, [...header.frontier]),
  };

  let torn: boolean | undefined;
  const fault = async (offset: number, bytes: number, what: string): Promise<SegmentPart> => {
    // What recovery says of the first fault holds for whatever comes behind it.
    torn ??=
      header === undefined
        ? start[0] !== headerTag
        : await isTorn({ file, fileName, fileBytes, header, start: opening.next ?? 0 });
    due = undefined;
    return { kind: 'fault', offset, bytes, what, torn };
  };

  const end = await file.read(Math.max(0, fileBytes - footerBytesMax), footerBytesMax);
  const footer = findSegmentFooter(end, { file: fileName, fileBytes });
  const limit = footer?.durableOffset ?? fileBytes;
  const window = new SegmentWindow(file, limit);
  for (let at = opening.next; at < limit; ) {
    const found = await window.batchAt(at);
    if (!isBatch(found)) {
      // The framing is lost, and nothing is searched for in data: a writer could have put it there.
      yield await fault(at, limit - at, found.what);
      break;
    }
    const bytes = found.end - found.start;
    const { stored, frame } = found;
    const commit = parseCommitOrUndefined(stored.subarray(frame.commitStart, frame.end));
    if (!commitCrcFits(stored)) yield await fault(at, bytes, 'a checksum does not fit');
    else if (commit === undefined)
      yield await fault(at, bytes, 'a commit is not in the strict form');
    else {
      const against = advance(due, commit, frame.gap);
      if (against !== undefined) yield await fault(at, 0, against);
      const gapBytes = frame.runStart;
      if (frame.gap !== undefined && frame.gap.commits > 0) {
        yield { kind: 'gap', offset: at, bytes: gapBytes, gap: dumpedGap(frame.gap, commit) };
      }
      const run = stored.subarray(frame.runStart, frame.runEnd);
      const offset = at + gapBytes;
      yield { kind: 'batch', offset, bytes: bytes - gapBytes, run, commit };
    }
    at = found.end;
  }
  if (footer === undefined) return;
  const against = footerAgainst(footer, due);
  if (against !== undefined) yield await fault(limit, 0, against);
  yield { kind: 'footer', offset: limit, bytes: fileBytes - limit, footer };
}

/** How a file begins: its header or what is wrong with it, and where its batches begin, if they can be found. */
function readOpening(
  start: Buffer,
  fileName: string,
): { part?: SegmentPart; header?: SegmentHeader; next: number | undefined } {
  if (start[0] === 0x0a) return { next: 0 };
  const length = start[0] === headerTag ? readVarint(start, 1, start.length) : undefined;
  const end = length === undefined ? undefined : length.next + length.value;
  const next = end !== undefined && end <= start.length ? end : undefined;
  try {
    const said = length === undefined ? noName : nameOf(start.subarray(length.next, end));
    const { header, bytes } = parseSegmentHeader(start, said.segment, said.generation);
    return { part: { kind: 'header', offset: 0, bytes, header }, header, next: bytes };
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    const what = error.message.replace(/^.* is damaged at offset 0: /, '');
    return {
      part: {
        kind: 'fault',
        offset: 0,
        bytes: next ?? 0,
        what: `${fileName}: ${what}`,
        torn: false,
      },
      next,
    };
  }
}

const noName = { segment: 0, generation: 0 };

/** The number and generation that a header names, unchecked: a file that was renamed is still that one. */
function nameOf(record: Buffer): SegmentFileName {
  try {
    const { segment, generation } = fromBinary(SegmentHeaderSchema, record);
    return {
      segment: toNumber(segment, 'its number'),
      generation: toNumber(generation, 'its generation'),
    };
  } catch {
    return noName;
  }
}

/** Check a commit against what goes before it, and take it in. Returns what is wrong. */
function advance(
  due: Due | undefined,
  commit: CommitView,
  gap: Gap | undefined,
): string | undefined {
  if (due === undefined) return undefined;
  if (gap !== undefined) {
    try {
      const { frontier } = due;
      for (const { hash, level } of subtreesOfGap(gap, frontier.size)) {
        frontier.append(Buffer.from(hash), level);
      }
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      return error.message;
    }
    due.commit += gap.commits;
    due.sequence += gap.events;
  }
  if (commit.commit !== due.commit) return `commit ${commit.commit} is where ${due.commit} was due`;
  if (commit.firstSequence !== due.sequence) {
    return `sequence ${commit.firstSequence} is where ${due.sequence} was due`;
  }
  due.commit += 1;
  due.sequence += commit.events;
  due.frontier.append(commitLeaf(commit.headerBytes));
  const { treeRoot } = commit;
  if (treeRoot === undefined || treeRoot.equals(due.frontier.root())) return undefined;
  return 'the tree has another root than was written';
}

function footerAgainst(footer: SegmentFooter, due: Due | undefined): string | undefined {
  if (due === undefined) return undefined;
  const fits =
    footer.nextCommit === due.commit &&
    footer.nextSequence === due.sequence &&
    footer.treeRoot.equals(due.frontier.root());
  return fits ? undefined : 'the footer is of other batches';
}

function dumpedGap({ commits, events, snapshot }: Gap, commit: CommitView): DumpedGap {
  return {
    firstCommit: commit.commit - commits,
    lastCommit: commit.commit - 1,
    firstSequence: commit.firstSequence - events,
    lastSequence: commit.firstSequence - 1,
    snapshot,
  };
}

/** Whether recovery would cut off what is behind the first fault. */
async function isTorn(options: {
  file: StorageFile;
  fileName: string;
  fileBytes: number;
  header: SegmentHeader;
  start: number;
}): Promise<boolean> {
  const { file, fileName, fileBytes, header, start } = options;
  const scan = await scanSegment({
    file,
    fileName,
    fileBytes,
    start,
    durableAtLeast: start,
    place: {
      commit: header.firstCommit,
      sequence: header.firstSequence,
      timeUnixMs: 0,
      frontier: Frontier.from(header.firstCommit, [...header.frontier]),
    },
    onBatch: () => undefined,
  });
  return findDurableEnd(scan) === 'tail';
}
