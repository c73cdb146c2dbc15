import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import { damageError, damageOf, errorCode, type Trouble } from './damage.ts';
import { endSegment } from './end-segment.ts';
import { segmentName } from './layout.ts';
import { scanClosedSegments } from './load-state.ts';
import type { OpenChainLogOptions } from './log-options.ts';
import type { Manifest } from './manifest.ts';
import { type ChainPlace, scanSegment } from './scan-segment.ts';
import { headerBytesMax, parseSegmentHeader, type SegmentHeader } from './segment-header.ts';
import { SparseIndex } from './sparse-index.ts';
import type { StorageFile } from './storage.ts';

/** The active segment, as far as it is whole. Where there is no trouble it is durable and may be written on. */
export interface RecoveredSegment {
  /** Undefined where it can't be used. */
  readonly file: StorageFile | undefined;
  readonly index: SparseIndex;
  /** The tree before its first batch. */
  readonly firstFrontier: Frontier;
  /** The chain after its last batch. */
  readonly place: ChainPlace;
  /** Leaves of its batches, in order. */
  readonly leaves: readonly Buffer[];
  /** Heads that were written into it. */
  readonly heads: readonly { size: number; root: Buffer }[];
  /** SHA-256 of the file up to where its batches end. */
  readonly hash: Hash;
  /** Whether it ends with a footer, which is cut off before the next batch is written. */
  readonly hasFooter: boolean;
  readonly trouble: Trouble | undefined;
}

/**
 * Read the active segment, hand its batches to the owner, and make an end of what a crash left behind it.
 *
 * @param state `timeUnixMs`: of the last commit before the segment. `mayWrite`: whether nothing is wrong so far.
 * @throws AtedbError FORMAT_TOO_NEW; CHAIN_DAMAGED where neither it nor the segment before it can be used.
 */
export async function openActiveSegment(
  options: OpenChainLogOptions,
  manifest: Manifest,
  state: { timeUnixMs: number; mayWrite: boolean },
): Promise<RecoveredSegment> {
  const { active } = manifest;
  const path = join(options.folder, segmentName(active.segment));
  const found = await options.storage.stat(path);
  if (found?.kind !== 'file') {
    const lost = damageError({ file: segmentName(active.segment), offset: 0, what: 'it is gone' });
    return withoutSegment(options, manifest, state.timeUnixMs, lost);
  }
  const { file, trouble } = await openSegmentFile(options, path, state.mayWrite);
  let lost: AtedbError;
  try {
    const header = readHeader(await file.read(0, headerBytesMax), manifest);
    if (!(header instanceof AtedbError)) {
      return await recoverSegment(options, header, { ...state, file, trouble });
    }
    lost = header;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return withoutSegment(options, manifest, state.timeUnixMs, lost);
}

/** The header, and the bytes that hold it; or why it can't be used. */
function readHeader(
  start: Buffer,
  manifest: Manifest,
): { header: SegmentHeader; bytes: Buffer } | AtedbError {
  try {
    const { header, bytes } = parseSegmentHeader(start, manifest.active.segment, 0);
    checkHeader(header, manifest);
    return { header, bytes: start.subarray(0, bytes) };
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return error;
    throw error;
  }
}

/** The chain as it was before an active segment that can't be used: for reading what is before it. */
async function withoutSegment(
  options: OpenChainLogOptions,
  manifest: Manifest,
  timeUnixMs: number,
  cause: AtedbError,
): Promise<RecoveredSegment> {
  const { segment, firstCommit: commit, firstSequence: sequence } = manifest.active;
  const { offset, what } = damageOf(cause) ?? { offset: 0, what: cause.message };
  const last = { ...manifest, closed: manifest.closed.slice(-1) };
  const frontier = await scanClosedSegments(options, last, () => undefined);
  if (frontier === undefined) throw cause;
  return {
    file: undefined,
    index: new SparseIndex({ offset: 0, commit, sequence }),
    firstFrontier: frontier,
    place: { commit, sequence, timeUnixMs, frontier },
    leaves: [],
    heads: [],
    hash: createHash('sha256'),
    hasFooter: false,
    trouble: {
      what: `${cause.message}. What can't be read: commits from ${commit} on, sequences from ${sequence} on`,
      damage: {
        file: segmentName(segment),
        offset,
        what,
        firstSequence: sequence,
        lastSequence: undefined,
      },
    },
  };
}

async function recoverSegment(
  options: OpenChainLogOptions,
  { header, bytes: headerBytes }: { header: SegmentHeader; bytes: Buffer },
  state: { timeUnixMs: number; mayWrite: boolean; file: StorageFile; trouble: Trouble | undefined },
): Promise<RecoveredSegment> {
  const { file } = state;
  const { segment } = header;
  const hash = createHash('sha256').update(headerBytes);
  const index = new SparseIndex({
    offset: headerBytes.length,
    commit: header.firstCommit,
    sequence: header.firstSequence,
  });
  const leaves: Buffer[] = [];
  const heads: { size: number; root: Buffer }[] = [];
  const firstFrontier = Frontier.from(header.firstCommit, header.frontier);
  const scan = await scanSegment({
    file,
    fileName: segmentName(segment),
    fileBytes: await file.size(),
    start: headerBytes.length,
    // A chain's folder appears with its first batch in it.
    durableAtLeast: headerBytes.length + (segment === 0 ? 1 : 0),
    place: {
      commit: header.firstCommit,
      sequence: header.firstSequence,
      timeUnixMs: state.timeUnixMs,
      frontier: firstFrontier,
    },
    onBatch: ({ run, commit, leaf, stored, end }) => {
      hash.update(stored);
      index.add({ events: commit.events, timeUnixMs: commit.timeUnixMs, endOffset: end });
      leaves.push(leaf);
      if (commit.treeRoot !== undefined) {
        heads.push({ size: commit.commit + 1, root: Buffer.from(commit.treeRoot) });
      }
      options.onBatch(run, commit, segment);
    },
  });
  const mayWrite = state.mayWrite && state.trouble === undefined;
  const damage = await endSegment(options, { segment, scan, file, mayWrite });
  const { place, footer } = scan;
  const trouble = damage ?? state.trouble;
  const hasFooter = footer !== undefined;
  return { file, index, firstFrontier, place, leaves, heads, hash, hasFooter, trouble };
}

function checkHeader(header: SegmentHeader, { chainId, closed, active }: Manifest): void {
  const previous = closed.at(-1);
  const fits =
    header.chainId.equals(chainId) &&
    header.firstCommit === active.firstCommit &&
    header.firstSequence === active.firstSequence &&
    (previous === undefined || header.previousSha256?.equals(previous.originalSha256) === true);
  if (fits) return;
  const what = 'its header is not of the chain or place that the manifest says';
  throw damageError({ file: segmentName(active.segment), offset: 0, what });
}

/** Open for writing, or for reading only where no more is allowed. */
async function openSegmentFile(
  { storage }: OpenChainLogOptions,
  path: string,
  mayWrite: boolean,
): Promise<{ file: StorageFile; trouble: Trouble | undefined }> {
  if (!mayWrite) return { file: await storage.open(path, 'read'), trouble: undefined };
  try {
    return { file: await storage.open(path, 'update'), trouble: undefined };
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) throw error;
    const trouble = {
      what: `its files may not be written to (${errorCode(error)})`,
      damage: undefined,
    };
    return { file: await storage.open(path, 'read'), trouble };
  }
}
