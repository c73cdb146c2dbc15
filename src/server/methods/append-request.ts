import { AtedbError, FieldCursor } from '../../bytes/index.ts';
import { runFields } from '../../event/index.ts';

/** Field of AppendRequest and AppendBatchRequest that isn't stored. */
const chainKeyField = 16;

/** A request to append, taken apart. */
export interface AppendRequestParts {
  /** The bytes that are stored: all events, then the seal. Empty where the request has no batch. */
  readonly run: Buffer;
  /** Absent where the request names none. */
  readonly chainKey: string | undefined;
}

/**
 * Take an AppendRequest or AppendBatchRequest apart, without decoding its batch: the run is a slice of the request.
 *
 * @throws AtedbError NON_CANONICAL where the batch isn't before the other fields, or a field is unknown.
 */
export function splitAppendRequest(request: Buffer): AppendRequestParts {
  const cursor = new FieldCursor(request, 0, request.length, 'AppendRequest');
  let runEnd = 0;
  let chainKey: string | undefined;
  while (cursor.next()) {
    const { field } = cursor;
    const inRun = field === runFields.event || field === runFields.seal;
    if (inRun && chainKey === undefined && cursor.wireType === 2) {
      runEnd = cursor.end;
    } else if (field === chainKeyField && chainKey === undefined && cursor.wireType === 2) {
      chainKey = cursor.stringValue();
    } else {
      throw new AtedbError(
        'NON_CANONICAL',
        `the request has field ${field} at offset ${cursor.tagStart}, where it may not be: first come all events, then the seal, then the chain key`,
        { metadata: { offset: String(cursor.tagStart) } },
      );
    }
  }
  return { run: request.subarray(0, runEnd), chainKey };
}
