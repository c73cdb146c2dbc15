import { crc32 } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { type KeysHeader, KeysHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { encodeVarint, type KeyTable } from '../bytes/index.ts';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { damageError } from './damage.ts';
import { readVarint } from './framing.ts';
import { KeyFilter } from './key-filter.ts';
import { keysName } from './layout.ts';
import type { StorageFile } from './storage.ts';

// The file `keys-N`: a header with what is needed to find a page, then the pages; see SegmentKeys in log.proto.

const keysMagic = 0x01594b41;
const headerTag = 0x0a;
const pageTag = 0x12;
const keyBytes = 16;
const entryBytes = 28;
/** Entries of a page: with its tag, length and checksum it fits into 4,096 bytes. */
const pageEntries = 145;
const crcBytes = 4;
/** Tag and length of a full page; of the last one, which may be small, the length may take one byte. */
const pageHeadBytes = 3;
const writerBytes = 32;

/** Which segment the keys are of: a file that doesn't say the same is of another one. */
export interface KeysOf {
  readonly chainId: Buffer;
  readonly segment: number;
  readonly firstSequence: number;
  readonly nextSequence: number;
}

/** What a closed segment says of one key. Sequences are those of the chain. */
export interface ClosedKey {
  readonly newest: number;
  /** Id of the writer of that: 32 bytes. */
  readonly writerId: Buffer;
  /** Sequence after the newest event of any other writer in this segment; 0 for none. */
  readonly endOfOthers: number;
}

/**
 * Serialise the keys of a segment.
 *
 * @param writers ids by the numbers that the table has for them: 32 bytes each.
 */
export function encodeKeys(table: KeyTable, writers: readonly Buffer[], of: KeysOf): Buffer {
  const entries = table.sorted();
  const filter = KeyFilter.forKeys(table.size);
  const pages: Buffer[] = [];
  const firstKeys = Buffer.alloc(Math.ceil(entries.length / pageEntries) * keyBytes);
  for (let first = 0; first < entries.length; first += pageEntries) {
    const page = encodePage(table, entries.subarray(first, first + pageEntries), of, filter);
    page.copy(firstKeys, (first / pageEntries) * keyBytes, 0, keyBytes);
    pages.push(Buffer.concat([pageHead(page.length), page]));
  }
  const header = withCrc(
    toBinary(
      KeysHeaderSchema,
      create(KeysHeaderSchema, {
        magic: keysMagic,
        chainId: of.chainId,
        segment: BigInt(of.segment),
        firstSequence: BigInt(of.firstSequence),
        nextSequence: BigInt(of.nextSequence),
        keys: BigInt(table.size),
        writers: [...writers],
        firstKeys,
        filter: filter.bytes,
      }),
    ),
  );
  return Buffer.concat([Buffer.of(headerTag), encodeVarint(header.length), header, ...pages]);
}

function encodePage(
  table: KeyTable,
  entries: Uint32Array,
  { firstSequence }: KeysOf,
  filter: KeyFilter,
): Buffer {
  const page = Buffer.alloc(entries.length * entryBytes + crcBytes);
  entries.forEach((entry, index) => {
    const at = index * entryBytes;
    const { newest, writer, endOfOthers } = table.recordAt(entry);
    table.copyKey(entry, page, at);
    page.writeUInt32LE(newest - firstSequence, at + 16);
    page.writeUInt32LE(writer, at + 20);
    page.writeUInt32LE(endOfOthers === 0 ? 0 : endOfOthers - firstSequence, at + 24);
    filter.add(page.subarray(at, at + keyBytes));
  });
  page.writeUInt32LE(crc32(page.subarray(0, -crcBytes)), page.length - crcBytes);
  return page;
}

function pageHead(bytes: number): Buffer {
  return Buffer.concat([Buffer.of(pageTag), encodeVarint(bytes)]);
}

/** The keys of a closed segment, whose pages are read when they are asked for. */
export class KeysFile {
  readonly #of: KeysOf;
  readonly #header: KeysHeader;
  readonly #filter: KeyFilter;
  /** Where the first page begins in the file. */
  readonly #pagesAt: number;

  private constructor(of: KeysOf, header: KeysHeader, pagesAt: number) {
    this.#of = of;
    this.#header = header;
    this.#filter = new KeyFilter(Buffer.from(header.filter));
    this.#pagesAt = pagesAt;
  }

  /**
   * Read the header of a file, which must be whole.
   *
   * @throws AtedbError CHAIN_DAMAGED where the file is anything but the keys of this segment; FORMAT_TOO_NEW.
   */
  static async open(file: StorageFile, of: KeysOf): Promise<KeysFile> {
    const name = keysName(of.segment);
    const damaged = (what: string) => damageError({ file: name, offset: 0, what });
    const start = await file.read(0, 5);
    const length = start[0] === headerTag ? readVarint(start, 1, start.length) : undefined;
    if (length === undefined) throw damaged('it does not begin with a header');
    const fileBytes = await file.size();
    if (length.next + length.value > fileBytes) throw damaged('its header is cut short');
    const record = await file.read(length.next, length.value);
    const place = { file: name, offset: 0, magic: keysMagic };
    const header = parseChecked(KeysHeaderSchema, record, place, (message) => {
      const keys = toNumber(message.keys, 'its number of keys');
      const fits =
        toHash(message.chainId, 'its chain id').equals(of.chainId) &&
        message.segment === BigInt(of.segment) &&
        message.firstSequence === BigInt(of.firstSequence) &&
        message.nextSequence === BigInt(of.nextSequence) &&
        message.firstKeys.length === Math.ceil(keys / pageEntries) * keyBytes &&
        message.filter.length > 0 &&
        message.writers.every((writer) => writer.length === writerBytes) &&
        fileBytes === length.next + length.value + pagesBytes(keys);
      if (!fits) throw new RangeError('it is not of this segment');
      return message;
    });
    return new KeysFile(of, header, length.next + length.value);
  }

  /** Bytes that this takes in memory. */
  get bytes(): number {
    const { filter, firstKeys, writers } = this.#header;
    return 2 * filter.length + firstKeys.length + writers.length * writerBytes + 256;
  }

  /**
   * Find a key.
   *
   * @param file the file that this was opened from.
   * @throws AtedbError CHAIN_DAMAGED.
   */
  async find(file: StorageFile, key: Buffer): Promise<ClosedKey | undefined> {
    if (!this.#filter.mayHave(key)) return undefined;
    const pageNumber = this.#pageOf(key);
    if (pageNumber < 0) return undefined;
    const page = await this.#readPage(file, pageNumber);
    let low = 0;
    let high = (page.length - crcBytes) / entryBytes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * entryBytes;
      const order = page.compare(key, 0, keyBytes, at, at + keyBytes);
      if (order === 0) return this.#record(page, at);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  #record(page: Buffer, at: number): ClosedKey {
    const { firstSequence } = this.#of;
    const writerId = this.#header.writers[page.readUInt32LE(at + 20)];
    if (writerId === undefined) throw this.#damaged(at, 'an entry is of no writer');
    const end = page.readUInt32LE(at + 24);
    return {
      newest: firstSequence + page.readUInt32LE(at + 16),
      writerId: Buffer.from(writerId),
      endOfOthers: end === 0 ? 0 : firstSequence + end,
    };
  }

  /** The last page whose first key is not above this one; -1 for none. */
  #pageOf(key: Buffer): number {
    const { firstKeys } = this.#header;
    const keys = Buffer.from(firstKeys.buffer, firstKeys.byteOffset, firstKeys.byteLength);
    let low = 0;
    let high = keys.length / keyBytes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * keyBytes;
      if (keys.compare(key, 0, keyBytes, at, at + keyBytes) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  async #readPage(file: StorageFile, number: number): Promise<Buffer> {
    const keys = Number(this.#header.keys);
    const entries = Math.min(pageEntries, keys - number * pageEntries);
    const bytes = entries * entryBytes + crcBytes;
    const at = this.#pagesAt + number * (pageHeadBytes + pageEntries * entryBytes + crcBytes);
    const head = pageHead(bytes);
    const framed = await file.read(at, head.length + bytes);
    const page = framed.subarray(head.length);
    const isWhole =
      page.length === bytes &&
      head.equals(framed.subarray(0, head.length)) &&
      crc32(page.subarray(0, -crcBytes)) === page.readUInt32LE(bytes - crcBytes);
    if (!isWhole) throw this.#damaged(at, 'the checksum of a page does not fit');
    return page;
  }

  #damaged(offset: number, what: string) {
    return damageError({ file: keysName(this.#of.segment), offset, what });
  }
}

/** Bytes of all pages of so many keys. */
function pagesBytes(keys: number): number {
  const full = Math.floor(keys / pageEntries);
  const last = (keys % pageEntries) * entryBytes + crcBytes;
  const lastBytes = keys % pageEntries === 0 ? 0 : pageHead(last).length + last;
  return full * (pageHeadBytes + pageEntries * entryBytes + crcBytes) + lastBytes;
}
