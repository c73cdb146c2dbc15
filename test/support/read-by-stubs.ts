import { fromBinary } from '@bufbuild/protobuf';
import {
  type DataState,
  type EventHeader,
  EventHeaderSchema,
  EventKind,
  SealHeaderSchema,
} from '../../gen/atedb/v1/event_pb.js';
import { CommitHeaderSchema, LogSegmentSchema } from '../../gen/atedb/v1/log_pb.js';

// Histories as generated stubs read them, for tests that decide once more what src/ decides.

/** An event as generated stubs read it, and where it is. */
export interface Read {
  readonly sequence: number;
  readonly commit: number;
  readonly timeUnixMs: number;
  readonly writer: string;
  readonly header: EventHeader;
  readonly data: Uint8Array;
  readonly state: DataState;
  readonly redaction: number;
}

/** All events of a history. A commit owns as many events as its header counts, and one seal. */
export function eventsOf(slices: readonly Uint8Array[]): Read[] {
  const log = fromBinary(LogSegmentSchema, Buffer.concat(slices));
  const events = [...log.events];
  return log.commits.flatMap(({ header }, place) => {
    const commit = fromBinary(CommitHeaderSchema, header);
    const seal = fromBinary(SealHeaderSchema, log.seals[place]?.header as Uint8Array);
    return events.splice(0, commit.events).map(
      (event, index): Read => ({
        sequence: Number(commit.firstSequence) + index,
        commit: Number(commit.commit),
        timeUnixMs: Number(commit.timeUnixMs),
        writer: Buffer.from(seal.writerId).toString('hex'),
        header: fromBinary(EventHeaderSchema, event.header),
        ...{ data: event.data, state: event.dataState, redaction: Number(event.redaction) },
      }),
    );
  });
}

/** The primary key of an event's object, in hexadecimal. */
export const objectOf = ({ header }: Read) => Buffer.from(header.primaryKey).toString('hex');

/** Whether an event is a state of its object, or removes it. */
export const writes = ({ header }: Read) =>
  header.kind === EventKind.DATA || header.kind === EventKind.TOMBSTONE;
