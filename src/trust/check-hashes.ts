import { AtedbError } from '../bytes/index.ts';
import { HashInputs, hashTags, RangeHasher } from '../crypto/index.ts';
import { type Batch, layoutOf, layoutStride } from '../event/index.ts';

const saltBytes = 16;

/** Of the batch at hand; filled anew for each. */
const inputs = new HashInputs();

/**
 * Check that the data of each event hashes to what its header says, and the headers to the root that the seal names.
 * `checkEvents` has passed the events.
 *
 * @throws AtedbError HASH_MISMATCH.
 */
export function checkHashes(batch: Batch): void {
  const hasher = new RangeHasher(batch.bytes);
  if (!batch.isGenesis) checkData(batch, hasher);
  if (!eventsRootOf(batch, hasher).equals(batch.seal.eventsRoot)) {
    throw new AtedbError('HASH_MISMATCH', "the events' headers do not hash to the seal's root");
  }
}

/** Check the data of all events at once; what is said is of the first one that is wrong. */
function checkData({ layout, count }: Batch, hasher: RangeHasher): void {
  inputs.clear();
  for (let at = 0; at < count * layoutStride; at += layoutStride) {
    const hashStart = layout[at + layoutOf.hashStart] as number;
    // A header that names no hash ends it: the events before may be wrong all the same.
    if (hashStart === 0) break;
    const saltStart = layout[at + layoutOf.saltStart] as number;
    const dataStart = layout[at + layoutOf.dataStart] as number;
    const dataBytes = (layout[at + layoutOf.dataEnd] as number) - dataStart;
    inputs.add(saltStart, saltBytes, dataStart, dataBytes, hashStart);
  }
  const misfit = hasher.firstMisfit(hashTags.data, inputs);
  const wrong = misfit < 0 ? inputs.count : misfit;
  if (wrong === count) return;
  throw new AtedbError(
    'HASH_MISMATCH',
    `event ${wrong}: its data does not hash to what its header says`,
    { metadata: { event_index: String(wrong) } },
  );
}

function eventsRootOf({ layout, count }: Batch, hasher: RangeHasher): Buffer {
  inputs.clear();
  for (let at = 0; at < count * layoutStride; at += layoutStride) {
    const start = layout[at + layoutOf.headerStart] as number;
    inputs.add(start, (layout[at + layoutOf.headerEnd] as number) - start, 0, 0, 0);
  }
  return hasher.merkleRoot(inputs);
}
