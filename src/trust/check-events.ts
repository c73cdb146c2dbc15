import { AtedbError } from '../bytes/index.ts';
import { type Batch, layoutOf, layoutStride } from '../event/index.ts';

/**
 * Check what each event of a batch says of itself, but for its hashes. Of a batch that isn't a genesis.
 *
 * @throws AtedbError BATCH_INVALID, UNSUPPORTED, naming the event.
 */
export function checkEvents(batch: Batch): void {
  const { layout, count } = batch;
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    const of = (place: number) => layout[at + place] as number;
    const kind = batch.kindOf(index);
    if (kind === 'genesis') throw invalidEvent(index, 'a genesis is alone in its batch');
    if (kind !== 'data' && kind !== 'tombstone') {
      throw new AtedbError(
        'UNSUPPORTED',
        `event ${index}: events of kind "${kind}" are not carried out by this version`,
        { metadata: { event_index: String(index), kind } },
      );
    }
    if (of(layoutOf.isGenesis) !== 0) {
      throw invalidEvent(index, 'only a genesis says what the chain is');
    }
    if (of(layoutOf.keyStart) === 0) throw invalidEvent(index, 'it has no primary key');
    if (of(layoutOf.dataState) !== 0) {
      throw invalidEvent(index, 'only a server may say that data is not here');
    }
    if (of(layoutOf.saltStart) === 0) throw invalidEvent(index, 'its salt is missing');
    const dataBytes = of(layoutOf.dataEnd) - of(layoutOf.dataStart);
    if (of(layoutOf.dataBytes) !== dataBytes) {
      throw invalidEvent(
        index,
        `its header counts ${batch.events[index]?.header.dataBytes} bytes of data, and it has ${dataBytes}`,
      );
    }
    if (kind === 'tombstone' && dataBytes > 0) throw invalidEvent(index, 'a tombstone has no data');
  }
}

function invalidEvent(index: number, why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `event ${index}: ${why}`, {
    metadata: { event_index: String(index) },
  });
}
