import { commitBytesMax } from '../bytes/index.ts';
import { type CommitView, commitCrcFits, parseCommit } from '../event/index.ts';
import { frameBatch, isFrame, readVarint } from './framing.ts';

/** The fixed-width fields that end a commit: batch size, durable offset, CRC-32, each with its tag. */
const trailer = [
  { tag: 0x6d, fromEnd: 19 },
  { tag: 0x71, fromEnd: 14 },
  { tag: 0x7d, fromEnd: 5 },
];
const batchBytesFromEnd = 18;

/** Whether bytes end as a commit does. Says nothing of what is before. */
export function endsLikeCommit(end: Buffer): boolean {
  return trailer.every(({ tag, fromEnd }) => end[end.length - fromEnd] === tag);
}

/**
 * Find the whole batch that a file ends with, from its end alone: a commit's last fields have a fixed width so that
 * this needs no walk from the start, which a fault may have cut off. Its CRC must fit, so nothing is guessed.
 *
 * @param end the file's last bytes: `gapBytesMax` and `batchBytesMax` of them, or all.
 */
export function findCommitAtEnd(end: Buffer): CommitView | undefined {
  if (!endsLikeCommit(end)) return undefined;
  const batchBytes = end.readUInt32LE(end.length - batchBytesFromEnd);
  const firstTag = Math.max(batchBytes, end.length - commitBytesMax);
  for (let at = firstTag; at <= end.length - 19; at += 1) {
    const length = end[at] === 0x1a ? readVarint(end, at + 1, end.length) : undefined;
    if (length === undefined || length.next + length.value !== end.length) continue;
    const found = frameBatch(end, at - batchBytes);
    if (!isFrame(found) || found.runEnd !== at) continue;
    if (!commitCrcFits(end.subarray(found.start, found.end))) continue;
    return parseCommitOrUndefined(end.subarray(found.commitStart, found.end));
  }
  return undefined;
}

/** A commit taken apart, or undefined where it isn't in the strict form. */
export function parseCommitOrUndefined(bytes: Buffer): CommitView | undefined {
  try {
    return parseCommit(bytes);
  } catch {
    return undefined;
  }
}
