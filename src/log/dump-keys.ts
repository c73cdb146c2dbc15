import { fromBinary } from '@bufbuild/protobuf';
import { SegmentKeysSchema } from '../../gen/atedb/v1/log_pb.js';
import { toNumber } from './checked-record.ts';
import { KeysFile } from './keys-file.ts';
import type { KeysOf } from './keys-header.ts';

/**
 * Read a whole file of keys, which is checked against what it says of itself: there may be nothing beside it to check it
 * against.
 *
 * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW; anything for what is no such file.
 */
export async function readKeysFile(
  bytes: Buffer,
): Promise<{ keys: number; writers: number; rows: number; of: KeysOf }> {
  const { header } = fromBinary(SegmentKeysSchema, bytes);
  if (header === undefined) throw new RangeError('it has no header');
  const source = {
    read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
    size: async () => bytes.length,
  };
  const of = {
    chainId: Buffer.from(header.chainId),
    segment: toNumber(header.segment, 'its segment'),
    // It doesn't say; only errors would.
    generation: 0,
    sha256: Buffer.from(header.segmentSha256),
    firstSequence: toNumber(header.firstSequence, 'its sequence'),
  };
  const file = await KeysFile.open((use) => use(source), of);
  await file.checkPages();
  return { ...file.counts, of };
}
