import { AtedbError, batchEventsMax, FieldCursor, runBytesMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type ParsedAuthAnswer, parseAuthAnswer } from './auth-answer.ts';
import { type EventAuthority, readAuthority } from './authority.ts';
import { about, invalid } from './batch-errors.ts';
import { runFields } from './build-event.ts';
import { type ParsedDelegation, parseDelegation } from './delegation.ts';
import { eventMarks, findUsualEvent, layoutOf, layoutStride } from './event-layout.ts';
import {
  type EventKind,
  type EventView,
  eventKinds,
  findEvent,
  readSaid,
  redactedByOf,
  type SaidOfEvent,
  viewOf,
} from './event-view.ts';
import { findGoneEvents, goneTag, layOutGone } from './gone-events.ts';
import { type ParsedIdentityRotation, parseIdentityRotation } from './identity-rotation.ts';
import { parsePublicKey } from './public-key.ts';
import { parseSeal, type SealView } from './seal-view.ts';

/** A batch, taken apart without copying. */
export class Batch {
  /** The run: events, then the seal. */
  readonly bytes: Buffer;
  readonly seal: SealView;
  /** Number of events, with those that are gone. */
  readonly count: number;
  /** Where the parts of the events lie; see `layoutOf`. */
  readonly layout: Uint32Array;
  #events: readonly EventView[] | undefined;
  readonly #authorities = new Map<number, EventAuthority>();
  readonly #answers = new Map<number, ParsedAuthAnswer>();
  readonly #rotations = new Map<number, ParsedIdentityRotation>();
  #sealKeys: readonly PublicKey[] | undefined;
  #delegations: readonly ParsedDelegation[] | undefined;
  #hasGone: boolean | undefined;

  constructor(bytes: Buffer, seal: SealView, layout: Uint32Array) {
    this.bytes = bytes;
    this.seal = seal;
    this.layout = layout;
    this.count = layout.length / layoutStride;
  }

  /** Whether an event of it is gone. */
  get hasGone(): boolean {
    if (this.#hasGone !== undefined) return this.#hasGone;
    let hasGone = false;
    for (let index = 0; !hasGone && index < this.count; index += 1) hasGone = this.isGone(index);
    this.#hasGone = hasGone;
    return hasGone;
  }

  /** Whether an event is gone: then nothing is known of it but its place, and that its header is in the batch's tree. */
  isGone(index: number): boolean {
    return this.layout[index * layoutStride + layoutOf.kind] === 0;
  }

  /** Whether the first event is a genesis. */
  get isGenesis(): boolean {
    return this.kindOf(0) === 'genesis';
  }

  /** The events as objects, made when they are first asked for: of a batch that is whole. */
  get events(): readonly EventView[] {
    this.#events ??= Array.from({ length: this.count }, (_, index) => this.eventAt(index));
    return this.#events;
  }

  /** What is to be looked into of an event: a sum of `eventMarks`. */
  marksOf(index: number): number {
    return this.layout[index * layoutStride + layoutOf.marks] as number;
  }

  /**
   * What an event says of rights and keys; read when it is first asked for.
   *
   * @throws AtedbError BATCH_INVALID where that contradicts itself, naming the event.
   */
  authorityOf(index: number): EventAuthority {
    if ((this.marksOf(index) & ~eventMarks.sealed) === 0) return noAuthority;
    let authority = this.#authorities.get(index);
    if (authority === undefined) {
      authority = refusing(`event ${index}`, { event_index: String(index) }, () =>
        readAuthority(this.headerOf(index)),
      );
      this.#authorities.set(index, authority);
    }
    return authority;
  }

  /**
   * The answer of an auth service that an event holds; read when it is first asked for.
   *
   * @throws AtedbError BATCH_INVALID where it is none.
   */
  answerOf(index: number): ParsedAuthAnswer {
    const known = this.#answers.get(index);
    if (known !== undefined) return known;
    const answer = this.#held(index, 'authAnswer', parseAuthAnswer);
    this.#answers.set(index, answer);
    return answer;
  }

  /**
   * The rotation of an identity that an event holds; read when it is first asked for.
   *
   * @throws AtedbError BATCH_INVALID where it is none.
   */
  rotationOf(index: number): ParsedIdentityRotation {
    const known = this.#rotations.get(index);
    if (known !== undefined) return known;
    const rotation = this.#held(index, 'serverIdentity', parseIdentityRotation);
    this.#rotations.set(index, rotation);
    return rotation;
  }

  /** What an event holds as a message by itself. */
  #held<T>(index: number, field: 'authAnswer' | 'serverIdentity', parse: (bytes: Buffer) => T): T {
    const bytes = this.authorityOf(index)[field];
    return refusing(`event ${index}`, { event_index: String(index) }, () => {
      if (bytes === undefined) throw invalid('what its kind is about is missing');
      return parse(bytes);
    });
  }

  /**
   * The public keys that its seal shows; read when they are first asked for.
   *
   * @throws AtedbError BATCH_INVALID, UNSUPPORTED for one that is none.
   */
  sealKeys(): readonly PublicKey[] {
    const { publicKeys } = this.seal;
    this.#sealKeys ??= refusing('the seal', {}, () => publicKeys.map((key) => parsePublicKey(key)));
    return this.#sealKeys;
  }

