import { create, toBinary } from '@bufbuild/protobuf';
import { KeysHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { type ChildTable, childRowBytes, encodeVarint, type KeyTable } from '../bytes/index.ts';
import { withCrc } from './checked-record.ts';
import { keysMagic } from './keys-header.ts';
import {
  closePage,
  entryBytes,
  headerTag,
  KeysLayout,
  keyBytes,
  pageEntries,
  pageRows,
  rowKeyBytes,
} from './keys-layout.ts';
import { Pace } from './pace.ts';
import { sortKeys } from './sort-keys.ts';

/** What a file of keys is made of. */
export interface KeysToWrite {
  /** All keys of the segment. Must not change meanwhile. */
  readonly table: KeyTable;
  /** Where the segment's events put objects. Must not change meanwhile. */
  readonly children: ChildTable;
  /** Ids by the numbers that the table has for them: 32 bytes each. */
  readonly writers: readonly Buffer[];
  readonly chainId: Buffer;
  readonly segment: number;
  /** Of the segment's file; 32 bytes. */
  readonly sha256: Buffer;
  readonly firstSequence: number;
  /** 16 random bytes. */
  readonly filterSalt: Buffer;
  /** Bytes of data that a compaction has left although they were superseded. Absent: none. */
  readonly keptBytes?: number;
}

/** Serialise the keys of a segment: the bytes of the file. Takes its time in small pieces. */
export async function encodeKeys(input: KeysToWrite): Promise<Buffer> {
  const { table, filterSalt } = input;
  const pace = new Pace();
  const order = await sortKeys(table, pace);
  const rows = await encodeRows(input, pace);
  const counts = { keys: table.size, rows: rows.count, parents: rows.parents };
  const layout = new KeysLayout(counts, filterSalt);
  const firstKeys = Buffer.alloc(layout.entryPages * keyBytes);
  for (let index = 0; index < layout.entryPages; index += 1) {
    table.copyKey(order[index * pageEntries] as number, firstKeys, index * keyBytes);
  }
  const header = encodeHeader(input, firstKeys, rows);
  const head = Buffer.concat([Buffer.of(headerTag), encodeVarint(header.length), header]);
  // All of it is written below, but for the filters.
  const bytes = Buffer.allocUnsafeSlow(head.length + layout.bytes);
  head.copy(bytes);
  const pages = bytes.subarray(head.length);
  await writePages(pages, { input, order, layout, pace });
  await writeRowPages(pages, { rows: rows.bytes, layout, pace });
  const headerCrc = header.readUInt32LE(header.length - 4);
  for (let number = 0; number < layout.pages; number += 1) {
    closePage(pages, layout.page(number), headerCrc);
    if (pace.isDue) await pace.rest();
  }
  return bytes;
}

/** Where events put objects, in order. */
interface Rows {
  readonly bytes: Buffer;
  readonly count: number;
  /** Different parents among them. */
  readonly parents: number;
}

async function encodeRows({ children, firstSequence }: KeysToWrite, pace: Pace): Promise<Rows> {
  const order = await sortKeys(children, pace);
  const bytes = Buffer.allocUnsafeSlow(order.length * childRowBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let parents = 0;
  for (const [place, row] of order.entries()) {
    const at = place * childRowBytes;
    children.writeRow(row, view, at, firstSequence);
    if (isNewParent(bytes, at)) parents += 1;
    if (pace.isDue) await pace.rest();
  }
  return { bytes, count: order.length, parents };
}

/** Whether the row at an offset has another parent than the one before it. */
function isNewParent(rows: Buffer, at: number): boolean {
  const before = at - childRowBytes;
  return before < 0 || rows.compare(rows, before, before + keyBytes, at, at + keyBytes) !== 0;
}

/** Write the contents of the pages of keys. */
async function writePages(
  pages: Buffer,
  at: { input: KeysToWrite; order: Uint32Array; layout: KeysLayout; pace: Pace },
): Promise<void> {
  const { order, layout, pace } = at;
  const { table, firstSequence } = at.input;
  const { filter } = layout;
  const view = new DataView(pages.buffer, pages.byteOffset, pages.length);
  const filterContents = layout.filterContents();
  for (const content of filterContents) pages.fill(0, content, content + filter.pageBytes);
  for (let index = 0; index < layout.entryPages; index += 1) {
    const { contentAt, contentBytes } = layout.entryPage(index);
    let place = index * pageEntries;
    for (let entryAt = contentAt; entryAt < contentAt + contentBytes; entryAt += entryBytes) {
      table.writeEntry(order[place] as number, view, entryAt, firstSequence);
      place += 1;
      filter.seek(view, entryAt);
      filter.setBits(pages, filterContents[filter.page] as number);
    }
    if (pace.isDue) await pace.rest();
  }
}

/** Write the contents of the pages of rows, and of the filter of their parents. */
async function writeRowPages(
  pages: Buffer,
  at: { rows: Buffer; layout: KeysLayout; pace: Pace },
): Promise<void> {
  const { rows, layout, pace } = at;
  const { parentFilter: filter } = layout;
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  const filterContents = layout.parentFilterContents();
  for (const content of filterContents) pages.fill(0, content, content + filter.pageBytes);
  let from = 0;
  for (let index = 0; index < layout.rowPages; index += 1) {
    const { contentAt, contentBytes } = layout.rowPage(index);
    rows.copy(pages, contentAt, from, from + contentBytes);
    for (const end = from + contentBytes; from < end; from += childRowBytes) {
      if (!isNewParent(rows, from)) continue;
      filter.seek(view, from);
      filter.setBits(pages, filterContents[filter.page] as number);
    }
    if (pace.isDue) await pace.rest();
  }
}

function encodeHeader(input: KeysToWrite, firstKeys: Buffer, rows: Rows): Buffer {
  const { table, writers, chainId, segment, sha256, firstSequence, filterSalt } = input;
  const { keptBytes = 0 } = input;
  const message = create(KeysHeaderSchema, {
    magic: keysMagic,
    chainId,
    segment: BigInt(segment),
    segmentSha256: sha256,
    firstSequence: BigInt(firstSequence),
    keys: BigInt(table.size),
    writers: [...writers],
    filterSalt,
    firstKeys,
    dataBytes: BigInt(table.dataBytes),
    keptBytes: BigInt(Math.min(keptBytes, table.dataBytes)),
    ...(rows.count === 0 ? {} : { places: placesHeader(rows, input.children.moves) }),
  });
  return withCrc(toBinary(KeysHeaderSchema, message));
}

function placesHeader({ bytes, count, parents }: Rows, moves: number) {
  const firstRows: Buffer[] = [];
  for (let row = 0; row < count; row += pageRows) {
    firstRows.push(bytes.subarray(row * childRowBytes, row * childRowBytes + rowKeyBytes));
  }
  return {
    rows: BigInt(count),
    parents: BigInt(parents),
    moves: BigInt(moves),
    firstRows: Buffer.concat(firstRows),
  };
}
