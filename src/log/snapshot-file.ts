import { toBinary } from '@bufbuild/protobuf';
import { type StateSnapshot, StateSnapshotSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { snapshotName } from './layout.ts';

const snapshotMagic = 0x01535341;

/** What the log itself knows of the state before a segment's first commit. */
export interface SnapshotPlace {
  readonly chainId: Buffer;
  readonly nextCommit: number;
  readonly nextSequence: number;
  readonly timeUnixMs: number;
}

/** Serialise a snapshot: the bytes of the file. What the log knows itself replaces what the owner may have said. */
export function encodeSnapshot(snapshot: StateSnapshot, place: SnapshotPlace): Buffer {
  const { crc32: _, ...content } = snapshot;
  const body = toBinary(StateSnapshotSchema, {
    ...content,
    magic: snapshotMagic,
    chainId: place.chainId,
    nextCommit: BigInt(place.nextCommit),
    nextSequence: BigInt(place.nextSequence),
    timeUnixMs: BigInt(place.timeUnixMs),
  });
  return withCrc(body);
}

/**
 * Read the snapshot that a segment starts from.
 *
 * @throws AtedbError FORMAT_TOO_NEW, CHAIN_DAMAGED.
 */
export function parseSnapshot(
  bytes: Buffer,
  of: { chainId: Buffer; segment: number; firstCommit: number; firstSequence: number },
): { snapshot: StateSnapshot; timeUnixMs: number } {
  const place = { file: snapshotName(of.segment), offset: 0, magic: snapshotMagic };
  return parseChecked(StateSnapshotSchema, bytes, place, (snapshot) => {
    const fits =
      toHash(snapshot.chainId, 'its chain id').equals(of.chainId) &&
      snapshot.nextCommit === BigInt(of.firstCommit) &&
      snapshot.nextSequence === BigInt(of.firstSequence);
    if (!fits) throw new RangeError('it is not of the segment that it is named after');
    return { snapshot, timeUnixMs: toNumber(snapshot.timeUnixMs, 'its time') };
  });
}
