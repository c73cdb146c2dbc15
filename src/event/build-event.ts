import {
  AtedbError,
  eventHeaderBytesMax,
  FieldWriter,
  frame,
  framedBytes,
  typeNameBytesMax,
  varintBytes,
} from '../bytes/index.ts';
import { HashInputs, hashBytes, hashTags, RangeHasher } from '../crypto/index.ts';
import {
  type Confidentiality,
  type EventAuthority,
  writeEarlyAuthority,
  writeLateAuthority,
} from './authority.ts';
import { magics } from './forms.ts';
import { primaryKeyBytes } from './primary-key.ts';

/** Field numbers that an event and a seal have in a request and in a segment file alike. */
export const runFields = { event: 1, seal: 2 } as const;

const kindNumbers = {
  data: 2,
  tombstone: 3,
  redaction: 4,
  snapshot: 5,
  auth_answer: 6,
  roots: 7,
  server_identity: 8,
  key_change: 9,
  rules: 10,
} as const;
/** What these kinds are about is an object. */
const kindsOfObjects: readonly EventInput['kind'][] = ['data', 'tombstone', 'redaction'];
const saltBytes = 16;

/** What a writer says in an event. */
export interface EventInput {
  readonly kind: keyof typeof kindNumbers;
  /** 16 bytes. Absent in changes of roots and keys, snapshots, answers and identities; in rules, where they are the root's. */
  readonly primaryKey?: Buffer | undefined;
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
  /** How the data is sealed. Absent: it is in clear. */
  readonly sealing?: Sealing | undefined;
  /** What the event says of rights and keys. */
  readonly authority?: EventAuthority | undefined;
  /** In clear; what is stored is sealed, where the event says how. */
  readonly data: Buffer;
  /** 16 random bytes, never used for other data. Sealed data needs none, and this is then left out. */
  readonly salt: Buffer;
}

/** How an event's data is sealed. */
export interface Sealing {
  readonly confidentiality: Confidentiality;
  /**
   * Seal data.
   *
   * @param header the header's bytes before the hash of the data, which the seal is to be bound to.
   */
  seal(data: Buffer, header: Buffer): Buffer;
}

/** An event, sealed once: these bytes are never made again. */
export interface BuiltEvent {
  /** The EventHeader, as it is hashed. */
  readonly header: Buffer;
  /** The Event with its tag and length, as it is sent and stored. */
  readonly frame: Buffer;
}

/** Build one event; see `buildEvents`. */
export function buildEvent(input: EventInput): BuiltEvent {
  return buildEvents([input])[0] as BuiltEvent;
}

/**
 * Build events, one behind the other in memory that they share, and hash their data at once.
 *
 * @throws AtedbError REQUEST_INVALID naming the input that has the wrong size.
 */
export function buildEvents(inputs: readonly EventInput[]): BuiltEvent[] {
  for (const input of inputs) checkInput(input);
  const parts = inputs.map(partsOf);
  const room = parts.reduce((sum, { header, data }) => {
    return sum + header.length + data.length + fixedBytesMax;
  }, 0);
  const writer = new FieldWriter(room);
  const places = parts.map((one) => writeEvent(writer, one));
  const bytes = writer.finish();
  hashData(
    bytes,
    places.filter(({ saltStart }) => saltStart > 0),
    hashTags.data,
  );
  hashData(
    bytes,
    places.filter(({ saltStart }) => saltStart === 0),
    hashTags.sealedData,
  );
  return places.map(({ start, headerStart, headerEnd, end }) => {
    return { header: bytes.subarray(headerStart, headerEnd), frame: bytes.subarray(start, end) };
  });
}

/** Hash the data of events, all at once, and put each hash into its header. */
function hashData(bytes: Buffer, places: readonly EventPlaces[], tag: string): void {
  if (places.length === 0) return;
  const hashed = new HashInputs();
  for (const { saltStart, dataStart, dataEnd } of places) {
    hashed.add(saltStart, saltStart === 0 ? 0 : saltBytes, dataStart, dataEnd - dataStart, 0);
  }
  const hashes = new RangeHasher(bytes).digests(tag, hashed);
  places.forEach(({ hashStart }, index) => {
    hashes.copy(bytes, hashStart, index * hashBytes, (index + 1) * hashBytes);
  });
}

