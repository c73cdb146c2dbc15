import { AtedbError, checkStrict, eventHeaderBytesMax, FieldCursor } from '../bytes/index.ts';
import { authorityFields } from './authority.ts';
import { invalid } from './batch-errors.ts';
import { eventMarks, layoutOf } from './event-layout.ts';
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
  'key_change',
  'rules',
] as const;

/** What an event does. */
export type EventKind = Exclude<(typeof eventKinds)[number], undefined>;

/** What an event's header says of the event. Buffers are slices of the header. */
export interface SaidOfEvent {
  readonly kind: EventKind;
  readonly primaryKey: Buffer | undefined;
  readonly parent: Buffer | undefined;
  readonly collection: Buffer | undefined;
  readonly type: string | undefined;
  readonly replyTo: Buffer | undefined;
  readonly timeUnixMs: number | undefined;
}

/** All of what an event's header says but for rights and keys; see `readAuthority`. Buffers are slices of the header. */
export interface EventHeader extends SaidOfEvent {
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
  /** Sequence of the redaction that has erased the data; undefined where none has. */
  readonly redactedBy: number | undefined;
}

const sizeMax = 0xffff_ffff;

/** Where data is, if it isn't in its event: the numbers of `atedb.v1.DataState`. */
export const dataStates = { omitted: 1, redacted: 2, dropped: 3, expired: 4 } as const;

/** Where an event's data is: there, or why it isn't. */
export type DataState = 'present' | keyof typeof dataStates;

const dataStateNames = ['present', 'omitted', 'redacted', 'dropped', 'expired'] as const;

/** The name of a number of `atedb.v1.DataState`; 0 is `present`. */
export function dataStateName(state: number): DataState {
  return dataStateNames[state] ?? 'present';
}

/** The marks that fields of a header make. */
const marksOfFields: Partial<Record<number, number>> = {
  [authorityFields.authorisation]: eventMarks.authority,
  [authorityFields.confidentiality]: eventMarks.sealed,
  [authorityFields.publicKeys]: eventMarks.authority,
  [authorityFields.wrappedKeys]: eventMarks.authority,
  [authorityFields.signWith]: eventMarks.signers,
  [authorityFields.author]: eventMarks.signers,
  [authorityFields.moves]: eventMarks.authority,
  [authorityFields.roots]: eventMarks.authority,
  [authorityFields.keyChange]: eventMarks.authority,
  [authorityFields.label]: eventMarks.label,
  [authorityFields.authAnswer]: eventMarks.authority,
  [authorityFields.serverIdentity]: eventMarks.authority,
  [authorityFields.snapshot]: eventMarks.authority,
  [authorityFields.redaction]: eventMarks.authority,
};

/**
 * Check any event in the strict form, and find its parts.
 *
 * @param start where the Event message begins in the run, and `end` where it ends.
 * @param at where its numbers go in the layout.
 * @throws AtedbError NON_CANONICAL, DATA_TOO_LARGE, BATCH_INVALID.
 */
export function findEvent(
  run: Buffer,
  start: number,
  end: number,
  layout: Uint32Array,
  at: number,
): void {
  checkStrict(eventForm, run, start, end);
  layout.fill(0, at, at + Object.keys(layoutOf).length);
  const event = new FieldCursor(run, start, end);
  let isRedactionNamed = false;
  while (event.next()) {
    if (event.field === 1) {
      layout[at + layoutOf.headerStart] = event.start;
      layout[at + layoutOf.headerEnd] = event.end;
    } else if (event.field === 2) {
      layout[at + layoutOf.dataStart] = event.start;
      layout[at + layoutOf.dataEnd] = event.end;
    } else if (event.field === 3) layout[at + layoutOf.saltStart] = event.start;
    else if (event.field === 4) layout[at + layoutOf.dataState] = event.value;
    else isRedactionNamed = true;
  }
  if (isRedactionNamed !== (layout[at + layoutOf.dataState] === dataStates.redacted)) {
    throw invalid(
      'it names the redaction that has erased its data, if it is erased, and only then',
    );
  }
  const headerStart = layout[at + layoutOf.headerStart] as number;
  const headerEnd = layout[at + layoutOf.headerEnd] as number;
  checkHeaderSize(headerEnd - headerStart);
  checkStrict(eventHeaderForm, run, headerStart, headerEnd);
  const header = new FieldCursor(run, headerStart, headerEnd);
  let marks = 0;
  while (header.next()) {
    if (header.field === 2) layout[at + layoutOf.kind] = header.value;
    else if (header.field === 3) layout[at + layoutOf.keyStart] = header.start;
    else if (header.field === 4) layout[at + layoutOf.parentStart] = header.start;
    else if (header.field === 15) layout[at + layoutOf.isGenesis] = 1;
    else if (header.field === 30) layout[at + layoutOf.hashStart] = header.start;
    else if (header.field === 31) {
      layout[at + layoutOf.dataBytes] = Math.min(header.value, sizeMax);
    } else marks |= marksOfFields[header.field] ?? 0;
  }
  layout[at + layoutOf.marks] = marks;
}

