import { type EventKind, type EventTable, eventFields } from './event-table.ts';

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

const nothing = Buffer.alloc(0) as Buffer;

/** One event of a table, as an object. */
export function eventView(table: EventTable, index: number): EventView {
  return {
    headerBytes: table.slice(index, eventFields.header) ?? nothing,
    header: {
      kind: table.kind(index),
      primaryKey: table.slice(index, eventFields.primaryKey),
      parent: table.slice(index, eventFields.parent),
      collection: table.slice(index, eventFields.collection),
      type: table.text(index, eventFields.type),
      replyTo: table.slice(index, eventFields.replyTo),
      timeUnixMs: table.has(index, eventFields.timeUnixMs)
        ? table.number(index, eventFields.timeUnixMs)
        : undefined,
      isGenesis: table.has(index, eventFields.genesis),
      dataHash: table.slice(index, eventFields.dataHash),
      dataBytes: table.number(index, eventFields.dataBytes),
    },
    data: table.slice(index, eventFields.data) ?? nothing,
    salt: table.slice(index, eventFields.salt),
    dataState: table.number(index, eventFields.dataState),
  };
}
