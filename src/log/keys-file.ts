import { type KeysHeader, KeysHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber } from './checked-record.ts';
import { damageError } from './damage.ts';
import { readVarint } from './framing.ts';
import {
  entryBytes,
  headerTag,
  KeysLayout,
  keyBytes,
  newestAt,
  openPage,
  othersAt,
  type PagePlace,
  pageEntries,
  writerAt,
} from './keys-layout.ts';
import { keysName } from './layout.ts';
import type { StorageFile } from './storage.ts';

export const keysMagic = 0x01594b41;

const writerBytes = 32;
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

/** What a closed segment says of one key. Sequences are those of the chain. */
export interface ClosedKey {
  readonly newest: number;
  /** Id of the writer of that: 32 bytes. */
  readonly writerId: Buffer;
  /** Sequence after the newest event of any other writer in this segment; 0 for none. */
  readonly endOfOthers: number;
}

/** Where the bytes of a file of keys come from: a file, or memory. */
export type KeysSource = Pick<StorageFile, 'read' | 'size'>;

/** Gives a source for as long as it is used. */
export type UseKeysSource = <T>(use: (source: KeysSource) => Promise<T>) => Promise<T>;

/** What a header says, checked. */
interface Header {
  readonly message: KeysHeader;
  readonly firstKeys: Buffer;
  readonly layout: KeysLayout;
  readonly crc: number;
  /** Where it ends in the file, and the pages begin. */
  readonly end: number;
}

/**
 * The keys of a closed segment. The header is in memory, and of the filter those pages that were needed; entries are read
 * when they are asked for.
 */
export class KeysFile {
  readonly #of: KeysOf;
  readonly #use: UseKeysSource;
  readonly #header: Header;
  readonly #filterPages = new Map<number, Buffer>();
  /** What it takes beside its header and filter, where it has all bytes in memory. */
  readonly #heldBytes: number;

  private constructor(of: KeysOf, use: UseKeysSource, header: Header, heldBytes: number) {
    this.#of = of;
    this.#use = use;
    this.#header = header;
    this.#heldBytes = heldBytes;
  }

  /**
   * Open a file by its header, which must be whole.
   *
   * @param heldBytes memory that the source itself takes.
   * @throws AtedbError CHAIN_DAMAGED where the file is anything but the keys of this segment; FORMAT_TOO_NEW.
   */
  static async open(use: UseKeysSource, of: KeysOf, heldBytes = 0): Promise<KeysFile> {
    return new KeysFile(of, use, await use((source) => readHeader(source, of)), heldBytes);
  }

  /** Whether this is the file of that very segment. */
  isOf(of: KeysOf): boolean {
    return this.#of.sha256.equals(of.sha256) && this.#of.chainId.equals(of.chainId);
  }

  /** What its events have of data and salt, and what of it a compaction has left although it was superseded. In bytes. */
  get dataBytes(): { readonly all: number; readonly kept: number } {
    const { dataBytes, keptBytes } = this.#header.message;
    return { all: Number(dataBytes), kept: Number(keptBytes) };
  }

  /** Pages of entries. */
  get entryPages(): number {
    return this.#header.layout.entryPages;
  }

  /**
   * Read some pages of entries, one after the other: the bytes of their entries.
   *
   * @throws AtedbError CHAIN_DAMAGED where one isn't whole.
   */
  async readEntries(first: number, count: number): Promise<Buffer> {
    const { layout, end, crc } = this.#header;
    const last = layout.entryPage(first + count - 1);
    const start = layout.entryPage(first).frameAt;
    const bytes = await this.#use((source) => source.read(end + start, last.end - start));
    const pages = Array.from({ length: count }, (_, index) => {
      const place = layout.entryPage(first + index);
      const framed = bytes.subarray(place.frameAt - start, place.end - start);
      const content = openPage(framed, place, crc);
      if (content !== undefined) return content;
      throw this.#damaged(end + place.frameAt, 'the checksum of a page does not fit');
    });
    return Buffer.concat(pages);
  }

