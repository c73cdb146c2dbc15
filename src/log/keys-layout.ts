import { crc32 } from 'node:zlib';
import { encodeVarint } from '../bytes/index.ts';
import { KeyFilter } from './key-filter.ts';

// Where the pages of a file `keys-N` lie, and how they are told from others; see SegmentKeys in log.proto.

export const headerTag = 0x0a;
const pageTag = 0x12;
export const keyBytes = 16;
/** Of an entry: the key, then its newest sequence, its writer, the end of others and the bytes of the newest. */
export const entryBytes = 32;
/** Where its parts are, as `KeyTable.writeEntry` writes them. */
export const newestAt = 16;
export const writerAt = 20;
export const othersAt = 24;
export const bytesAt = 28;
/** Entries of a page: with its tag, length and checksum it fits into 4,096 bytes. */
export const pageEntries = 127;
const crcBytes = 4;

/** A page: where its content lies behind the header, and how long that is. */
export interface PagePlace {
  readonly number: number;
  /** Of its tag and length, from the end of the header on. */
  readonly frameAt: number;
  readonly contentAt: number;
  /** Without the checksum. */
  readonly contentBytes: number;
  /** After the checksum. */
  readonly end: number;
}

/** The pages of a file with so many keys: those of its filter, then those of its entries. */
export class KeysLayout {
  readonly keys: number;
  readonly filter: KeyFilter;
  readonly entryPages: number;

  constructor(keys: number, filterSalt: Buffer) {
    this.keys = keys;
    this.filter = new KeyFilter(keys, filterSalt);
    this.entryPages = Math.ceil(keys / pageEntries);
  }

  /** Bytes of all pages. */
  get bytes(): number {
    const last = this.filter.pages + this.entryPages - 1;
    return last < 0 ? 0 : this.page(last).end;
  }

  /** A page of the filter, counted from 0 on. */
  filterPage(index: number): PagePlace {
    return this.page(index);
  }

  /** A page of entries, counted from 0 on. */
  entryPage(index: number): PagePlace {
    return this.page(this.filter.pages + index);
  }

  /** Where the contents of the filter's pages begin, behind the header. */
  filterContents(): Uint32Array {
    const { pages } = this.filter;
    return Uint32Array.from({ length: pages }, (_, index) => this.filterPage(index).contentAt);
  }

  /** Any page by its number. */
  page(number: number): PagePlace {
    const { pages, pageBytes } = this.filter;
    const isFilter = number < pages;
    const index = isFilter ? number : number - pages;
    const before = isFilter
      ? number * framedBytes(pageBytes)
      : pages * framedBytes(pageBytes) + index * framedBytes(pageEntries * entryBytes);
    const contentBytes = isFilter
      ? pageBytes
      : Math.min(pageEntries, this.keys - index * pageEntries) * entryBytes;
    const contentAt = before + pageHead(contentBytes).length;
    const end = contentAt + contentBytes + crcBytes;
    return { number, frameAt: before, contentAt, contentBytes, end };
  }
}

function framedBytes(contentBytes: number): number {
  return pageHead(contentBytes).length + contentBytes + crcBytes;
}

function pageHead(contentBytes: number): Buffer {
  return Buffer.concat([Buffer.of(pageTag), encodeVarint(contentBytes + crcBytes)]);
}

/** Complete a page whose content is there by what stands before and behind it. `pages` begins where the header ends. */
export function closePage(pages: Buffer, place: PagePlace, headerCrc: number): void {
  pageHead(place.contentBytes).copy(pages, place.frameAt);
  const contentEnd = place.contentAt + place.contentBytes;
  const content = pages.subarray(place.contentAt, contentEnd);
  pages.writeUInt32LE(pageCrc(content, place.number, headerCrc), contentEnd);
}

/** The content of a page, from its bytes with tag, length and checksum; undefined where it isn't whole. */
export function openPage(framed: Buffer, place: PagePlace, headerCrc: number): Buffer | undefined {
  const head = pageHead(place.contentBytes);
  if (framed.length !== place.end - place.frameAt) return undefined;
  if (!head.equals(framed.subarray(0, head.length))) return undefined;
  const content = framed.subarray(head.length, framed.length - crcBytes);
  const crc = framed.readUInt32LE(framed.length - crcBytes);
  return crc === pageCrc(content, place.number, headerCrc) ? content : undefined;
}

/** What ties a page to its place and to its header: one of another file, or of another place, doesn't fit. */
function pageCrc(content: Buffer, number: number, headerCrc: number): number {
  const seed = Buffer.alloc(8);
  seed.writeUInt32LE(headerCrc, 0);
  seed.writeUInt32LE(number, 4);
  return crc32(content, crc32(seed));
}
