import { create, toBinary } from '@bufbuild/protobuf';
import { type Manifest as ManifestMessage, ManifestSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { manifestName } from './layout.ts';

const manifestMagic = 0x01464d41;

/** A segment that is closed: its file never changes again, and another may take its place. */
export interface ClosedSegment {
  readonly segment: number;
  /** How often it was rewritten. */
  readonly generation: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** Size of the file, its footer included. */
  readonly bytes: number;
  /** Of the file; 32 bytes. */
  readonly sha256: Buffer;
  /** Of the file of generation 0, which the header of the next segment names; 32 bytes. */
  readonly originalSha256: Buffer;
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
  /** The last compaction; undefined where there was none. */
  readonly compacted: LastCompaction | undefined;
  /** The snapshot that was carried out last. Absent: none was. */
  readonly forgotten?: LastSnapshot | undefined;
}

/** The snapshot under which the closed segments were rewritten last. */
export interface LastSnapshot {
  /** Sequence of its event. */
  readonly snapshot: number;
  /** Sequence of the first event that isn't in the commits that it is about. */
  readonly before: number;
}

/** What is remembered of a compaction: what the next one is due by. */
export interface LastCompaction {
  /** Of all segments, when it had ended. */
  readonly bytes: number;
  /** The server's clock then: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** Serialise a manifest: the bytes of the file. */
export function encodeManifest(manifest: Manifest): Buffer {
  const { chainId, closed, active, compacted, forgotten } = manifest;
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
      generation: BigInt(entry.generation),
      originalSha256: entry.generation === 0 ? new Uint8Array() : entry.originalSha256,
    })),
    place(active),
  ];
  const snapshot = BigInt(active.segment);
  const message = create(ManifestSchema, {
    magic: manifestMagic,
    chainId,
    segments,
    snapshot,
    compactedBytes: BigInt(compacted?.bytes ?? 0),
    compactedUnixMs: BigInt(compacted?.timeUnixMs ?? 0),
    snapshotDone: BigInt(forgotten?.snapshot ?? 0),
    forgottenBefore: BigInt(forgotten?.before ?? 0),
  });
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
    generation: toNumber(entry.generation, 'a generation'),
    originalSha256: Buffer.from(entry.generation === 0n ? entry.sha256 : entry.originalSha256),
    hasOriginal: entry.originalSha256.length > 0,
  }));
  const last = entries.pop();
  if (last === undefined) throw new RangeError('it names no segment');
  const isRewritten = last.generation > 0 || last.hasOriginal;
  if (last.bytes !== 0 || last.sha256.length !== 0 || isRewritten) {
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
    if (entry.bytes === 0 || entry.sha256.length !== 32 || entry.originalSha256.length !== 32) {
      throw new RangeError(`it lacks size or hash of segment ${entry.segment}`);
    }
    if (entry.hasOriginal !== entry.generation > 0) {
      throw new RangeError(`what segment ${entry.segment} was is not as its generation has it`);
    }
  }
  const closed = entries.map(({ hasOriginal: _, ...entry }): ClosedSegment => entry);
  const compacted = compactedOf(message);
  return { chainId, closed, active, compacted, forgotten: forgottenOf(message) };
}

function forgottenOf({ snapshotDone, forgottenBefore }: ManifestMessage): LastSnapshot | undefined {
  if (snapshotDone === 0n && forgottenBefore === 0n) return undefined;
  const snapshot = toNumber(snapshotDone, 'the sequence of a snapshot');
  const before = toNumber(forgottenBefore, 'what a snapshot is about');
  if (before === 0 || before > snapshot) {
    throw new RangeError('what it says of a snapshot contradicts itself');
  }
  return { snapshot, before };
}

function compactedOf({ compactedBytes, compactedUnixMs }: ManifestMessage) {
  if (compactedUnixMs === 0n && compactedBytes === 0n) return undefined;
  if (compactedUnixMs === 0n) throw new RangeError('it says of a compaction only what it left');
  const bytes = toNumber(compactedBytes, 'the size after a compaction');
  return { bytes, timeUnixMs: toNumber(compactedUnixMs, 'the time of a compaction') };
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
