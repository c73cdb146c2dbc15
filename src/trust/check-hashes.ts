import { AtedbError } from '../bytes/index.ts';
import {
  addLeaves,
  HashLanes,
  hashTags,
  laneBytesMax,
  lanesCountMin,
  prefixOf,
} from '../crypto/index.ts';
import { type Batch, dataHashFits, eventsRoot, layoutOf, layoutStride } from '../event/index.ts';

const saltBytes = 16;

/**
 * Check that the data of each event hashes to what its header says, and the headers to the root that the seal names.
 *
 * @throws AtedbError HASH_MISMATCH.
 */
export function checkHashes(batch: Batch): void {
  // A few events are hashed faster one by one.
  const root = batch.count < lanesCountMin ? checkOneByOne(batch) : checkTogether(batch);
  if (root.equals(batch.seal.eventsRoot)) return;
  throw new AtedbError('HASH_MISMATCH', "the events' headers do not hash to the seal's root");
}

/** @returns the root over the headers. */
function checkOneByOne({ events }: Batch): Buffer {
  for (const [index, { header, data, salt }] of events.entries()) {
    if (header.kind === 'genesis') continue;
    const { dataHash } = header;
    if (dataHash === undefined || salt === undefined || !dataHashFits(dataHash, salt, data)) {
      throw dataMismatch(index);
    }
  }
  return eventsRoot(events.map(({ headerBytes }) => headerBytes));
}

/** As `checkOneByOne`, for events that are no genesis: `checkEvents` has passed them. */
function checkTogether(batch: Batch): Buffer {
  const { bytes, layout, count } = batch;
  const lanes = new HashLanes(bytes, count);
  /** Which event each input of the lanes is of; those with more data are hashed by themselves. */
  const indexes: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    const dataStart = layout[at + layoutOf.dataStart] as number;
    const dataBytes = (layout[at + layoutOf.dataEnd] as number) - dataStart;
    const hashStart = layout[at + layoutOf.hashStart] as number;
    if (hashStart === 0) throw dataMismatch(index);
    if (dataBytes + saltBytes <= laneBytesMax) {
      const saltStart = layout[at + layoutOf.saltStart] as number;
      lanes.add(saltStart, saltBytes, dataStart, dataBytes, hashStart);
      indexes.push(index);
    } else checkLarge(batch, index);
  }
  lanes.hash(prefixOf(hashTags.data));
  const other = lanes.firstOther();
  if (other !== undefined) throw dataMismatch(indexes[other] as number);
  const header = (place: number) => (index: number) =>
    layout[index * layoutStride + place] as number;
  return addLeaves(lanes, bytes, count, {
    start: header(layoutOf.headerStart),
    end: header(layoutOf.headerEnd),
  }).root();
}

function checkLarge({ bytes, layout }: Batch, index: number): void {
  const at = index * layoutStride;
  const part = (place: number, length: number) => {
    const start = layout[at + place] as number;
    return bytes.subarray(start, start + length);
  };
  const data = bytes.subarray(layout[at + layoutOf.dataStart], layout[at + layoutOf.dataEnd]);
  const fits = dataHashFits(
    part(layoutOf.hashStart, 32),
    part(layoutOf.saltStart, saltBytes),
    data,
  );
  if (!fits) throw dataMismatch(index);
}

function dataMismatch(index: number): AtedbError {
  return new AtedbError(
    'HASH_MISMATCH',
    `event ${index}: its data does not hash to what its header says`,
    { metadata: { event_index: String(index) } },
  );
}
