import { type KeysHeader, KeysHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber } from './checked-record.ts';
import { damageError } from './damage.ts';
import { readVarint } from './framing.ts';
import {
  headerTag,
  KeysLayout,
  keyBytes,
  pageEntries,
  pageRows,
  rowKeyBytes,
} from './keys-layout.ts';
import { keysName } from './layout.ts';
import type { StorageFile } from './storage.ts';

export const keysMagic = 0x02594b41;

export const writerBytes = 32;
const filterSaltBytes = 16;
/** Read at once in the hope that it holds the header; of a segment of 64 MiB that takes some 20 KiB. */
const headerGuessBytes = 32_768;

/** Which segment the keys are of: a file that doesn't say the same is of another one. */
export interface KeysOf {
  readonly chainId: Buffer;
  readonly segment: number;
  /** Of the segment's file. */
  readonly generation: number;
  /** Of the segment's file; 32 bytes. */
  readonly sha256: Buffer;
  readonly firstSequence: number;
}

/** Where the bytes of a file of keys come from: a file, or memory. */
export type KeysSource = Pick<StorageFile, 'read' | 'size'>;

/** What a header says, checked. */
export interface KeysHeaderView {
  readonly message: KeysHeader;
  readonly firstKeys: Buffer;
  readonly firstRows: Buffer;
  readonly layout: KeysLayout;
  readonly crc: number;
  /** Where it ends in the file, and the pages begin. */
  readonly end: number;
}

/**
 * Read the header of a file of keys, and check it.
 *
 * @throws AtedbError CHAIN_DAMAGED where the file is anything but the keys of this segment; FORMAT_TOO_NEW.
 */
export async function readKeysHeader(source: KeysSource, of: KeysOf): Promise<KeysHeaderView> {
  const name = keysName(of.segment, of.generation);
  const damaged = (what: string) => damageError({ file: name, offset: 0, what });
  const start = await source.read(0, headerGuessBytes);
  const length = start[0] === headerTag ? readVarint(start, 1, start.length) : undefined;
  if (length === undefined) throw damaged('it does not begin with a header');
  const fileBytes = await source.size();
  const end = length.next + length.value;
  // Before so much is read: what stands there is not checked yet.
  if (end > fileBytes) throw damaged('its header is cut short');
  const record =
    end <= start.length
      ? Buffer.from(start.subarray(length.next, end))
      : await source.read(length.next, length.value);
  const place = { file: name, offset: length.next, magic: keysMagic };
  return parseChecked(KeysHeaderSchema, record, place, (message) => {
    const { writers, firstKeys, filterSalt } = message;
    const isOfSegment =
      toHash(message.chainId, 'its chain id').equals(of.chainId) &&
      message.segment === BigInt(of.segment) &&
      toHash(message.segmentSha256, 'the hash of its segment').equals(of.sha256) &&
      message.firstSequence === BigInt(of.firstSequence);
    if (!isOfSegment) throw new RangeError('it is not of this segment');
    const keys = toNumber(message.keys, 'its number of keys');
    const dataBytes = toNumber(message.dataBytes, 'its bytes of data');
    if (toNumber(message.keptBytes, 'its bytes that were kept') > dataBytes) {
      throw new RangeError('it keeps more than it has');
    }
    const { rows, parents, firstRows } = placesOf(message);
    const isWhole =
      filterSalt.length === filterSaltBytes &&
      firstKeys.length === Math.ceil(keys / pageEntries) * keyBytes &&
      firstRows.length === Math.ceil(rows / pageRows) * rowKeyBytes &&
      writers.every((writer) => writer.length === writerBytes);
    if (!isWhole) throw new RangeError('its header contradicts itself');
    const layout = new KeysLayout({ keys, rows, parents }, Buffer.from(filterSalt));
    if (fileBytes !== end + layout.bytes) throw new RangeError('it is not as long as it says');
    const crc = record.readUInt32LE(record.length - 4);
    return { message, firstKeys: Buffer.from(firstKeys), firstRows, layout, crc, end };
  });
}

/** What a header says of rows. @throws RangeError where that contradicts itself. */
function placesOf({ places }: KeysHeader) {
  if (places === undefined) return { rows: 0, parents: 0, firstRows: Buffer.alloc(0) };
  const rows = toNumber(places.rows, 'its number of rows');
  const parents = toNumber(places.parents, 'its number of parents');
  const moves = toNumber(places.moves, 'its number of moves');
  const isWhole = rows > 0 && parents > 0 && parents <= rows && moves <= rows;
  if (!isWhole) throw new RangeError('its header contradicts itself');
  return { rows, parents, firstRows: Buffer.from(places.firstRows) };
}
