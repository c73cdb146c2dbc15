import {
  AtedbError,
  batchEventsMax,
  eventHeaderBytesMax,
  FieldLocator,
  fieldPlace,
  numbersPerField,
  readVarint,
} from '../bytes/index.ts';
import type { HashInputs } from '../crypto/index.ts';
import { eventForm, eventHeaderForm } from './forms.ts';

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

const envelope = new FieldLocator(eventForm);
const header = new FieldLocator(eventHeaderForm);
const headerFieldsAt = eventForm.fields.length * numbersPerField;
const rowNumbers = headerFieldsAt + eventHeaderForm.fields.length * numbersPerField;

const envelopeField = (name: string) => fieldPlace(eventForm, name) * numbersPerField;
const headerField = (name: string) =>
  headerFieldsAt + fieldPlace(eventHeaderForm, name) * numbersPerField;

/** The fields of events and their headers, by which a table is asked. */
export const eventFields = {
  header: envelopeField('header'),
  data: envelopeField('data'),
  salt: envelopeField('salt'),
  dataState: envelopeField('data_state'),
  kind: headerField('kind'),
  primaryKey: headerField('primary_key'),
  parent: headerField('parent'),
  collection: headerField('collection'),
  type: headerField('type'),
  replyTo: headerField('reply_to'),
  timeUnixMs: headerField('time_unix_ms'),
  genesis: headerField('genesis'),
  dataHash: headerField('data_hash'),
  dataBytes: headerField('data_bytes'),
} as const;

/** One of `eventFields`. */
export type EventField = (typeof eventFields)[keyof typeof eventFields];

/** Rows of the table that is being made; it is copied when it is done. Grows to what the largest batch so far took. */
let rows = new Int32Array(16 * rowNumbers);

/**
 * Where everything lies in the events of one run, without an object an event. Rows are in the order of the events, and
 * indexes of events that aren't there are the caller's mistake.
 */
export class EventTable {
  readonly run: Buffer;
  /** Number of events. */
  readonly count: number;
  readonly #rows: Int32Array;

  private constructor(run: Buffer, count: number, rows: Int32Array) {
    this.run = run;
    this.count = count;
    this.#rows = rows;
  }

  /**
   * The table of the first `count` events that `locateEvent` was given.
   *
   * @param run which they all lie in.
   */
  static ofLocated(run: Buffer, count: number): EventTable {
    return new EventTable(run, count, rows.slice(0, count * rowNumbers));
  }

  /** Whether a field is there. */
  has(index: number, field: EventField): boolean {
    return this.#rows[index * rowNumbers + field] !== 0;
  }

  /** Bytes of a field's value; 0 where it is absent. */
  bytesOf(index: number, field: EventField): number {
    const at = index * rowNumbers + field;
    return (this.#rows[at + 1] as number) - (this.#rows[at] as number);
  }

  /** The value of a length-delimited field: a slice of the run, not a copy; undefined where it is absent. */
  slice(index: number, field: EventField): Buffer | undefined {
    const at = index * rowNumbers + field;
    const start = this.#rows[at] as number;
    return start === 0 ? undefined : this.run.subarray(start, this.#rows[at + 1]);
  }

  /** The value of an integer; 0 where it is absent. */
  number(index: number, field: EventField): number {
    const at = index * rowNumbers + field;
    const start = this.#rows[at] as number;
    return start === 0 ? 0 : readVarint(this.run, start, this.#rows[at + 1] as number, 'Event');
  }

  /** The value of a text; undefined where it is absent. */
  text(index: number, field: EventField): string | undefined {
    const at = index * rowNumbers + field;
    const start = this.#rows[at] as number;
    return start === 0 ? undefined : this.run.toString('utf8', start, this.#rows[at + 1]);
  }

  kind(index: number): EventKind {
    // A kind is a known number below 128: one byte.
    const number = this.run[this.#rows[index * rowNumbers + eventFields.kind] as number] as number;
    return eventKinds[number] as EventKind;
  }

  /** Add an event's header to inputs of the run, as a leaf. */
  addLeaf(index: number, inputs: HashInputs): void {
    const at = index * rowNumbers + eventFields.header;
    const start = this.#rows[at] as number;
    inputs.add(start, (this.#rows[at + 1] as number) - start, 0, 0, 0);
  }

  /** Add an event's salt and data to inputs of the run, and the hash that its header names as what is expected. */
  addData(index: number, inputs: HashInputs): void {
    const row = index * rowNumbers;
    const salt = row + eventFields.salt;
    const data = row + eventFields.data;
    const saltStart = this.#rows[salt] as number;
    const dataStart = this.#rows[data] as number;
    inputs.add(
      saltStart,
      (this.#rows[salt + 1] as number) - saltStart,
      dataStart,
      (this.#rows[data + 1] as number) - dataStart,
      this.#rows[row + eventFields.dataHash] as number,
    );
  }
}

/**
 * Check the strict form of one Event message and of its header, and note where its fields lie, for `ofLocated`.
 *
 * @param index of the event, from 0 on: less than `batchEventsMax`.
 * @throws AtedbError NON_CANONICAL, DATA_TOO_LARGE.
 */
export function locateEvent(run: Buffer, start: number, end: number, index: number): void {
  const at = index * rowNumbers;
  if (at + rowNumbers > rows.length) grow();
  envelope.locate(run, start, end, rows, at);
  const headerStart = rows[at + eventFields.header] as number;
  const headerEnd = rows[at + eventFields.header + 1] as number;
  if (headerEnd - headerStart > eventHeaderBytesMax) {
    throw new AtedbError(
      'DATA_TOO_LARGE',
      `its header is ${headerEnd - headerStart} bytes, and ${eventHeaderBytesMax} is the limit`,
      { metadata: { limit_bytes: String(eventHeaderBytesMax) } },
    );
  }
  header.locate(run, headerStart, headerEnd, rows, at + headerFieldsAt);
}

function grow(): void {
  const grown = new Int32Array(Math.min(2 * rows.length, batchEventsMax * rowNumbers));
  grown.set(rows);
  rows = grown;
}
