import { crc32 } from 'node:zlib';
import { childRowBytes, encodeVarint } from '../bytes/index.ts';
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
/** Rows of a page: with its tag, length and checksum it fits into 16,384 bytes. */
export const pageRows = 314;
/** Of a row: its parent, its collection and its key. */
export const rowKeyBytes = 3 * keyBytes;
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

/** How much a file has of what. */
export interface KeysCounts {
  readonly keys: number;
  /** Rows that say where objects are. */
  readonly rows: number;
  /** Different parents in them. */
  readonly parents: number;
}

/** Pages of one kind, one behind the other. */
interface Section {
  readonly pages: number;
  /** Of each but the last one, and of that. */
  readonly pageBytes: number;
  readonly lastBytes: number;
}

/** The pages of a file: those of the filter of its keys, those of its entries, those of the filter of parents, those of rows. */
export class KeysLayout {
  readonly keys: number;
  readonly rows: number;
  readonly filter: KeyFilter;
  readonly parentFilter: KeyFilter;
  readonly entryPages: number;
  readonly rowPages: number;
  readonly #sections: readonly Section[];

  constructor({ keys, rows, parents }: KeysCounts, filterSalt: Buffer) {
    this.keys = keys;
    this.rows = rows;
    this.filter = new KeyFilter(keys, filterSalt);
    this.parentFilter = new KeyFilter(parents, filterSalt);
    const entries = sectionOf(keys, pageEntries, entryBytes);
    const placed = sectionOf(rows, pageRows, childRowBytes);
    this.entryPages = entries.pages;
    this.rowPages = placed.pages;
    this.#sections = [
      sectionOfFilter(this.filter),
      entries,
      sectionOfFilter(this.parentFilter),
      placed,
    ];
  }

  /** Number of all pages. */
  get pages(): number {
    return this.#sections.reduce((sum, { pages }) => sum + pages, 0);
  }

  /** Bytes of all pages. */
  get bytes(): number {
    return this.pages === 0 ? 0 : this.page(this.pages - 1).end;
  }

  /** A page of the filter, counted from 0 on. */
  filterPage(index: number): PagePlace {
    return this.page(index);
  }

  /** A page of entries, counted from 0 on. */
  entryPage(index: number): PagePlace {
    return this.page(this.filter.pages + index);
  }

  /** A page of the filter of parents, counted from 0 on. */
  parentFilterPage(index: number): PagePlace {
    return this.page(this.filter.pages + this.entryPages + index);
  }

  /** A page of rows, counted from 0 on. */
  rowPage(index: number): PagePlace {
    return this.parentFilterPage(this.parentFilter.pages + index);
  }

  /** Where the contents of the filter's pages begin, behind the header. */
  filterContents(): Uint32Array {
    const { pages } = this.filter;
    return Uint32Array.from({ length: pages }, (_, index) => this.filterPage(index).contentAt);
  }

  /** As `filterContents`, of the filter of parents. */
  parentFilterContents(): Uint32Array {
    const { pages } = this.parentFilter;
    return Uint32Array.from(
      { length: pages },
      (_, index) => this.parentFilterPage(index).contentAt,
    );
  }

  /** Any page by its number. */
  page(number: number): PagePlace {
    let before = 0;
    let index = number;
    for (const { pages, pageBytes, lastBytes } of this.#sections) {
      if (index >= pages) {
        if (pages > 0) before += (pages - 1) * framedBytes(pageBytes) + framedBytes(lastBytes);
        index -= pages;
        continue;
      }
      before += index * framedBytes(pageBytes);
      const contentBytes = index === pages - 1 ? lastBytes : pageBytes;
      const contentAt = before + pageHead(contentBytes).length;
      const end = contentAt + contentBytes + crcBytes;
      return { number, frameAt: before, contentAt, contentBytes, end };
    }
    throw new RangeError(`a file of keys has no page ${number}`);
  }
}

function sectionOf(count: number, perPage: number, bytes: number): Section {
  const pages = Math.ceil(count / perPage);
  return { pages, pageBytes: perPage * bytes, lastBytes: (count - (pages - 1) * perPage) * bytes };
}

function sectionOfFilter({ pages, pageBytes }: KeyFilter): Section {
  return { pages, pageBytes, lastBytes: pageBytes };
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
