import { type ChildQuery, type ChildRow, childOrderBytes, childRowBytes } from '../bytes/index.ts';
import { damageError } from './damage.ts';
import {
  type KeysHeaderView,
  type KeysOf,
  type KeysSource,
  readKeysHeader,
  writerBytes,
} from './keys-header.ts';
import {
  entryBytes,
  keyBytes,
  newestAt,
  openPage,
  othersAt,
  type PagePlace,
  rowKeyBytes,
  writerAt,
} from './keys-layout.ts';
import { keysName } from './layout.ts';

/** What a closed segment says of one key. Sequences are those of the chain. */
export interface ClosedKey {
  readonly newest: number;
  /** Id of the writer of that: 32 bytes. */
  readonly writerId: Buffer;
  /** Sequence after the newest event of any other writer in this segment; 0 for none. */
  readonly endOfOthers: number;
}

/** Gives a source for as long as it is used. */
export type UseKeysSource = <T>(use: (source: KeysSource) => Promise<T>) => Promise<T>;

/**
 * The keys of a closed segment. The header is in memory, and of the filter those pages that were needed; entries are read
 * when they are asked for.
 */
export class KeysFile {
  readonly #of: KeysOf;
  #use: UseKeysSource;
  readonly #header: KeysHeaderView;
  /** Of both filters, by number. */
  readonly #filterPages = new Map<number, Buffer>();
  readonly #isHeld: boolean;
  /** Bytes that this takes in memory; more when more of the filter was needed. */
  bytes: number;
  /** By whom this was found to be the file of their segment, so that it isn't found out with each key. Theirs alone. */
  foundFor: object | undefined;

  private constructor(of: KeysOf, use: UseKeysSource, header: KeysHeaderView, heldBytes: number) {
    this.#of = of;
    this.#use = use;
    this.#header = header;
    this.#isHeld = heldBytes > 0;
    const { message, firstKeys, firstRows } = header;
    const writers = message.writers.length * 2 * writerBytes;
    this.bytes = heldBytes + firstKeys.length + firstRows.length + writers + 1_024;
  }

  /**
   * Open a file by its header, which must be whole.
   *
   * @param heldBytes memory that the source itself takes.
   * @throws AtedbError CHAIN_DAMAGED where the file is anything but the keys of this segment; FORMAT_TOO_NEW.
   */
  static async open(use: UseKeysSource, of: KeysOf, heldBytes = 0): Promise<KeysFile> {
    return new KeysFile(of, use, await use((source) => readKeysHeader(source, of)), heldBytes);
  }