  /**
   * The delegations that its seal shows; read when they are first asked for.
   *
   * @throws AtedbError DELEGATION_INVALID for one that is none.
   */
  delegations(): readonly ParsedDelegation[] {
    if (this.seal.delegations.length === 0) return noDelegations;
    this.#delegations ??= this.seal.delegations.map(parseDelegation);
    return this.#delegations;
  }

  /** The header bytes of an event. */
  headerOf(index: number): Buffer {
    const at = index * layoutStride;
    const start = this.layout[at + layoutOf.headerStart];
    return this.bytes.subarray(start, this.layout[at + layoutOf.headerEnd]);
  }

  /** Where the data of an event is: 0 for in it, else a number of `atedb.v1.DataState`. */
  dataStateOf(index: number): number {
    return this.layout[index * layoutStride + layoutOf.dataState] as number;
  }

  /** Sequence of the redaction that has erased the data of an event; undefined where none has. */
  redactedBy(index: number): number | undefined {
    return redactedByOf(this.bytes, this.layout, index * layoutStride);
  }

  /** How many bytes of data an event has, as its header says. */
  dataBytesOf(index: number): number {
    return this.layout[index * layoutStride + layoutOf.dataBytes] as number;
  }

  /** The data of an event as it is stored: sealed, where it is; empty, where it is not here. */
  dataOf(index: number): Buffer {
    const at = index * layoutStride;
    const start = this.layout[at + layoutOf.dataStart];
    return this.bytes.subarray(start, this.layout[at + layoutOf.dataEnd]);
  }

  /** What the header of an event says of it, without what only checking needs. */
  saidOf(index: number): SaidOfEvent {
    const at = index * layoutStride;
    const start = this.layout[at + layoutOf.headerStart] as number;
    return readSaid(this.bytes, start, this.layout[at + layoutOf.headerEnd] as number);
  }

  /** One event as an object, where the others aren't wanted. It must not be gone. */
  eventAt(index: number): EventView {
    if (this.isGone(index)) throw new RangeError(`event ${index} is gone`);
    return viewOf(this.bytes, this.layout, index * layoutStride);
  }

  /** What an event does, or that it is gone. */
  kindOf(index: number): EventKind | 'gone' {
    return eventKinds[this.layout[index * layoutStride + layoutOf.kind] as number] ?? 'gone';
  }
}

const noAuthority: EventAuthority = {};
const noDelegations: readonly ParsedDelegation[] = [];

/** Read keys and rules; what is wrong with them is wrong with the batch, and not with a request. */
function refusing<T>(what: string, metadata: Record<string, string>, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const reason = error.reason === 'UNSUPPORTED' ? 'UNSUPPORTED' : 'BATCH_INVALID';
    throw new AtedbError(reason, `${what}: ${error.message}`, { metadata, cause: error });
  }
}

/** Where the layout of a batch is put together, before it is known how many events it has. */
let scratch = new Uint32Array(256 * layoutStride);

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
  let count = 0;
  let seal: SealView | undefined;
  const cursor = new FieldCursor(run);
  while (cursor.next()) {
    if (seal !== undefined) throw invalid('something follows its seal');
    if (cursor.field === runFields.event && cursor.wireType === 2) {
      if (count === batchEventsMax) throw tooManyEvents();
      count += layOutEvent(run, cursor.start, cursor.end, count);
    } else if (cursor.field === runFields.seal && cursor.wireType === 2) {
      seal = parseSeal(run.subarray(cursor.start, cursor.end));
    } else {
      throw invalid(`it holds a field ${cursor.field}, which is neither an event nor a seal`);
    }
  }
  if (count === 0) throw invalid('it has no events');
  if (seal === undefined) throw invalid('it has no seal');
  return new Batch(run, seal, scratch.slice(0, count * layoutStride));
}

/**
 * Put a batch together whose run was taken apart before, by `parseBatch`, in another copy of the same bytes: nothing of its
 * events is checked again.
 *
 * @param parts.sealStart where the Seal message begins in the run, and `sealEnd` where it ends.
 */
export function reopenBatch(
  run: Buffer,
  parts: { readonly sealStart: number; readonly sealEnd: number; readonly layout: Uint32Array },
): Batch {
  const { sealStart, sealEnd, layout } = parts;
  return new Batch(run, parseSeal(run.subarray(sealStart, sealEnd)), layout);
}

function tooManyEvents(): AtedbError {
  return new AtedbError(
    'TOO_MANY_EVENTS',
    `the batch has more than ${batchEventsMax} events, which is the limit; append it as several batches`,
    { metadata: { limit_events: String(batchEventsMax) } },
  );
}

/** @returns how many events it is, or stands for. */
function layOutEvent(run: Buffer, start: number, end: number, index: number): number {
  const at = index * layoutStride;
  reserve(index + 1);
  if (findUsualEvent(run, start, end, scratch, at)) return 1;
  return about(`event ${index}`, { event_index: String(index) }, () => {
    if (run[start] !== goneTag || start === end) {
      findEvent(run, start, end, scratch, at);
      return 1;
    }
    const gone = findGoneEvents(run, start, end, index);
    if (index + gone.events > batchEventsMax) throw tooManyEvents();
    reserve(index + gone.events);
    layOutGone(scratch, index, gone);
    return gone.events;
  });
}

/** Have room for the layout of so many events. */
function reserve(events: number): void {
  let length = scratch.length;
  while (length < events * layoutStride) length *= 2;
  if (length === scratch.length) return;
  const larger = new Uint32Array(length);
  larger.set(scratch);
  scratch = larger;
}
