import { create, toBinary } from '@bufbuild/protobuf';
import { KeysHeaderSchema } from '../../gen/atedb/v1/log_pb.js';
import { encodeVarint, type KeyTable } from '../bytes/index.ts';
import { withCrc } from './checked-record.ts';
import { keysMagic } from './keys-file.ts';
import {
  closePage,
  entryBytes,
  headerTag,
  KeysLayout,
  keyBytes,
  pageEntries,
} from './keys-layout.ts';
import { Pace } from './pace.ts';
import { sortKeys } from './sort-keys.ts';

/** What a file of keys is made of. */
export interface KeysToWrite {
  /** All keys of the segment. Must not change meanwhile. */
  readonly table: KeyTable;
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
  const { table } = input;
  const pace = new Pace();
  const order = await sortKeys(table, pace);
  const layout = new KeysLayout(table.size, input.filterSalt);
  const firstKeys = Buffer.alloc(layout.entryPages * keyBytes);
  for (let index = 0; index < layout.entryPages; index += 1) {
    table.copyKey(order[index * pageEntries] as number, firstKeys, index * keyBytes);
  }
  const header = encodeHeader(input, firstKeys);
  const head = Buffer.concat([Buffer.of(headerTag), encodeVarint(header.length), header]);
  // All of it is written below, but for the filter.
  const bytes = Buffer.allocUnsafeSlow(head.length + layout.bytes);
  head.copy(bytes);
  const pages = bytes.subarray(head.length);
  await writePages(pages, { input, order, layout, pace });
  const headerCrc = header.readUInt32LE(header.length - 4);
  for (let number = 0; number < layout.filter.pages + layout.entryPages; number += 1) {
    closePage(pages, layout.page(number), headerCrc);
    if (pace.isDue) await pace.rest();
  }
  return bytes;
}

/** Write the contents of all pages. */
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

function encodeHeader(input: KeysToWrite, firstKeys: Buffer): Buffer {
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
  });
  return withCrc(toBinary(KeysHeaderSchema, message));
}
