import { fromBinary } from '@bufbuild/protobuf';
import { GapReason, GapSchema, SegmentHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import { type CommitView, commitCrcFits, commitLeaf } from '../event/index.ts';
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

/** LogSegment.gaps: field 5, length-delimited. A gap is four numbers and a reason. */
const gapTag = 0x2a;
const gapBytesMax = 64;

/** Commits that are gone. */
export interface DumpedGap {
  readonly firstCommit: number;
  readonly lastCommit: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly reason: 'compacted' | 'damaged' | 'unspecified';
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
      const gap = await gapAt(file, at, limit);
      if (gap === undefined) {
        // The framing is lost, and nothing is searched for in data: a writer could have put it there.
        yield await fault(at, limit - at, found.what);
        break;
      }
      yield gap;
      due = undefined;
      at += gap.bytes;
      continue;
    }
    const bytes = found.end - found.start;
    const { stored, frame } = found;
    const commit = parseCommitOrUndefined(stored.subarray(frame.commitStart, frame.end));
    if (!commitCrcFits(stored)) yield await fault(at, bytes, 'a checksum does not fit');
    else if (commit === undefined)
      yield await fault(at, bytes, 'a commit is not in the strict form');
    else {
      const against = advance(due, commit);
      if (against !== undefined) yield await fault(at, 0, against);
      yield { kind: 'batch', offset: at, bytes, run: stored.subarray(0, frame.runEnd), commit };
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
function advance(due: Due | undefined, commit: CommitView): string | undefined {
  if (due === undefined) return undefined;
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

async function gapAt(
  file: StorageFile,
  offset: number,
  limit: number,
): Promise<Extract<SegmentPart, { kind: 'gap' }> | undefined> {
  const bytes = await file.read(offset, Math.min(gapBytesMax, limit - offset));
  const length = bytes[0] === gapTag ? readVarint(bytes, 1, bytes.length) : undefined;
  if (length === undefined || length.next + length.value > bytes.length) return undefined;
  const end = length.next + length.value;
  try {
    const message = fromBinary(GapSchema, bytes.subarray(length.next, end));
    const gap: DumpedGap = {
      firstCommit: toNumber(message.firstCommit, 'a commit'),
      lastCommit: toNumber(message.lastCommit, 'a commit'),
      firstSequence: toNumber(message.firstSequence, 'a sequence'),
      lastSequence: toNumber(message.lastSequence, 'a sequence'),
      reason: gapReasons[message.reason] ?? 'unspecified',
    };
    return { kind: 'gap', offset, bytes: end, gap };
  } catch {
    return undefined;
  }
}

const gapReasons: Partial<Record<GapReason, DumpedGap['reason']>> = {
  [GapReason.COMPACTED]: 'compacted',
  [GapReason.DAMAGED]: 'damaged',
};

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
