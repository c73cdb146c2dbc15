import { AtedbError } from '../bytes/index.ts';
import { type Batch, dataStates, layoutOf, layoutStride } from '../event/index.ts';

/**
 * Check that of a batch only such data is left out as was asked for: of events whose header says that they have more bytes of it.
 *
 * @param dataUpTo bytes of data, as it is stored.
 * @throws AtedbError BATCH_INVALID, naming the event.
 */
export function checkOmitted({ layout, count }: Batch, dataUpTo: number): void {
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    if (layout[at + layoutOf.dataState] !== dataStates.omitted) continue;
    const bytes = layout[at + layoutOf.dataBytes] as number;
    if (bytes > dataUpTo) continue;
    throw new AtedbError(
      'BATCH_INVALID',
      `event ${index}: its data is left out, which has ${bytes} bytes, and only what has more than ${dataUpTo} was to be`,
      { metadata: { event_index: String(index) } },
    );
  }
}
