import { create, toBinary } from '@bufbuild/protobuf';
import { SegmentFooterSchema } from '../../gen/atedb/v1/log_pb.js';
import { AtedbError, encodeVarint } from '../bytes/index.ts';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { readVarint } from './framing.ts';

const footerMagic = 0x01544641;

/** LogSegment.footer: field 6, length-delimited. */
export const footerTag = 0x32;

/** More than a footer with its tag can take, which is 73 bytes. */
export const footerBytesMax = 80;

/** The end of a segment file that was closed in good order. */
export interface SegmentFooter {
  /** Where its tag is in the file: everything below is durable. */
  readonly durableOffset: number;
  readonly nextCommit: number;
  readonly nextSequence: number;
  /** Of the tree of all commits before; 32 bytes. */
  readonly treeRoot: Buffer;
}

/** Serialise a footer with its tag. */
export function encodeSegmentFooter(footer: SegmentFooter): Buffer {
  const message = create(SegmentFooterSchema, {
    magic: footerMagic,
    durableOffset: BigInt(footer.durableOffset),
    nextCommit: BigInt(footer.nextCommit),
    nextSequence: BigInt(footer.nextSequence),
    treeRoot: footer.treeRoot,
  });
  const record = withCrc(toBinary(SegmentFooterSchema, message));
  return Buffer.concat([Buffer.of(footerTag), encodeVarint(record.length), record]);
}

/**
 * Find the footer that a file ends with. A footer says at which offset it lies, so nothing else passes for one.
 *
 * @param end the file's last bytes: `footerBytesMax` of them, or all.
 * @returns undefined where there is none, or none that is whole.
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export function findSegmentFooter(
  end: Buffer,
  place: { file: string; fileBytes: number },
): SegmentFooter | undefined {
  const found = footerAtEnd(end, place.file);
  if (found === undefined) return undefined;
  const isThere = found.footer.durableOffset === place.fileBytes - found.bytes;
  return isThere ? found.footer : undefined;
}

/**
 * Find the whole footer that a file ends with, wherever it says that it lies: where that is elsewhere, bytes before it are gone, or too many.
 *
 * @returns also how many bytes it takes, its tag with it.
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export function footerAtEnd(
  end: Buffer,
  file: string,
): { readonly footer: SegmentFooter; readonly bytes: number } | undefined {
  for (let at = Math.max(0, end.length - footerBytesMax); at < end.length; at += 1) {
    if (end[at] !== footerTag) continue;
    const length = readVarint(end, at + 1, end.length);
    if (length === undefined || length.next + length.value !== end.length) continue;
    const footer = parseFooter(end.subarray(length.next), file);
    if (footer !== undefined) return { footer, bytes: end.length - at };
  }
  return undefined;
}

function parseFooter(record: Buffer, file: string): SegmentFooter | undefined {
  try {
    const place = { file, offset: 0, magic: footerMagic };
    return parseChecked(SegmentFooterSchema, record, place, (message) => ({
      durableOffset: toNumber(message.durableOffset, 'its offset'),
      nextCommit: toNumber(message.nextCommit, 'its commit number'),
      nextSequence: toNumber(message.nextSequence, 'its sequence'),
      treeRoot: toHash(message.treeRoot, 'its tree root'),
    }));
  } catch (error) {
    // Not a footer of ours: the caller takes the bytes for what they are.
    if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return undefined;
    throw error;
  }
}
