import { AtedbError } from '../bytes/index.ts';
import { hashTags, leafHash, taggedHash } from '../crypto/index.ts';
import { type DataState, parseEventHeader, readConfidentiality } from '../event/index.ts';

/** A LoadDataResponse. */
export interface LoadedData {
  /** 32 bytes. */
  readonly eventHash: Buffer;
  /** As it is stored; empty where it is gone. */
  readonly data: Buffer;
  /** 16 bytes; undefined where the data is sealed, or gone. */
  readonly salt: Buffer | undefined;
  readonly dataState: DataState;
  /** Sequence of the redaction that has erased the data. */
  readonly redaction: number | undefined;
}

/** An event that was verified without its data. */
export interface LeftOutEvent {
  readonly sequence: number;
  readonly headerBytes: Buffer;
}

/**
 * Check that what a server has sent is the data of an event that was verified without it, or says in the right form that it is gone. That it
 * may be gone is still to be asked for.
 *
 * @throws AtedbError VERIFICATION_FAILED, naming the event's sequence.
 */
export function checkLoaded(event: LeftOutEvent, loaded: LoadedData): void {
  const { headerBytes } = event;
  const { eventHash, data, salt, dataState, redaction } = loaded;
  if (!eventHash.equals(leafHash(headerBytes))) throw badData(event, 'it is of another event');
  if (dataState === 'omitted') throw badData(event, 'it is left out, and was asked for');
  if ((dataState === 'redacted') !== (redaction !== undefined)) {
    throw badData(event, 'what has erased it is said where nothing has, or is not said');
  }
  if (dataState !== 'present') {
    if (data.length === 0 && salt === undefined) return;
    throw badData(event, 'it is said to be gone, and some of it is here');
  }
  const header = parseEventHeader(headerBytes);
  const isSealed = readConfidentiality(headerBytes) !== undefined;
  if (isSealed === (salt !== undefined)) {
    throw badData(event, 'it has a salt, and is sealed, or has none, and is in clear');
  }
  const hash = salt ? taggedHash(hashTags.data, salt, data) : taggedHash(hashTags.sealedData, data);
  if (header.dataHash?.equals(hash) !== true || header.dataBytes !== data.length) {
    throw badData(event, 'it does not hash to what the header of the event says');
  }
}

/** What a server has sent is not the data of an event. */
export function badData({ sequence }: LeftOutEvent, why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the data that the server sent of the event at sequence ${sequence} does not verify: ${why}. Nothing of it was used`,
    { metadata: { sequence: String(sequence) } },
  );
}
