import {
  AtedbError,
  batchEventsMax,
  checkStrict,
  FieldCursor,
  runBytesMax,
} from '../bytes/index.ts';
import { runFields } from './build-event.ts';
import { EventTable, locateEvent } from './event-table.ts';
import { type EventView, eventView } from './event-view.ts';
import { sealForm, sealHeaderForm, signatureForm } from './forms.ts';
import { type Precondition, sealHash, type TreeHead } from './seal.ts';

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
  /** Where everything lies in its events: for all that looks at every event of every batch. */
  readonly table: EventTable;
  /** Its events as objects, which are made when they are asked for. */
  readonly events: readonly EventView[];
  readonly seal: SealView;
}

class ParsedBatch implements Batch {
  readonly table: EventTable;
  readonly seal: SealView;
  #events: readonly EventView[] | undefined;

  constructor(table: EventTable, seal: SealView) {
    this.table = table;
    this.seal = seal;
  }

  get bytes(): Buffer {
    return this.table.run;
  }

  get events(): readonly EventView[] {
    const { table } = this;
    this.#events ??= Array.from({ length: table.count }, (_, index) => eventView(table, index));
    return this.#events;
  }
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
  let events = 0;
  let seal: SealView | undefined;
  const cursor = new FieldCursor(run);
  while (cursor.next()) {
    if (seal !== undefined) throw invalid('something follows its seal');
    if (cursor.field === runFields.event && cursor.wireType === 2) {
      if (events === batchEventsMax) {
        throw new AtedbError(
          'TOO_MANY_EVENTS',
          `the batch has more than ${batchEventsMax} events, which is the limit; append it as several batches`,
          { metadata: { limit_events: String(batchEventsMax) } },
        );
      }
      try {
        locateEvent(run, cursor.start, cursor.end, events);
      } catch (error) {
        throw about(error, `event ${events}`, { event_index: String(events) });
      }
      events += 1;
    } else if (cursor.field === runFields.seal && cursor.wireType === 2) {
      seal = parseSeal(run.subarray(cursor.start, cursor.end));
    } else {
      throw invalid(`it holds a field ${cursor.field}, which is neither an event nor a seal`);
    }
  }
  if (events === 0) throw invalid('it has no events');
  if (seal === undefined) throw invalid('it has no seal');
  return new ParsedBatch(EventTable.ofLocated(run, events), seal);
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

/** Take one Seal message apart. */
function parseSeal(bytes: Buffer): SealView {
  try {
    checkStrict(sealForm, bytes);
    const cursor = new FieldCursor(bytes);
    let headerBytes = emptyData as Buffer;
    const signatures: SignatureView[] = [];
    while (cursor.next()) {
      if (cursor.field === 1) headerBytes = cursor.bytesValue();
      else signatures.push(parseSignature(cursor.bytesValue()));
    }
    return { bytes, ...parseSealHeader(headerBytes), signatures };
  } catch (error) {
    throw about(error, 'the seal', {});
  }
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

function parseSignature(bytes: Buffer): SignatureView {
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

/** Say in a refusal which part of the batch it is about. */
function about(error: unknown, what: string, metadata: Record<string, string>): unknown {
  if (!(error instanceof AtedbError)) return error;
  return new AtedbError(error.reason, `${what}: ${error.message}`, {
    metadata: { ...error.metadata, ...metadata },
    cause: error,
  });
}

function invalid(why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `the batch is not valid: ${why}`);
}
