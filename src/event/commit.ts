import { crc32 } from 'node:zlib';
import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { leafHash } from '../crypto/index.ts';
import { commitForm, commitHeaderForm, magics } from './forms.ts';

/** The field that a commit is of a LogSegment. */
export const commitField = 3;

/** What the server seals in accepting a batch. */
export interface CommitHeader {
  readonly commit: number;
  readonly firstSequence: number;
  /** Number of events. */
  readonly events: number;
  /** The server's clock: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  /** 32 bytes. */
  readonly sealHash: Buffer;
}

/** A commit, taken apart without copying. */
export interface CommitView extends CommitHeader {
  readonly headerBytes: Buffer;
  readonly treeRoot: Buffer | undefined;
  /** Size of the run before it. */
  readonly batchBytes: number;
  readonly durableOffset: number;
  readonly crc32: number;
}

/** Serialise a commit header: the bytes are a leaf of the chain's tree. */
export function encodeCommitHeader(header: CommitHeader): Buffer {
  return new FieldWriter(96)
    .fixed32(1, magics.commit)
    .varint(2, header.commit)
    .varint(3, header.firstSequence)
    .varint(4, header.events)
    .varint(5, header.timeUnixMs)
    .bytes(6, header.sealHash)
    .finish();
}

/** The leaf of the chain's tree that a commit header is. */
export function commitLeaf(headerBytes: Buffer): Buffer {
  return leafHash(headerBytes);
}

/** Size of the storage field that ends a commit: tag and fixed32. */
const crcFieldBytes = 5;

/**
 * Serialise a commit with its tag and length, to be stored right behind its run. Its CRC-32 covers the run and the
 * commit up to the CRC's own tag.
 */
export function encodeCommit(options: {
  /** With the gap before it, if there is one. */
  readonly run: Buffer;
  readonly header: Buffer;
  readonly treeRoot: Buffer | undefined;
  /** Bytes of the file known durable now. */
  readonly durableOffset: number;
}): Buffer {
  const body = new FieldWriter(192)
    .bytes(1, options.header)
    .bytes(2, options.treeRoot)
    .fixed32(13, options.run.length)
    .fixed64(14, options.durableOffset)
    .fixed32Always(15, 0)
    .finish();
  const framed = new FieldWriter(200).message(commitField, body).finish();
  const covered = framed.subarray(0, framed.length - crcFieldBytes);
  framed.writeUInt32LE(crc32(covered, crc32(options.run)), framed.length - 4);
  return framed;
}

/**
 * Whether the CRC of a stored commit fits the bytes that it covers.
 *
 * @param stored the run and its framed commit, as they lie in the file.
 */
export function commitCrcFits(stored: Buffer): boolean {
  return (
    crc32(stored.subarray(0, stored.length - crcFieldBytes)) ===
    stored.readUInt32LE(stored.length - 4)
  );
}

/**
 * Take a Commit message apart, without its tag and length.
 *
 * @throws AtedbError NON_CANONICAL.
 */
export function parseCommit(bytes: Buffer): CommitView {
  checkStrict(commitForm, bytes);
  const cursor = new FieldCursor(bytes);
  let headerBytes = Buffer.alloc(0) as Buffer;
  let treeRoot: Buffer | undefined;
  let batchBytes = 0;
  let durableOffset = 0;
  let crc = 0;
  while (cursor.next()) {
    if (cursor.field === 1) headerBytes = cursor.bytesValue();
    else if (cursor.field === 2) treeRoot = cursor.bytesValue();
    else if (cursor.field === 13) batchBytes = cursor.value;
    else if (cursor.field === 14) durableOffset = cursor.value;
    else crc = cursor.value;
  }
  return {
    ...parseCommitHeader(headerBytes),
    headerBytes,
    treeRoot,
    batchBytes,
    durableOffset,
    crc32: crc,
  };
}

/**
 * Read a commit header.
 *
 * @throws AtedbError NON_CANONICAL.
 */
export function parseCommitHeader(bytes: Buffer): CommitHeader {
  checkStrict(commitHeaderForm, bytes);
  const cursor = new FieldCursor(bytes);
  const numbers = [0, 0, 0, 0, 0, 0];
  let sealHash = Buffer.alloc(0) as Buffer;
  while (cursor.next()) {
    if (cursor.field === 6) sealHash = cursor.bytesValue();
    else numbers[cursor.field] = cursor.value;
  }
  const [, , commit = 0, firstSequence = 0, events = 0, timeUnixMs = 0] = numbers;
  if (firstSequence + events > Number.MAX_SAFE_INTEGER) {
    throw new AtedbError('NON_CANONICAL', 'a commit header counts beyond 2^53 - 1');
  }
  return { commit, firstSequence, events, timeUnixMs, sealHash };
}
