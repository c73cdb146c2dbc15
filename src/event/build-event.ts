import {
  AtedbError,
  eventHeaderBytesMax,
  FieldWriter,
  frame,
  typeNameBytesMax,
} from '../bytes/index.ts';
import { hashTags, taggedHash } from '../crypto/index.ts';
import { magics } from './forms.ts';
import { primaryKeyBytes } from './primary-key.ts';

/** Field numbers that an event and a seal have in a request and in a segment file alike. */
export const runFields = { event: 1, seal: 2 } as const;

const kindNumbers = { data: 2, tombstone: 3 } as const;
const saltBytes = 16;

/** What a writer says in an event. */
export interface EventInput {
  readonly kind: keyof typeof kindNumbers;
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** 16 bytes. */
  readonly parent?: Buffer | undefined;
  /** 16 bytes. */
  readonly collection?: Buffer | undefined;
  /** At most 255 bytes of UTF-8. */
  readonly type?: string | undefined;
  /** 16 bytes. */
  readonly replyTo?: Buffer | undefined;
  /** The writer's clock: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs?: number | undefined;
  readonly data: Buffer;
  /** 16 random bytes, never used for other data. */
  readonly salt: Buffer;
}

/** An event, sealed once: these bytes are never made again. */
export interface BuiltEvent {
  /** The EventHeader, as it is hashed. */
  readonly header: Buffer;
  /** The Event with its tag and length, as it is sent and stored. */
  readonly frame: Buffer;
}

/**
 * Build an event.
 *
 * @throws AtedbError REQUEST_INVALID naming the input that has the wrong size.
 */
export function buildEvent(input: EventInput): BuiltEvent {
  checkSize('primaryKey', input.primaryKey, primaryKeyBytes);
  checkSize('parent', input.parent, primaryKeyBytes);
  checkSize('collection', input.collection, primaryKeyBytes);
  checkSize('replyTo', input.replyTo, primaryKeyBytes);
  checkSize('salt', input.salt, saltBytes);
  if (input.type !== undefined && Buffer.byteLength(input.type) > typeNameBytesMax) {
    throw wrongInput('type', `is longer than ${typeNameBytesMax} bytes`);
  }
  const header = new FieldWriter()
    .fixed32(1, magics.event)
    .varint(2, kindNumbers[input.kind])
    .bytes(3, input.primaryKey)
    .bytes(4, input.parent)
    .bytes(5, input.collection)
    .string(12, input.type ?? '')
    .bytes(13, input.replyTo)
    .varint(14, input.timeUnixMs ?? 0)
    .bytes(30, hashData(input.salt, input.data))
    .varint(31, input.data.length)
    .finish();
  return frameEvent(header, input.data, input.salt);
}

/** Put the header of a genesis into its event. */
export function buildGenesisEvent(header: Buffer): BuiltEvent {
  return frameEvent(header, undefined, undefined);
}

/** The hash by which a header names its event's data in clear. 32 bytes. */
function hashData(salt: Buffer, data: Buffer): Buffer {
  return taggedHash(hashTags.data, salt, data);
}

function frameEvent(
  header: Buffer,
  data: Buffer | undefined,
  salt: Buffer | undefined,
): BuiltEvent {
  if (header.length > eventHeaderBytesMax) {
    throw wrongInput(
      'header',
      `is ${header.length} bytes, and ${eventHeaderBytesMax} is the limit`,
    );
  }
  const event = new FieldWriter().bytes(1, header).bytes(2, data).bytes(3, salt).finish();
  return { header, frame: frame(runFields.event, event) };
}

function checkSize(field: string, value: Buffer | undefined, size: number): void {
  if (value !== undefined && value.length !== size) {
    throw wrongInput(field, `is ${value.length} bytes, and must be ${size}`);
  }
}

function wrongInput(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `the event's ${field} ${why}`, { metadata: { field } });
}
