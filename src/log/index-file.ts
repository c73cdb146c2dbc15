import { create, toBinary } from '@bufbuild/protobuf';
import {
  type SegmentIndex as SegmentIndexMessage,
  SegmentIndexSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { indexName } from './layout.ts';
import type { SegmentSpan } from './segment-span.ts';
import { SparseIndex } from './sparse-index.ts';

const indexMagic = 0x01584941;

/** Serialise the index of a closed segment: the bytes of the file. */
export function encodeIndex(index: SparseIndex, of: { chainId: Buffer; segment: number }): Buffer {
  const message = create(SegmentIndexSchema, {
    magic: indexMagic,
    chainId: of.chainId,
    segment: BigInt(of.segment),
    endOffset: BigInt(index.end.offset),
    offsets: deltas(index.column('offset')),
    commits: deltas(index.column('commit')),
    sequences: deltas(index.column('sequence')),
    timesUnixMs: deltas(index.column('timeUnixMs')),
  });
  return withCrc(toBinary(SegmentIndexSchema, message));
}

/**
 * Read an index file.
 *
 * @throws AtedbError FORMAT_TOO_NEW, CHAIN_DAMAGED.
 */
export function parseIndex(bytes: Buffer, of: SegmentSpan): SparseIndex {
  const place = { file: indexName(of.segment, of.generation), offset: 0, magic: indexMagic };
  return parseChecked(SegmentIndexSchema, bytes, place, (message) => fromMessage(message, of));
}

function fromMessage(message: SegmentIndexMessage, of: SegmentSpan): SparseIndex {
  const offsets = sums(message.offsets);
  const commits = sums(message.commits);
  const sequences = sums(message.sequences);
  const times = sums(message.timesUnixMs);
  const endOffset = toNumber(message.endOffset, 'its end');
  const fits =
    toHash(message.chainId, 'its chain id').equals(of.chainId) &&
    message.segment === BigInt(of.segment) &&
    commits[0] === of.firstCommit &&
    sequences[0] === of.firstSequence &&
    (offsets.at(-1) ?? endOffset) < endOffset &&
    [commits, sequences, times].every((column) => column.length === offsets.length);
  if (!fits) throw new RangeError('it is not of this segment');
  const index = new SparseIndex({ offset: 0, commit: 0, sequence: 0 });
  offsets.forEach((offset, at) => {
    index.addEntry({
      offset,
      commit: commits[at] as number,
      sequence: sequences[at] as number,
      timeUnixMs: times[at] as number,
    });
  });
  index.setEnd({ offset: endOffset, commit: of.nextCommit, sequence: of.nextSequence });
  return index;
}

function deltas(values: readonly number[]): bigint[] {
  return values.map((value, index) => BigInt(value - (values[index - 1] ?? 0)));
}

function sums(values: readonly bigint[]): number[] {
  let sum = 0n;
  return values.map((value) => {
    sum += value;
    return toNumber(sum, 'a value in it');
  });
}
