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
  newestAt,
  othersAt,
  pageEntries,
  writerAt,
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
}

/** Serialise the keys of a segment: the bytes of the file. Takes its time in small pieces. */
export async function encodeKeys(input: KeysToWrite): Promise<Buffer> {
  const { table, firstSequence } = input;
  const pace = new Pace();
  const order = await sortKeys(table, pace);
  const layout = new KeysLayout(table.size, input.filterSalt);
  const pages = Buffer.alloc(layout.bytes);
  const firstKeys = Buffer.alloc(layout.entryPages * keyBytes);
  for (let index = 0; index < layout.entryPages; index += 1) {
    const { contentAt, contentBytes } = layout.entryPage(index);
    table.copyKey(order[index * pageEntries] as number, firstKeys, index * keyBytes);
    for (let within = 0; within * entryBytes < contentBytes; within += 1) {
      const entry = order[index * pageEntries + within] as number;
      const at = contentAt + within * entryBytes;
      const { newest, writer, endOfOthers } = table.recordAt(entry);
      table.copyKey(entry, pages, at);
      pages.writeUInt32LE(newest - firstSequence, at + newestAt);
      pages.writeUInt32LE(writer, at + writerAt);
      pages.writeUInt32LE(endOfOthers === 0 ? 0 : endOfOthers - firstSequence, at + othersAt);
      layout.filter.seek(pages, at);
      layout.filter.setBits(pages, layout.filterPage(layout.filter.page).contentAt);
    }
    if (pace.isDue) await pace.rest();
  }
  const header = encodeHeader(input, firstKeys);
  const headerCrc = header.readUInt32LE(header.length - 4);
  for (let number = 0; number < layout.filter.pages + layout.entryPages; number += 1) {
    closePage(pages, layout.page(number), headerCrc);
    if (pace.isDue) await pace.rest();
  }
  return Buffer.concat([Buffer.of(headerTag), encodeVarint(header.length), header, pages]);
}

function encodeHeader(input: KeysToWrite, firstKeys: Buffer): Buffer {
  const { table, writers, chainId, segment, sha256, firstSequence, filterSalt } = input;
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
  });
  return withCrc(toBinary(KeysHeaderSchema, message));
}