  /** How many keys there are, and writers of them. */
  get counts(): { readonly keys: number; readonly writers: number } {
    const { layout, message } = this.#header;
    return { keys: layout.keys, writers: message.writers.length };
  }

  /** Read all pages. @throws AtedbError CHAIN_DAMAGED where one isn't whole. */
  async checkPages(): Promise<void> {
    const { layout } = this.#header;
    for (let number = 0; number < layout.filter.pages + layout.entryPages; number += 1) {
      await this.#read(layout.page(number));
    }
  }

  /** Bytes that this takes in memory; more when more of the filter was needed. */
  get bytes(): number {
    const { message, firstKeys, layout } = this.#header;
    const writers = message.writers.length * 2 * writerBytes;
    const filter = this.#filterPages.size * layout.filter.pageBytes;
    return this.#heldBytes + firstKeys.length + writers + filter + 1_024;
  }

  /** Find a key. @throws AtedbError CHAIN_DAMAGED. */
  async find(key: Buffer): Promise<ClosedKey | undefined> {
    const { layout } = this.#header;
    if (layout.keys === 0) return undefined;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const filterPage = await this.#filterPageOf(view);
    // Somebody else may have sought another key meanwhile.
    layout.filter.seek(view, 0);
    if (!layout.filter.mayHave(filterPage)) return undefined;
    const index = this.#entryPageOf(key);
    if (index < 0) return undefined;
    return this.#findIn(await this.#read(layout.entryPage(index)), key);
  }

  #findIn(page: Buffer, key: Buffer): ClosedKey | undefined {
    let low = 0;
    let high = page.length / entryBytes;
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
    const writerId = this.#header.message.writers[page.readUInt32LE(at + writerAt)];
    if (writerId === undefined) throw this.#damaged(at, 'an entry is of no writer');
    const end = page.readUInt32LE(at + othersAt);
    return {
      newest: firstSequence + page.readUInt32LE(at + newestAt),
      writerId: Buffer.from(writerId),
      endOfOthers: end === 0 ? 0 : firstSequence + end,
    };
  }

  /** The last page of entries whose first key is not above this one; -1 for none. */
  #entryPageOf(key: Buffer): number {
    const { firstKeys } = this.#header;
    let low = 0;
    let high = firstKeys.length / keyBytes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * keyBytes;
      if (firstKeys.compare(key, 0, keyBytes, at, at + keyBytes) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  async #filterPageOf(key: DataView): Promise<Buffer> {
    const { layout } = this.#header;
    layout.filter.seek(key, 0);
    const { page } = layout.filter;
    const known = this.#filterPages.get(page);
    if (known !== undefined) return known;
    const content = await this.#read(layout.filterPage(page));
    this.#filterPages.set(page, content);
    return content;
  }

  async #read(place: PagePlace): Promise<Buffer> {
    const { end, crc } = this.#header;
    const at = end + place.frameAt;
    const framed = await this.#use((source) => source.read(at, place.end - place.frameAt));
    const content = openPage(framed, place, crc);
    if (content === undefined) throw this.#damaged(at, 'the checksum of a page does not fit');
    return content;
  }

  #damaged(offset: number, what: string) {
    return damageError({ file: keysName(this.#of.segment, this.#of.generation), offset, what });
  }
}

async function readHeader(source: KeysSource, of: KeysOf): Promise<Header> {
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
    const isWhole =
      filterSalt.length === filterSaltBytes &&
      firstKeys.length === Math.ceil(keys / pageEntries) * keyBytes &&
      writers.every((writer) => writer.length === writerBytes);
    if (!isWhole) throw new RangeError('its header contradicts itself');
    const layout = new KeysLayout(keys, Buffer.from(filterSalt));
    if (fileBytes !== end + layout.bytes) throw new RangeError('it is not as long as it says');
    const crc = record.readUInt32LE(record.length - 4);
    return { message, firstKeys: Buffer.from(firstKeys), layout, crc, end };
  });
}
