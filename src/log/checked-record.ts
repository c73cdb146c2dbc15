import { crc32 } from 'node:zlib';
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { AtedbError } from '../bytes/index.ts';
import { damageError } from './damage.ts';

// Headers, footers, manifests, snapshots and indexes: messages that begin with a magic and end with a CRC-32 as field
// 15 (fixed32), over everything before that field's tag.

const magicTag = 0x0d;
const crcTag = 0x7d;
const crcFieldBytes = 5;

/** A message's bytes without its CRC, completed by it. `before` lies before them in the file, and is covered too. */
export function withCrc(body: Uint8Array, before?: Buffer): Buffer {
  const crc = crc32(body, before === undefined ? 0 : crc32(before));
  return Buffer.concat([body, crcField(crc)]);
}

/** The field that completes a message whose bytes have this CRC. */
export function crcField(crc: number): Buffer {
  const field = Buffer.alloc(crcFieldBytes);
  field[0] = crcTag;
  field.writeUInt32LE(crc, 1);
  return field;
}

/** How many bytes `withCrc` adds. */
export const crcBytes = crcFieldBytes;

/** Whether bytes end with a CRC-32 field that fits them. */
export function crcFits(record: Buffer, before?: Buffer): boolean {
  const covered = record.length - crcFieldBytes;
  if (covered < 0 || record[covered] !== crcTag) return false;
  const crc = crc32(record.subarray(0, covered), before === undefined ? 0 : crc32(before));
  return crc === record.readUInt32LE(covered + 1);
}

/** What a record is expected to be, and how to name it in an error. */
export interface RecordPlace {
  readonly file: string;
  /** Where the record starts in the file. */
  readonly offset: number;
  /** The magic as a fixed32: three letters and a version. */
  readonly magic: number;
  /** Bytes of the file that the CRC covers too. */
  readonly before?: Buffer;
  /** What of its bytes is the message to be taken apart, where something large is to be left as it is. Absent: all. */
  readonly message?: (record: Buffer) => Buffer;
}

/**
 * Read a record that `withCrc` completed.
 *
 * @param read takes what is needed out of the message; it throws RangeError for whatever it can't accept.
 * @throws AtedbError FORMAT_TOO_NEW when it is of the right type and a newer version, CHAIN_DAMAGED when it is anything
 *   else than one message in the strict form with the right magic and CRC.
 */
export function parseChecked<Desc extends DescMessage, T>(
  schema: Desc,
  record: Buffer,
  place: RecordPlace,
  read: (message: MessageShape<Desc>) => T,
): T {
  const damaged = (what: string, cause?: unknown): AtedbError =>
    damageError({ file: place.file, offset: place.offset, what }, cause);
  if (record.length < 5 || record[0] !== magicTag) throw damaged('it does not begin with a magic');
  const magic = record.readUInt32LE(1);
  if ((magic & 0xffffff) !== (place.magic & 0xffffff)) {
    throw damaged(`its magic is ${hex(magic)}, where ${hex(place.magic)} was due`);
  }
  // Every version begins with its magic and ends with this CRC, so a flipped bit never looks like a newer version.
  if (!crcFits(record, place.before)) throw damaged('its checksum does not fit');
  if (magic >>> 24 > place.magic >>> 24) throw tooNew(place, magic >>> 24);
  if (magic !== place.magic) throw damaged(`its format version is ${magic >>> 24}`);
  try {
    const bytes = place.message?.(record) ?? record;
    const message = fromBinary(schema, bytes);
    const again = toBinary(schema, message, { writeUnknownFields: false });
    if (!bytes.equals(again)) throw new RangeError('it is not in the strict form');
    return read(message);
  } catch (error) {
    throw damaged(error instanceof RangeError ? error.message : 'it is not a valid message', error);
  }
}

function tooNew(place: RecordPlace, version: number): AtedbError {
  return new AtedbError(
    'FORMAT_TOO_NEW',
    `${place.file} is of format version ${version}, and this atedb knows versions up to ` +
      `${place.magic >>> 24}. Use the atedb that wrote it, or a newer one`,
    { metadata: { file: place.file, version: String(version) } },
  );
}

/** A 64-bit count from a stub, as the number that the rest of this room uses. */
export function toNumber(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${what} is beyond 2^53 - 1`);
  return Number(value);
}

/** A hash from a stub. */
export function toHash(bytes: Uint8Array, what: string): Buffer {
  if (bytes.length !== 32) throw new RangeError(`${what} is not 32 bytes`);
  return Buffer.from(bytes);
}

const hex = (magic: number): string => `0x${magic.toString(16).padStart(8, '0')}`;