/** Put the header of a genesis into its event. */
export function buildGenesisEvent(header: Buffer): BuiltEvent {
  if (header.length > eventHeaderBytesMax) {
    throw wrongInput(
      'header',
      `is ${header.length} bytes, and ${eventHeaderBytesMax} is the limit`,
    );
  }
  const event = new FieldWriter(header.length + 8).bytes(1, header).finish();
  return { header, frame: frame(runFields.event, event) };
}

/** Stands where the hash of the data will be. */
const noHash = Buffer.alloc(hashBytes);
/** More than an event takes beside its header and data. */
const fixedBytesMax = 64;
const dataBytesField = 31;

/** What an event is put together from. */
interface EventParts {
  /** With zeros for the hash of the data. */
  readonly header: Buffer;
  /** As it is stored. */
  readonly data: Buffer;
  /** Absent where the data is sealed. */
  readonly salt: Buffer | undefined;
}

/** Where the parts of an event lie; `saltStart` is 0 where there is no salt. */
type EventPlaces = ReturnType<typeof writeEvent>;

function partsOf(input: EventInput): EventParts {
  const { authority = {}, sealing } = input;
  const header = new FieldWriter()
    .fixed32(1, magics.event)
    .varint(2, kindNumbers[input.kind])
    .bytes(3, input.primaryKey)
    .bytes(4, input.parent)
    .bytes(5, input.collection);
  writeEarlyAuthority(header, authority, sealing?.confidentiality);
  header
    .string(12, input.type ?? '')
    .bytes(13, input.replyTo)
    .varint(14, input.timeUnixMs ?? 0);
  writeLateAuthority(header, authority);
  const data = sealing === undefined ? input.data : sealing.seal(input.data, header.finish());
  return {
    header: header.bytes(30, noHash).varint(dataBytesField, data.length).finish(),
    data,
    salt: sealing === undefined ? input.salt : undefined,
  };
}

/** Write an event, and say where its parts lie. */
function writeEvent(writer: FieldWriter, { header, data, salt }: EventParts) {
  const start = writer.length;
  const dataFieldBytes = data.length === 0 ? 0 : framedBytes(2, data.length);
  const headerFieldBytes = framedBytes(1, header.length);
  const saltFieldBytes = salt === undefined ? 0 : framedBytes(3, saltBytes);
  writer.head(runFields.event, headerFieldBytes + dataFieldBytes + saltFieldBytes);
  const headerEnd = writer.length + headerFieldBytes;
  writer.bytes(1, header).bytes(2, data).bytes(3, salt);
  // The hash is the header's last field but for the number of bytes, which an event without data doesn't have.
  const countBytes =
    data.length === 0 ? 0 : varintBytes(dataBytesField * 8) + varintBytes(data.length);
  return {
    start,
    headerStart: headerEnd - header.length,
    headerEnd,
    hashStart: headerEnd - countBytes - hashBytes,
    dataStart: headerEnd + dataFieldBytes - data.length,
    dataEnd: headerEnd + dataFieldBytes,
    saltStart: salt === undefined ? 0 : writer.length - saltBytes,
    end: writer.length,
  };
}

function checkInput(input: EventInput): void {
  if (input.primaryKey === undefined && kindsOfObjects.includes(input.kind)) {
    throw wrongInput('primaryKey', 'is missing');
  }
  checkSize('primaryKey', input.primaryKey, primaryKeyBytes);
  checkSize('parent', input.parent, primaryKeyBytes);
  checkSize('collection', input.collection, primaryKeyBytes);
  checkSize('replyTo', input.replyTo, primaryKeyBytes);
  checkSize('salt', input.salt, saltBytes);
  if (input.type !== undefined && Buffer.byteLength(input.type) > typeNameBytesMax) {
    throw wrongInput('type', `is longer than ${typeNameBytesMax} bytes`);
  }
}

function checkSize(field: string, value: Buffer | undefined, size: number): void {
  if (value !== undefined && value.length !== size) {
    throw wrongInput(field, `is ${value.length} bytes, and must be ${size}`);
  }
}

function wrongInput(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `the event's ${field} ${why}`, { metadata: { field } });
}
