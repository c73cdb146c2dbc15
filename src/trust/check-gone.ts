import { AtedbError } from '../bytes/index.ts';
import { type Batch, dataStates, eventMarks, layoutOf, layoutStride } from '../event/index.ts';

/**
 * How a batch comes: `appended`, as its writer sent it; `stored`, as a server keeps it or has sent it, which may have left out data
 * since; or `trimmed`, as a server has sent it to somebody who has asked for data to be left out, and checks by themselves that only such is.
 */
export type Provenance = 'appended' | 'stored' | 'trimmed';

/**
 * Check an event whose data is said not to be here, as far as it shows by itself that it may be so: docs/trust.md. That something
 * newer is there, or a redaction that names it, only the events behind it show; see `OwedData`.
 *
 * @throws AtedbError BATCH_INVALID, naming the event.
 */
export function checkGone(batch: Batch, index: number, provenance: Provenance): void {
  const { layout } = batch;
  const at = index * layoutStride;
  const of = (place: number) => layout[at + place] as number;
  if (provenance === 'appended') {
    throw invalidEvent(index, 'only a server may say that data is not here');
  }
  const state = of(layoutOf.dataState);
  if (state === dataStates.omitted && provenance !== 'trimmed') {
    throw invalidEvent(index, 'its data is left out, and nobody has asked for that');
  }
  if (of(layoutOf.dataEnd) > of(layoutOf.dataStart) || of(layoutOf.saltStart) !== 0) {
    throw invalidEvent(index, 'its data is said to be gone, and some of it is here');
  }
  const kind = batch.kindOf(index);
  if (kind !== 'data') {
    throw invalidEvent(
      index,
      `its data is said to be gone, and an event of kind "${kind}" has none`,
    );
  }
  if (of(layoutOf.hashStart) === 0) throw invalidEvent(index, 'its header has no hash of its data');
  // Whoever comes later has to be shown rules and keys with all that they came with.
  if (state !== dataStates.redacted && (of(layoutOf.marks) & eventMarks.authority) !== 0) {
    throw invalidEvent(index, 'it says something of rules or keys, and such data is never dropped');
  }
}

function invalidEvent(index: number, why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `event ${index}: ${why}`, {
    metadata: { event_index: String(index) },
  });
}
