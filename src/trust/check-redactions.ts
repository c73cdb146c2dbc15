import { AtedbError } from '../bytes/index.ts';
import { type Batch, layoutOf, layoutStride, type Redaction } from '../event/index.ts';

const kindRedaction = 4;

/**
 * Check that the redactions of a batch name only what comes before it.
 *
 * @param firstSequence that its first event gets.
 * @throws AtedbError REDACTION_INVALID, naming the event.
 */
export function checkRedactions(batch: Batch, firstSequence: number): void {
  for (let index = 0; index < batch.count; index += 1) {
    if (batch.layout[index * layoutStride + layoutOf.kind] !== kindRedaction) continue;
    const end = endOf(batch.authorityOf(index).redaction);
    if (end <= firstSequence) continue;
    throw new AtedbError(
      'REDACTION_INVALID',
      `event ${index}: it erases what comes before sequence ${end}, and its batch begins at ${firstSequence}: a redaction names only what is before its batch`,
      { metadata: { event_index: String(index), sequence: String(end - 1) } },
    );
  }
}

/** The sequence after the last one that a redaction names. */
function endOf(redaction: Redaction | undefined): number {
  if (redaction === undefined) return 0;
  const { sequences, beforeSequence = 0 } = redaction;
  return sequences === undefined ? beforeSequence : (sequences.at(-1) ?? 0) + 1;
}
