import { isUtf8 } from 'node:buffer';
import type { RedactedBy, SealedState } from '../client/index.ts';
import type { DataState, EventKind, Redaction } from '../event/index.ts';
import type { VouchedBy } from '../trust/index.ts';
import { isoTime, shownData } from './safe-text.ts';

/** What is printed of an event. */
export interface PrintedEvent {
  readonly sequence: number;
  readonly kind: EventKind;
  /** Empty in a genesis. */
  readonly primaryKey: Buffer;
  readonly parent: Buffer | undefined;
  readonly collection: Buffer | undefined;
  readonly type: string | undefined;
  /** Of a child that is listed: sequence of the event of rules that has moved it since. */
  readonly movedBy?: number | undefined;
  readonly replyTo: Buffer | undefined;
  readonly committedUnixMs: number;
  /** Fingerprint of the key of whoever is named as the author. */
  readonly author?: Buffer | undefined;
  /** Undefined: it is not here any more. */
  readonly data: Buffer | undefined;
  /** Bytes of data, as it is stored. */
  readonly dataBytes?: number;
  /** Absent: it is here. */
  readonly dataState?: DataState;
  readonly redactedBy?: RedactedBy | undefined;
  readonly redaction?: Redaction | undefined;
  /** Of its writer's key. */
  readonly fingerprint?: Buffer;
  /** Absent: it is stored in clear. */
  readonly sealed?: SealedState | undefined;
  /** Absent: not said, as in a log that is dumped. */
  readonly vouchedBy?: VouchedBy;
}

/** How events are printed. */
export interface EventFormat {
  /** An object a line, of events of every kind. */
  readonly json: boolean;
  /** In JSON, data as text where it is valid UTF-8. */
  readonly text: boolean;
  /** A zero byte, not a newline, after the data of each event. */
  readonly zeros: boolean;
  /** What is printed goes to a terminal, which data must not drive. */
  readonly terminal: boolean;
}

/**
 * Make what turns an event into the bytes to print, or undefined where it isn't printed: without JSON only
 * data events are, whose data is in clear or was opened.
 */
export function eventPrinter(format: EventFormat): (event: PrintedEvent) => Buffer | undefined {
  const { json, text, zeros, terminal } = format;
  if (json) return (event) => Buffer.from(`${eventJson(event, text)}\n`);
  // On a terminal zero bytes would show nothing, and lines would run together.
  if (terminal) {
    return (event) =>
      isShown(event) ? Buffer.from(`${shownData(event.data ?? noData)}\n`) : undefined;
  }
  const separator = zeros ? 0 : 0x0a;
  return (event) => {
    if (!isShown(event)) return undefined;
    const { data = noData } = event;
    const line = Buffer.allocUnsafe(data.length + 1);
    data.copy(line);
    line[data.length] = separator;
    return line;
  };
}

const noData = Buffer.alloc(0);

function isShown({ kind, sealed, data }: PrintedEvent): boolean {
  return kind === 'data' && data !== undefined && (sealed === undefined || sealed.state === 'open');
}

/** An event as one line of JSON. Keys are in hex, times are of the commit; what an event lacks is left out. */
export function eventJson(event: PrintedEvent, asText: boolean): string {
  const { sequence, kind, primaryKey, parent, collection, type, replyTo, data } = event;
  const { sealed, dataState, redactedBy, redaction } = event;
  const isOpen = sealed === undefined || sealed.state === 'open';
  const shown = isOpen && (kind === 'data' || (data?.length ?? 0) > 0) ? data : undefined;
  const textual = asText && shown !== undefined && isUtf8(shown);
  // `undefined` is left out by JSON.stringify.
  return JSON.stringify({
    sequence,
    key: hexOrAbsent(primaryKey),
    kind,
    type,
    time: isoTime(event.committedUnixMs),
    parent: hexOrAbsent(parent),
    collection: hexOrAbsent(collection),
    movedBy: event.movedBy,
    replyTo: hexOrAbsent(replyTo),
    author: hexOrAbsent(event.author),
    vouchedBy: event.vouchedBy === 'server' ? 'server' : undefined,
    sealed: sealed && sealedFields(sealed),
    dataState: dataState === 'present' ? undefined : dataState,
    dataBytes: dataState === 'omitted' ? event.dataBytes : undefined,
    redactedBy: redactedBy && {
      sequence: redactedBy.sequence,
      fingerprint: hexOrAbsent(redactedBy.fingerprint),
    },
    redaction,
    fingerprint: redaction && hexOrAbsent(event.fingerprint),
    data: textual ? undefined : shown?.toString('base64'),
    text: textual ? shown.toString('utf8') : undefined,
  });
}

function sealedFields({ readKeyId, state, holders }: SealedState): object {
  const who = holders.map((holder) => holder.toString('hex'));
  return {
    readKeyId: readKeyId.toString('hex'),
    state,
    holders: state === 'no key' ? who : undefined,
  };
}

/** Bytes in hex; undefined for none. */
export function hexOrAbsent(bytes: Buffer | undefined): string | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : bytes.toString('hex');
}