function checkHeaderSize(bytes: number): void {
  if (bytes <= eventHeaderBytesMax) return;
  throw new AtedbError(
    'DATA_TOO_LARGE',
    `its header is ${bytes} bytes, and ${eventHeaderBytesMax} is the limit`,
    { metadata: { limit_bytes: String(eventHeaderBytesMax) } },
  );
}

/** The event whose parts were found: an object, for those who want one. */
export function viewOf(run: Buffer, layout: Uint32Array, at: number): EventView {
  const part = (start: number, end: number) => run.subarray(layout[at + start], layout[at + end]);
  const headerBytes = part(layoutOf.headerStart, layoutOf.headerEnd);
  const saltStart = layout[at + layoutOf.saltStart] as number;
  return {
    headerBytes,
    header: readHeader(headerBytes),
    data: part(layoutOf.dataStart, layoutOf.dataEnd),
    salt: saltStart === 0 ? undefined : run.subarray(saltStart, saltStart + 16),
    dataState: layout[at + layoutOf.dataState] as number,
    redactedBy: redactedByOf(run, layout, at),
  };
}

/** Sequence of the redaction that an event, which was checked, names as the one that has erased its data. */
export function redactedByOf(run: Buffer, layout: Uint32Array, at: number): number | undefined {
  if (layout[at + layoutOf.dataState] !== dataStates.redacted) return undefined;
  const event = new FieldCursor(run, layout[at + layoutOf.headerEnd] as number);
  while (event.next()) {
    if (event.field === 5) return event.value;
  }
  return undefined;
}

/**
 * Read the header of an event by itself.
 *
 * @throws AtedbError NON_CANONICAL, DATA_TOO_LARGE.
 */
export function parseEventHeader(bytes: Buffer): EventHeader {
  checkHeaderSize(bytes.length);
  checkStrict(eventHeaderForm, bytes);
  return readHeader(bytes);
}

/** What is to be looked into of an event by its header, which was checked before: a sum of `eventMarks`. */
export function marksOfHeader(bytes: Buffer): number {
  const header = new FieldCursor(bytes);
  let marks = 0;
  while (header.next()) marks |= marksOfFields[header.field] ?? 0;
  return marks;
}

/** Read a header that was checked before. */
function readHeader(bytes: Buffer): EventHeader {
  const cursor = new FieldCursor(bytes);
  let isGenesis = false;
  let dataHash: Buffer | undefined;
  let dataBytes = 0;
  while (cursor.next()) {
    if (cursor.field === 15) isGenesis = true;
    else if (cursor.field === 30) dataHash = cursor.bytesValue();
    else if (cursor.field === 31) dataBytes = cursor.value;
  }
  return { ...readSaid(bytes, 0, bytes.length), isGenesis, dataHash, dataBytes };
}

/**
 * Read what a header that was checked before says of its event.
 *
 * @param start where the header begins in `bytes`, and `end` where it ends.
 */
export function readSaid(bytes: Buffer, start: number, end: number): SaidOfEvent {
  const cursor = new FieldCursor(bytes, start, end);
  let kind: EventKind = 'data';
  let primaryKey: Buffer | undefined;
  let parent: Buffer | undefined;
  let collection: Buffer | undefined;
  let type: string | undefined;
  let replyTo: Buffer | undefined;
  let timeUnixMs: number | undefined;
  // Fields come in the order of their numbers, and the last of these is 14.
  while (cursor.next() && cursor.field <= 14) {
    switch (cursor.field) {
      case 2:
        kind = eventKinds[cursor.value] ?? kind;
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
    }
  }
  return { kind, primaryKey, parent, collection, type, replyTo, timeUnixMs };
}
