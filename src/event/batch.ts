import {
  AtedbError,
  batchEventsMax,
  checkStrict,
  eventHeaderBytesMax,
  FieldCursor,
  runBytesMax,
} from '../bytes/index.ts';
import { runFields } from './build-event.ts';
import { eventForm, eventHeaderForm, sealForm, sealHeaderForm, signatureForm } from './forms.ts';
import { type Precondition, sealHash, type TreeHead } from './seal.ts';

/** What an event does; the names of `atedb.v1.EventKind`. */
export const eventKinds = [
  undefined,
  'genesis',
  'data',
  'tombstone',
  'redaction',
  'snapshot',
  'auth_answer',
  'roots',
  'server_identity',
] as const;

/** What an event does. */
export type EventKind = Exclude<(typeof eventKinds)[number], undefined>;

/** What an event's header says. Buffers are slices of the header. */
export interface EventHeader {
  readonly kind: EventKind;
  readonly primaryKey: Buffer | undefined;
  readonly parent: Buffer | undefined;
  readonly collection: Buffer | undefined;
  readonly type: string | undefined;
  readonly replyTo: Buffer | undefined;
  readonly timeUnixMs: number | undefined;
  readonly isGenesis: boolean;
  readonly dataHash: Buffer | undefined;
  readonly dataBytes: number;
}

/** An event as it lies in a run. Buffers are slices of the run. */
export interface EventView {
  readonly headerBytes: Buffer;
  readonly header: EventHeader;
  /** Empty where the data is, or is not here. */
  readonly data: Buffer;
  readonly salt: Buffer | undefined;
  /** 0: as written; else a number of `atedb.v1.DataState`. */
  readonly dataState: number;
}

/** One signature of a seal. */
export interface SignatureView {
  readonly suite: number;
  readonly fingerprint: Buffer;
  readonly signature: Buffer;
}

/** A seal as it lies in a run. Buffers are slices of the run. */
export interface SealView {
  /** The Seal message, without its tag and length. */
  readonly bytes: Buffer;
  readonly headerBytes: Buffer;
  readonly hash: Buffer;
  readonly chainId: Buffer;
  readonly writerId: Buffer;
  readonly fingerprint: Buffer;
  readonly writerSalt: Buffer;
  readonly counter: number;
  readonly previous: Buffer | undefined;
  readonly events: number;
  readonly eventsRoot: Buffer;
  readonly asOf: TreeHead | undefined;
  readonly preconditions: readonly Precondition[];
  readonly signatures: readonly SignatureView[];
}

/** A batch, taken apart without copying. */
export interface Batch {
  /** The run: events, then the seal. */
  readonly bytes: Buffer;
  readonly events: readonly EventView[];
  readonly seal: SealView;
}

const emptyData = Buffer.alloc(0);

/**
 * Take a run apart: one or more events, then exactly one seal, and nothing else.
 * The strict form of envelopes and headers is checked; hashes and signatures are not, see `trust`.
 *
 * @throws AtedbError NON_CANONICAL, BATCH_INVALID, DATA_TOO_LARGE, TOO_MANY_EVENTS.
 */
export function parseBatch(run: Buffer): Batch {
  if (run.length > runBytesMax) {
    throw new AtedbError(
      'DATA_TOO_LARGE',
      `the batch is ${run.length} bytes, and ${runBytesMax} is the limit; append it as several batches`,
      { metadata: { limit_bytes: String(runBytesMax), bytes: String(run.length) } },
    );
  }
  const events: EventView[] = [];
  let seal: SealView | undefined;
  const cursor = new FieldCursor(run);
  while (cursor.next()) {
    if (seal !== undefined) throw invalid('something follows its seal');
    if (cursor.field === runFields.event && cursor.wireType === 2) {
      if (events.length === batchEventsMax) {
        throw new AtedbError(
          'TOO_MANY_EVENTS',
          `the batch has more than ${batchEventsMax} events, which is the limit; append it as several batches`,
          { metadata: { limit_events: String(batchEventsMax) } },
        );
      }
      events.push(parseEvent(run.subarray(cursor.start, cursor.end), events.length));
    } else if (cursor.field === runFields.seal && cursor.wireType === 2) {
      seal = parseSeal(run.subarray(cursor.start, cursor.end));
    } else {
      throw invalid(`it holds a field ${cursor.field}, which is neither an event nor a seal`);
    }
  }
  if (events.length === 0) throw invalid('it has no events');
  if (seal === undefined) throw invalid('it has no seal');
  return { bytes: run, events, seal };
}

/**
 * Take apart only the seal of a run, without looking into its events: for runs that were checked before.
 *
 * @throws AtedbError NON_CANONICAL, BATCH_INVALID.
 */
export function parseSealOfRun(run: Buffer): SealView {
  const cursor = new FieldCursor(run);
  while (cursor.next()) {
    if (cursor.field === runFields.seal && cursor.wireType === 2) {
      return parseSeal(run.subarray(cursor.start, cursor.end));
    }
  }
  throw invalid('it has no seal');
}

/** Take one Event message apart; `index` names it in errors. */
function parseEvent(bytes: Buffer, index: number): EventView {
  return about(`event ${index}`, { event_index: String(index) }, () => {
    checkStrict(eventForm, bytes);
    const cursor = new FieldCursor(bytes);
    let headerBytes = emptyData as Buffer;
    let data = emptyData as Buffer;
    let salt: Buffer | undefined;
    let dataState = 0;
    while (cursor.next()) {
      if (cursor.field === 1) headerBytes = cursor.bytesValue();
      else if (cursor.field === 2) data = cursor.bytesValue();
      else if (cursor.field === 3) salt = cursor.bytesValue();
      else dataState = cursor.value;
    }
    if (headerBytes.length > eventHeaderBytesMax) {
      throw new AtedbError(
        'DATA_TOO_LARGE',
        `its header is ${headerBytes.length} bytes, and ${eventHeaderBytesMax} is the limit`,
        { metadata: { limit_bytes: String(eventHeaderBytesMax) } },
      );
    }
    return { headerBytes, header: parseEventHeader(headerBytes), data, salt, dataState };
  });
}

