import { create, toBinary } from '@bufbuild/protobuf';
import {
  type SegmentHeader as SegmentHeaderMessage,
  SegmentHeaderSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { encodeVarint } from '../bytes/index.ts';
import { crcBytes, parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { damageError } from './damage.ts';
import { readVarint } from './framing.ts';
import { segmentName } from './layout.ts';

const headerMagic = 0x01475341;

/** LogSegment.header: field 4, length-delimited. */
export const headerTag = 0x22;

/** More than a header can take: its frontier has at most 53 hashes. */
export const headerBytesMax = 4096;

/** At most what the header of a segment takes that begins with this commit. */
export function headerBytesAt(firstCommit: number): number {
  return 200 + 34 * bitsSet(firstCommit);
}

/** The start of a segment file. */
export interface SegmentHeader {
  readonly chainId: Buffer;
  readonly segment: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** Hashes of the perfect subtrees that make up the tree of all commits before, largest first. */
  readonly frontier: readonly Buffer[];
  /** SHA-256 of the previous segment's file of generation 0; undefined in segment 0. */
  readonly previousSha256: Buffer | undefined;
  /** What the file was rewritten from; undefined in generation 0. */
  readonly rewritten: { readonly generation: number; readonly originalSha256: Buffer } | undefined;
}

/** Serialise a header: the first bytes of the file. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const message = create(SegmentHeaderSchema, {
    magic: headerMagic,
    chainId: header.chainId,
    segment: BigInt(header.segment),
    firstCommit: BigInt(header.firstCommit),
    firstSequence: BigInt(header.firstSequence),
    frontier: [...header.frontier],
    previousSha256: header.previousSha256 ?? new Uint8Array(),
    generation: BigInt(header.rewritten?.generation ?? 0),
    originalSha256: header.rewritten?.originalSha256 ?? new Uint8Array(),
  });
  const body = toBinary(SegmentHeaderSchema, message);
  const before = Buffer.concat([Buffer.of(headerTag), encodeVarint(body.length + crcBytes)]);
  return Buffer.concat([before, withCrc(body, before)]);
}

/**
 * Read the header that a segment file begins with.
 *
 * @param start the file's first bytes: `headerBytesMax` of them, or all.
 * @param generation of the file.
 * @returns the header, and the offset at which the first batch begins.
 * @throws AtedbError FORMAT_TOO_NEW, CHAIN_DAMAGED.
 */
export function parseSegmentHeader(
  start: Buffer,
  segment: number,
  generation: number,
): { header: SegmentHeader; bytes: number } {
  const file = segmentName(segment, generation);
  const damaged = (what: string): Error => damageError({ file, offset: 0, what });
  const length = start[0] === headerTag ? readVarint(start, 1, start.length) : undefined;
  if (length === undefined) throw damaged('it does not begin with a segment header');
  const end = length.next + length.value;
  if (end > start.length) throw damaged('its header is cut short');
  const before = start.subarray(0, length.next);
  const place = { file, offset: 0, magic: headerMagic, before };
  const record = start.subarray(length.next, end);
  const header = parseChecked(SegmentHeaderSchema, record, place, fromMessage);
  if (header.segment !== segment) throw damaged(`it is the file of segment ${header.segment}`);
  const found = header.rewritten?.generation ?? 0;
  if (found !== generation) throw damaged(`it is the file of generation ${found}`);
  return { header, bytes: end };
}

function fromMessage(message: SegmentHeaderMessage): SegmentHeader {
  const header: SegmentHeader = {
    chainId: toHash(message.chainId, 'its chain id'),
    segment: toNumber(message.segment, 'its number'),
    firstCommit: toNumber(message.firstCommit, 'its first commit'),
    firstSequence: toNumber(message.firstSequence, 'its first sequence'),
    frontier: message.frontier.map((hash) => toHash(hash, 'a hash of its frontier')),
    previousSha256:
      message.previousSha256.length === 0
        ? undefined
        : toHash(message.previousSha256, 'the hash of the segment before it'),
    rewritten: rewrittenOf(message),
  };
  if (header.frontier.length !== bitsSet(header.firstCommit)) {
    throw new RangeError('its frontier does not fit its first commit');
  }
  if ((header.previousSha256 === undefined) !== (header.segment === 0)) {
    throw new RangeError('the hash of the segment before it does not fit its number');
  }
  return header;
}

function rewrittenOf({ generation, originalSha256 }: SegmentHeaderMessage) {
  if (generation === 0n && originalSha256.length === 0) return undefined;
  if (generation === 0n) throw new RangeError('it was rewritten from a file, and never');
  return {
    generation: toNumber(generation, 'its generation'),
    originalSha256: toHash(originalSha256, 'the hash of the file that it was'),
  };
}

/** How many bits of a number are set: as many perfect subtrees make up a tree of that size. */
export function bitsSet(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
