import { randomFillSync } from 'node:crypto';
import {
  AtedbError,
  batchBytesMax,
  batchEventsMax,
  commitBytesMax,
  preconditionsMax,
} from '../bytes/index.ts';
import {
  type BuiltEvent,
  buildEvents as buildEventFrames,
  type EventInput,
  type Precondition,
  primaryKeyBytes,
} from '../event/index.ts';

/** An event to append. */
export interface AppendEvent {
  /** A string is stored as UTF-8. Default: empty. */
  readonly data?: Uint8Array | string | undefined;
  /** Default: data. */
  readonly kind?: 'data' | 'tombstone' | undefined;
  /** 16 bytes: the object that the event is about. Default: random, a new object. */
  readonly primaryKey?: Buffer | undefined;
  /** 16 bytes. */
  readonly parent?: Buffer | undefined;
  /** 16 bytes. */
  readonly collection?: Buffer | undefined;
  /** What the data is, in the application's terms: at most 255 bytes. */
  readonly type?: string | undefined;
  /** 16 bytes. */
  readonly replyTo?: Buffer | undefined;
  /** The writer's clock: milliseconds since 1970-01-01 UTC. Default: now; 0: not said. */
  readonly timeUnixMs?: number | undefined;
}

/** Conditions under which alone a batch is accepted. */
export interface Conditions {
  /** No other writer has appended at or above this sequence. */
  readonly unchangedSince?: number | undefined;
  /** Every event gets a sequence below this. */
  readonly landsBefore?: number | undefined;
  /** Of each of these objects, no other writer has appended an event at or above the sequence. */
  readonly objectsUnchangedSince?: readonly ObjectUnchanged[] | undefined;
}

/** An object that nobody else is to have changed. */
export interface ObjectUnchanged {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** 0: no other writer has ever written it. */
  readonly sequence: number;
}

/** The events of one append, made once. */
export interface BuiltEvents {
  readonly events: readonly BuiltEvent[];
  /** As they are sent, without the seal. */
  readonly bytes: number;
  readonly preconditions: readonly Precondition[];
}

const saltBytes = 16;
/** Room for a seal beside the events: its header, one signature and conditions take less than this. */
const sealBytesMax = 4_096 + 32 * preconditionsMax;
const eventsBytesMax = batchBytesMax - commitBytesMax - sealBytesMax;

/**
 * Make the events of one append.
 *
 * @throws AtedbError TOO_MANY_EVENTS, DATA_TOO_LARGE, naming the limit; REQUEST_INVALID.
 */
export function buildEvents(inputs: readonly AppendEvent[], conditions: Conditions): BuiltEvents {
  if (inputs.length === 0) throw invalid('events', 'there are none');
  if (inputs.length > batchEventsMax) {
    throw new AtedbError(
      'TOO_MANY_EVENTS',
      `${inputs.length} events are too many for one append, which is one batch: ${batchEventsMax} is the limit. Append them in several calls`,
      { metadata: { limit_events: String(batchEventsMax), events: String(inputs.length) } },
    );
  }
  const preconditions = preconditionsOf(conditions);
  const nowUnixMs = Date.now();
  let dataBytes = 0;
  const events = buildEventFrames(
    inputs.map((input) => {
      const event = eventInput(input, nowUnixMs);
      dataBytes += event.data.length;
      // Before any is built: what is far too large should not be copied as a whole.
      if (dataBytes > eventsBytesMax) throw tooLarge(dataBytes, inputs.length);
      return event;
    }),
  );
  const bytes = events.reduce((sum, { frame }) => sum + frame.length, 0);
  if (bytes > eventsBytesMax) throw tooLarge(bytes, inputs.length);
  return { events, bytes, preconditions };
}

function eventInput(input: AppendEvent, nowUnixMs: number): EventInput {
  const { data = '' } = input;
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw invalid('data', `it is a ${typeof data}, and must be a string or bytes`);
  }
  const timeUnixMs = input.timeUnixMs ?? nowUnixMs;
  if (!isCount(timeUnixMs)) throw invalid('timeUnixMs', `it is ${timeUnixMs}`);
  const bytes =
    typeof data === 'string'
      ? Buffer.from(data, 'utf8')
      : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length > eventsBytesMax) throw tooLarge(bytes.length, 1);
  if (input.kind === 'tombstone' && bytes.length > 0) {
    throw invalid('data', 'a tombstone has none');
  }
  return {
    kind: input.kind ?? 'data',
    primaryKey: input.primaryKey ?? random16(),
    parent: input.parent,
    collection: input.collection,
    type: input.type,
    replyTo: input.replyTo,
    timeUnixMs,
    data: bytes,
    salt: random16(),
  };
}

function preconditionsOf(conditions: Conditions): Precondition[] {
  const { unchangedSince, landsBefore, objectsUnchangedSince = [] } = conditions;
  const preconditions: Precondition[] = [];
  if (unchangedSince !== undefined) {
    if (!isCount(unchangedSince)) throw invalid('unchangedSince', `it is ${unchangedSince}`);
    preconditions.push({ kind: 'chain_unchanged', sinceSequence: unchangedSince });
  }
  if (landsBefore !== undefined) {
    if (!isCount(landsBefore) || landsBefore === 0) {
      throw invalid('landsBefore', `it is ${landsBefore}`);
    }
    preconditions.push({ kind: 'lands_before', sequence: landsBefore });
  }
  for (const { primaryKey, sequence } of objectsUnchangedSince) {
    if (primaryKey.length !== primaryKeyBytes || !isCount(sequence)) {
      throw invalid('objectsUnchangedSince', 'it names no primary key of 16 bytes and a sequence');
    }
    preconditions.push({ kind: 'key_unchanged', primaryKey, sinceSequence: sequence });
  }
  if (preconditions.length > preconditionsMax) {
    throw invalid('objectsUnchangedSince', `a batch has ${preconditionsMax} conditions at most`);
  }
  return preconditions;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

let pool = Buffer.alloc(0);
let poolUsed = 0;

/** 16 random bytes, cut from many made at once: salts and keys are needed by the million. */
function random16(): Buffer {
  if (poolUsed === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(primaryKeyBytes * 1024));
    poolUsed = 0;
  }
  poolUsed += saltBytes;
  return pool.subarray(poolUsed - saltBytes, poolUsed);
}

function tooLarge(bytes: number, events: number): AtedbError {
  const what = events === 1 ? 'the event is' : `the ${events} events are`;
  const advice = events === 1 ? 'Store it as several events' : 'Append them in several calls';
  return new AtedbError(
    'DATA_TOO_LARGE',
    `${what} too large for one batch, at ${bytes} bytes or more: ${eventsBytesMax} is the limit. ${advice}`,
    { metadata: { limit_bytes: String(eventsBytesMax), bytes: String(bytes) } },
  );
}

function invalid(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${field} can't be appended: ${why}`, {
    metadata: { field },
  });
}