function parseEventHeader(bytes: Buffer): EventHeader {
  checkStrict(eventHeaderForm, bytes);
  const cursor = new FieldCursor(bytes);
  let kind: EventKind | undefined;
  let primaryKey: Buffer | undefined;
  let parent: Buffer | undefined;
  let collection: Buffer | undefined;
  let type: string | undefined;
  let replyTo: Buffer | undefined;
  let timeUnixMs: number | undefined;
  let isGenesis = false;
  let dataHash: Buffer | undefined;
  let dataBytes = 0;
  while (cursor.next()) {
    switch (cursor.field) {
      case 2:
        kind = eventKinds[cursor.value];
        break;
      case 3:
        primaryKey = cursor.bytesValue();
        break;
      case 4:
        parent = cursor.bytesValue();
        break;
      case 5:
        collection = cursor.bytesValue();
        break;
      case 12:
        type = cursor.stringValue();
        break;
      case 13:
        replyTo = cursor.bytesValue();
        break;
      case 14:
        timeUnixMs = cursor.value;
        break;
      case 15:
        isGenesis = true;
        break;
      case 30:
        dataHash = cursor.bytesValue();
        break;
      case 31:
        dataBytes = cursor.value;
        break;
    }
  }
  if (kind === undefined) throw invalid('the kind of an event is missing');
  return {
    kind,
    primaryKey,
    parent,
    collection,
    type,
    replyTo,
    timeUnixMs,
    isGenesis,
    dataHash,
    dataBytes,
  };
}

/** Take one Seal message apart. */
function parseSeal(bytes: Buffer): SealView {
  return about('the seal', {}, () => {
    checkStrict(sealForm, bytes);
    const cursor = new FieldCursor(bytes);
    let headerBytes = emptyData as Buffer;
    const signatures: SignatureView[] = [];
    while (cursor.next()) {
      if (cursor.field === 1) headerBytes = cursor.bytesValue();
      else signatures.push(parseSignature(cursor.bytesValue()));
    }
    return { bytes, ...parseSealHeader(headerBytes), signatures };
  });
}

function parseSealHeader(bytes: Buffer): Omit<SealView, 'bytes' | 'signatures'> {
  checkStrict(sealHeaderForm, bytes);
  const cursor = new FieldCursor(bytes);
  const ids: Record<number, Buffer> = {};
  let counter = 0;
  let events = 0;
  let asOfSize = 0;
  const preconditions: Precondition[] = [];
  while (cursor.next()) {
    if (cursor.field === 6) counter = cursor.value;
    else if (cursor.field === 8) events = cursor.value;
    else if (cursor.field === 10) asOfSize = cursor.value;
    else if (cursor.field === 12) preconditions.push(parsePrecondition(cursor.bytesValue()));
    else if (cursor.wireType === 2) ids[cursor.field] = cursor.bytesValue();
  }
  const { 7: previous, 11: asOfRoot } = ids;
  if (counter > 0 !== (previous !== undefined)) {
    throw invalid('a seal names the one before it, unless its counter is 0');
  }
  if (asOfSize > 0 !== (asOfRoot !== undefined)) {
    throw invalid('a head has both a size and a root, or neither');
  }
  return {
    headerBytes: bytes,
    hash: sealHash(bytes),
    chainId: ids[2] ?? emptyData,
    writerId: ids[3] ?? emptyData,
    fingerprint: ids[4] ?? emptyData,
    writerSalt: ids[5] ?? emptyData,
    counter,
    previous,
    events,
    eventsRoot: ids[9] ?? emptyData,
    asOf: asOfRoot === undefined ? undefined : { size: asOfSize, root: asOfRoot },
    preconditions,
  };
}

function parsePrecondition(bytes: Buffer): Precondition {
  const outer = new FieldCursor(bytes);
  if (!outer.next()) throw invalid('a precondition says nothing');
  const inner = new FieldCursor(outer.bytesValue());
  const value = inner.next() ? inner.value : 0;
  return outer.field === 1
    ? { kind: 'chain_unchanged', sinceSequence: value }
    : { kind: 'lands_before', sequence: value };
}

/**
 * Take one Signature message apart.
 *
 * @throws AtedbError NON_CANONICAL.
 */
export function parseSignature(bytes: Buffer): SignatureView {
  checkStrict(signatureForm, bytes);
  const cursor = new FieldCursor(bytes);
  let suite = 0;
  let fingerprint = emptyData as Buffer;
  let signature = emptyData as Buffer;
  while (cursor.next()) {
    if (cursor.field === 1) suite = cursor.value;
    else if (cursor.field === 2) fingerprint = cursor.bytesValue();
    else signature = cursor.bytesValue();
  }
  return { suite, fingerprint, signature };
}

/** Run a parser, and say in its refusals which part of the batch they are about. */
function about<T>(what: string, metadata: Record<string, string>, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(error.reason, `${what}: ${error.message}`, {
      metadata: { ...error.metadata, ...metadata },
      cause: error,
    });
  }
}

function invalid(why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `the batch is not valid: ${why}`);
}