  /** Read it by way of this from now on. Not of one that has all bytes in memory. */
  readBy(use: UseKeysSource): void {
    if (!this.#isHeld) this.#use = use;
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

  /** How many keys there are, writers of them, and rows that say where objects are. */
  get counts(): { readonly keys: number; readonly writers: number; readonly rows: number } {
    const { layout, message } = this.#header;
    return { keys: layout.keys, writers: message.writers.length, rows: layout.rows };
  }

  /** Read all pages. @throws AtedbError CHAIN_DAMAGED where one isn't whole. */
  async checkPages(): Promise<void> {
    const { layout } = this.#header;
    for (let number = 0; number < layout.pages; number += 1) {
      await this.#read(layout.page(number));
    }
  }

  /** Whether a key is not in it, by what of the filter is in memory: false says nothing. */
  isWithout(key: DataView): boolean {
    const { layout } = this.#header;
    if (layout.keys === 0) return true;
    layout.filter.seek(key, 0);
    const page = this.#filterPages.get(layout.filterPage(layout.filter.page).number);
    return page !== undefined && !layout.filter.mayHave(page);
  }

  /** Find a key. @throws AtedbError CHAIN_DAMAGED. */
  async find(key: Buffer): Promise<ClosedKey | undefined> {
    const { layout } = this.#header;
    if (layout.keys === 0) return undefined;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    layout.filter.seek(view, 0);
    const filterPage = await this.#filterPage(layout.filterPage(layout.filter.page));
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

  /**
   * Children that events of the segment have put at a parent, the first so many in their order. Those that an event of rules has moved
   * may be among them as children of themselves.
   *
   * @throws AtedbError CHAIN_DAMAGED.
   */
  async children(query: ChildQuery, countMax: number): Promise<ChildRow[]> {
    const { parent, collection, after = nothing } = query;
    const found: ChildRow[] = [];
    if (!(await this.#mayHaveParent(parent))) return found;
    const { layout } = this.#header;
    const least = collection === undefined ? nothing : Buffer.concat([collection, nothing], 32);
    const from = Buffer.concat([parent, after.compare(least) > 0 ? after : least]);
    for (let index = Math.max(0, this.#rowPageOf(from)); index < layout.rowPages; index += 1) {
      const page = await this.#read(layout.rowPage(index));
      for (let at = rowFrom(page, from); at < page.length; at += childRowBytes) {
        const isParents = page.compare(parent, 0, keyBytes, at, at + keyBytes) === 0;
        if (!isParents || found.length === countMax) return found;
        const order = Buffer.from(page.subarray(at + keyBytes, at + rowKeyBytes));
        if (collection !== undefined && order.compare(collection, 0, 16, 0, 16) !== 0) return found;
        if (after.length > 0 && order.compare(after) <= 0) continue;
        found.push({ order, sequence: this.#sequenceAt(page, at) });
      }
    }
    return found;
  }

  /** Sequence of the newest event of rules that has moved an object; undefined for none. @throws AtedbError CHAIN_DAMAGED. */
  async moveOf(key: Buffer): Promise<number | undefined> {
    if (Number(this.#header.message.places?.moves ?? 0n) === 0) return undefined;
    const collection = Buffer.alloc(keyBytes);
    const [row] = await this.children({ parent: key, collection, after: before(key) }, 1);
    const isOwn = row?.order.compare(key, 0, keyBytes, keyBytes, childOrderBytes) === 0;
    return isOwn ? row?.sequence : undefined;
  }

  #sequenceAt(page: Buffer, at: number): number {
    return this.#of.firstSequence + page.readUInt32LE(at + rowKeyBytes);
  }

  async #mayHaveParent(parent: Buffer): Promise<boolean> {
    const { layout } = this.#header;
    if (layout.rows === 0) return false;
    const { parentFilter } = layout;
    const view = new DataView(parent.buffer, parent.byteOffset, parent.length);
    parentFilter.seek(view, 0);
    const page = await this.#filterPage(layout.parentFilterPage(parentFilter.page));
    // Somebody else may have sought another one meanwhile.
    parentFilter.seek(view, 0);
    return parentFilter.mayHave(page);
  }

  /** The last page of rows whose first row is below this; -1 for none. */
  #rowPageOf(row: Buffer): number {
    const { firstRows } = this.#header;
    let low = 0;
    let high = firstRows.length / rowKeyBytes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * rowKeyBytes;
      if (firstRows.compare(row, 0, row.length, at, at + rowKeyBytes) < 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  async #filterPage(place: PagePlace): Promise<Buffer> {
    const known = this.#filterPages.get(place.number);
    if (known !== undefined) return known;
    const content = await this.#read(place);
    // Somebody else may have read it meanwhile.
    if (!this.#filterPages.has(place.number)) this.bytes += content.length;
    this.#filterPages.set(place.number, content);
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

const nothing = Buffer.alloc(0);

/** What is right before the row that stands for a move of an object, in the order of its children. */
function before(key: Buffer): Buffer | undefined {
  const order = Buffer.concat([Buffer.alloc(keyBytes), key]);
  for (let at = order.length - 1; at >= keyBytes; at -= 1) {
    const byte = order[at] as number;
    order[at] = (byte - 1) & 0xff;
    if (byte > 0) return order;
  }
  return undefined;
}

/** Where the first row of a page begins that is not below this; the end of the page for none. */
function rowFrom(page: Buffer, row: Buffer): number {
  let low = 0;
  let high = page.length / childRowBytes;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * childRowBytes;
    if (page.compare(row, 0, row.length, at, at + rowKeyBytes) < 0) low = middle + 1;
    else high = middle;
  }
  return low * childRowBytes;
}
