import { create, toBinary } from '@bufbuild/protobuf';
import { type Manifest as ManifestMessage, ManifestSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { manifestName } from './layout.ts';

const manifestMagic = 0x01464d41;

/** A segment that is closed: its file never changes again. */
export interface ClosedSegment {
  readonly segment: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** Size of the file, its footer included. */
  readonly bytes: number;
  /** Of the file; 32 bytes. */
  readonly sha256: Buffer;
}

/** The segment that is written to. */
export type ActiveSegment = Pick<ClosedSegment, 'segment' | 'firstCommit' | 'firstSequence'>;

/** Which files make up a chain. */
export interface Manifest {
  /** 32 bytes. */
  readonly chainId: Buffer;
  /** In order, without a gap in their numbers. */
  readonly closed: readonly ClosedSegment[];
  readonly active: ActiveSegment;
}

/** Serialise a manifest: the bytes of the file. */
export function encodeManifest({ chainId, closed, active }: Manifest): Buffer {
  const place = ({ segment, firstCommit, firstSequence }: ActiveSegment) => ({
    segment: BigInt(segment),
    firstCommit: BigInt(firstCommit),
    firstSequence: BigInt(firstSequence),
  });
  const segments = [
    ...closed.map((entry) => ({
      ...place(entry),
      bytes: BigInt(entry.bytes),
      sha256: entry.sha256,
    })),
    place(active),
  ];
  const snapshot = BigInt(active.segment);
  const message = create(ManifestSchema, { magic: manifestMagic, chainId, segments, snapshot });
  return withCrc(toBinary(ManifestSchema, message));
}

/**
 * Read a manifest file.
 *
 * @throws AtedbError FORMAT_TOO_NEW, CHAIN_DAMAGED.
 */
export function parseManifest(bytes: Buffer): Manifest {
  const place = { file: manifestName, offset: 0, magic: manifestMagic };
  return parseChecked(ManifestSchema, bytes, place, fromMessage);
}

function fromMessage(message: ManifestMessage): Manifest {
  const chainId = toHash(message.chainId, 'its chain id');
  const entries = message.segments.map((entry) => ({
    segment: toNumber(entry.segment, 'a segment number'),
    firstCommit: toNumber(entry.firstCommit, 'a commit number'),
    firstSequence: toNumber(entry.firstSequence, 'a sequence'),
    bytes: toNumber(entry.bytes, 'a size'),
    sha256: Buffer.from(entry.sha256),
  }));
  const last = entries.pop();
  if (last === undefined) throw new RangeError('it names no segment');
  if (last.bytes !== 0 || last.sha256.length !== 0) {
    throw new RangeError('its last segment is not the active one');
  }
  const { segment, firstCommit, firstSequence } = last;
  const active = { segment, firstCommit, firstSequence };
  if (message.snapshot !== BigInt(segment)) {
    throw new RangeError("its snapshot is not the active segment's");
  }
  let previous: ActiveSegment | undefined;
  for (const entry of [...entries, active]) {
    if (previous !== undefined) checkFollows(previous, entry);
    previous = entry;
  }
  for (const entry of entries) {
    if (entry.bytes === 0 || entry.sha256.length !== 32) {
      throw new RangeError(`it lacks size or hash of segment ${entry.segment}`);
    }
  }
  return { chainId, closed: entries, active };
}

function checkFollows(previous: ActiveSegment, next: ActiveSegment): void {
  const follows =
    next.segment === previous.segment + 1 &&
    next.firstCommit > previous.firstCommit &&
    next.firstSequence > previous.firstSequence;
  if (!follows) {
    throw new RangeError(`segment ${next.segment} does not follow segment ${previous.segment}`);
  }
}
