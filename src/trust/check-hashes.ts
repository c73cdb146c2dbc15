import { AtedbError } from '../bytes/index.ts';
import { Frontier, HashInputs, hashTags, leafHash, RangeHasher } from '../crypto/index.ts';
import { type Batch, eventMarks, layoutOf, layoutStride, subtreesOfGone } from '../event/index.ts';

const saltBytes = 16;

/** Of the batch at hand; filled anew for each. */
const inputs = new HashInputs();
/** The events that those are of. */
const indexes: number[] = [];

/**
 * Check that the data of each event hashes to what its header says, if it is here, and the headers to the root that the seal names.
 * `checkEvents` has passed the events.
 *
 * @throws AtedbError HASH_MISMATCH.
 */
export function checkHashes(batch: Batch): void {
  const hasher = new RangeHasher(batch.bytes);
  if (!batch.isGenesis) checkData(batch, hasher);
  const root = batch.hasGone ? rootWithGone(batch) : eventsRootOf(batch, hasher);
  if (!root.equals(batch.seal.eventsRoot)) {
    throw new AtedbError('HASH_MISMATCH', "the events' headers do not hash to the seal's root");
  }
}

/** Check the data of all events at once; what is said is of the first one that is wrong. */
function checkData(batch: Batch, hasher: RangeHasher): void {
  const wrong = Math.min(firstMisfit(batch, hasher, false), firstMisfit(batch, hasher, true));
  if (wrong === batch.count) return;
  throw new AtedbError(
    'HASH_MISMATCH',
    `event ${wrong}: its data does not hash to what its header says`,
    { metadata: { event_index: String(wrong) } },
  );
}

/** The first event, of those in clear or of those that are sealed, whose data is wrong; the count of the batch for none. */
function firstMisfit({ layout, count }: Batch, hasher: RangeHasher, isSealed: boolean): number {
  inputs.clear();
  indexes.length = 0;
  let end = count;
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    if ((((layout[at + layoutOf.marks] as number) & eventMarks.sealed) !== 0) !== isSealed)
      continue;
    if (layout[at + layoutOf.dataState] !== 0 || layout[at + layoutOf.kind] === 0) continue;
    const hashStart = layout[at + layoutOf.hashStart] as number;
    // A header that names no hash ends it: the events before may be wrong all the same.
    if (hashStart === 0) {
      end = index;
      break;
    }
    const saltStart = layout[at + layoutOf.saltStart] as number;
    const dataStart = layout[at + layoutOf.dataStart] as number;
    const dataBytes = (layout[at + layoutOf.dataEnd] as number) - dataStart;
    inputs.add(saltStart, isSealed ? 0 : saltBytes, dataStart, dataBytes, hashStart);
    indexes.push(index);
  }
  if (inputs.count === 0) return end;
  const misfit = hasher.firstMisfit(isSealed ? hashTags.sealedData : hashTags.data, inputs);
  return misfit < 0 ? end : (indexes[misfit] as number);
}

function eventsRootOf({ layout, count }: Batch, hasher: RangeHasher): Buffer {
  inputs.clear();
  for (let at = 0; at < count * layoutStride; at += layoutStride) {
    const start = layout[at + layoutOf.headerStart] as number;
    inputs.add(start, (layout[at + layoutOf.headerEnd] as number) - start, 0, 0, 0);
  }
  return hasher.merkleRoot(inputs);
}

/** The root, where events are gone, and hashes stand for them. */
function rootWithGone(batch: Batch): Buffer {
  const frontier = new Frontier();
  while (frontier.size < batch.count) {
    const index = frontier.size;
    if (!batch.isGone(index)) frontier.append(leafHash(batch.headerOf(index)));
    else {
      for (const { hash, level } of subtreesOfGone(batch.bytes, batch.layout, index)) {
        frontier.append(hash, level);
      }
    }
  }
  return frontier.root();
}
