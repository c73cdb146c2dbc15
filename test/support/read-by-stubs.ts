import { fromBinary } from '@bufbuild/protobuf';
import {
  type DataState,
  type Event,
  type EventHeader,
  EventHeaderSchema,
  EventKind,
  type SealHeader,
  SealHeaderSchema,
} from '../../gen/atedb/v1/event_pb.js';
import {
  type CommitHeader,
  CommitHeaderSchema,
  LogSegmentSchema,
} from '../../gen/atedb/v1/log_pb.js';

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

/** A commit that is there, as generated stubs read it. */
export interface ReadCommit {
  readonly commit: CommitHeader;
  readonly seal: SealHeader;
  /** Those of its events that are there, and for each run of those that are gone one that counts them. */
  readonly events: readonly Event[];
}

/** All commits of a history. A commit owns as many events as its header counts, some of which may be gone, and one seal. */
export function commitsOf(slices: readonly Uint8Array[]): ReadCommit[] {
  const log = fromBinary(LogSegmentSchema, Buffer.concat(slices));
  const left = [...log.events];
  return log.commits.map(({ header }, place) => {
    const commit = fromBinary(CommitHeaderSchema, header);
    const seal = fromBinary(SealHeaderSchema, log.seals[place]?.header as Uint8Array);
    const events: Event[] = [];
    for (let count = 0; count < commit.events; ) {
      const event = left.shift() as Event;
      events.push(event);
      count += event.gone?.events ?? 1;
    }
    return { commit, seal, events };
  });
}

/** All events of a history that are there. */
export function eventsOf(slices: readonly Uint8Array[]): Read[] {
  return commitsOf(slices).flatMap(({ commit, seal, events }) => {
    let sequence = Number(commit.firstSequence);
    return events.flatMap((event): Read[] => {
      const at = sequence;
      sequence += event.gone?.events ?? 1;
      if (event.gone !== undefined) return [];
      return [
        {
          sequence: at,
          commit: Number(commit.commit),
          timeUnixMs: Number(commit.timeUnixMs),
          writer: Buffer.from(seal.writerId).toString('hex'),
          header: fromBinary(EventHeaderSchema, event.header),
          ...{ data: event.data, state: event.dataState, redaction: Number(event.redaction) },
        },
      ];
    });
  });
}

/** The primary key of an event's object, in hexadecimal. */
export const objectOf = ({ header }: Read) => Buffer.from(header.primaryKey).toString('hex');

/** Whether an event is a state of its object, or removes it. */
export const writes = ({ header }: Read) =>
  header.kind === EventKind.DATA || header.kind === EventKind.TOMBSTONE;
