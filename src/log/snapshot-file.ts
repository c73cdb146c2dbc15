import { crc32 } from 'node:zlib';
import { toBinary } from '@bufbuild/protobuf';
import { type StateSnapshot, StateSnapshotSchema } from '../../gen/atedb/v1/log_pb.js';
import { FieldCursor, frameHead } from '../bytes/index.ts';
import { crcField, parseChecked, toHash, toNumber } from './checked-record.ts';
import { snapshotName } from './layout.ts';
import { Pace } from './pace.ts';

const snapshotMagic = 0x01535341;
/** Of StateSnapshot: the last field before the CRC. */
const authorityField = 8;

/** An owner's state, as it is taken for a snapshot. */
export interface TakenState {
  /** All of it but `authority`. */
  readonly snapshot: StateSnapshot;
  /**
   * The pieces of that message, which has an object for each of the chain's: so it is never taken apart, nor made, by the stubs.
   * Absent: there is none.
   */
  readonly authority?: Promise<readonly Buffer[]>;
}

/** An owner's state, as a snapshot has it. */
export interface StoredState {
  /** All of it but `authority`. */
  readonly snapshot: StateSnapshot;
  /** The bytes of that message, whose form was not looked at; undefined where there is none. */
  readonly authority: Buffer | undefined;
}

/** What the log itself knows of the state before a segment's first commit. */
export interface SnapshotPlace {
  readonly chainId: Buffer;
  readonly nextCommit: number;
  readonly nextSequence: number;
  readonly timeUnixMs: number;
}

/**
 * Serialise a snapshot: the pieces of the file. What the log knows itself replaces what the owner may have said. Takes its time in
 * small pieces.
 */
export async function encodeSnapshot(
  { snapshot, authority }: TakenState,
  place: SnapshotPlace,
): Promise<readonly Buffer[]> {
  const { crc32: _, authority: __, ...content } = snapshot;
  const body = toBinary(StateSnapshotSchema, {
    ...content,
    magic: snapshotMagic,
    chainId: place.chainId,
    nextCommit: BigInt(place.nextCommit),
    nextSequence: BigInt(place.nextSequence),
    timeUnixMs: BigInt(place.timeUnixMs),
  });
  const pieces: Buffer[] = [Buffer.from(body.buffer, body.byteOffset, body.length)];
  if (authority !== undefined) {
    const held = await authority;
    const bytes = held.reduce((sum, { length }) => sum + length, 0);
    pieces.push(frameHead(authorityField, bytes), ...held);
  }
  const pace = new Pace();
  let crc = 0;
  for (const piece of pieces) {
    crc = crc32(piece, crc);
    if (pace.isDue) await pace.rest();
  }
  return [...pieces, crcField(crc)];
}

/**
 * Read the snapshot that a segment starts from.
 *
 * @throws AtedbError FORMAT_TOO_NEW, CHAIN_DAMAGED.
 */
export function parseSnapshot(
  bytes: Buffer,
  of: { chainId: Buffer; segment: number; firstCommit: number; firstSequence: number },
): StoredState & { readonly timeUnixMs: number } {
  let authority: Buffer | undefined;
  const place = {
    file: snapshotName(of.segment),
    offset: 0,
    magic: snapshotMagic,
    message: (record: Buffer) => {
      const parts = withoutAuthority(record);
      authority = parts.authority;
      return parts.rest;
    },
  };
  return parseChecked(StateSnapshotSchema, bytes, place, (snapshot) => {
    if (snapshot.authority !== undefined) throw new RangeError('it is not in the strict form');
    const fits =
      toHash(snapshot.chainId, 'its chain id').equals(of.chainId) &&
      snapshot.nextCommit === BigInt(of.firstCommit) &&
      snapshot.nextSequence === BigInt(of.firstSequence);
    if (!fits) throw new RangeError('it is not of the segment that it is named after');
    return { snapshot, authority, timeUnixMs: toNumber(snapshot.timeUnixMs, 'its time') };
  });
}

/** Take the authority out of the bytes of a snapshot. One that isn't where it belongs, or a second one, stays in them. */
function withoutAuthority(record: Buffer): { rest: Buffer; authority: Buffer | undefined } {
  const cursor = new FieldCursor(record);
  while (cursor.next()) {
    if (cursor.field < authorityField) continue;
    if (cursor.field > authorityField) break;
    const { tagStart, end } = cursor;
    const authority = cursor.bytesValue();
    const rest = Buffer.concat([record.subarray(0, tagStart), record.subarray(end)]);
    return { rest, authority };
  }
  return { rest: record, authority: undefined };
}
