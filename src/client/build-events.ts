import { randomFillSync } from 'node:crypto';
import {
  AtedbError,
  batchBytesMax,
  batchEventsMax,
  commitBytesMax,
  preconditionsMax,
  signersMax,
} from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import {
  type BuiltEvent,
  buildEvents as buildEventFrames,
  childPrimaryKey,
  type DelegatedRight,
  type EventInput,
  type Precondition,
  primaryKeyBytes,
  primaryKeyFromName,
  type Sealing,
} from '../event/index.ts';
import { type AuthorityInput, authorityOf, bearsAuthority } from './authority-input.ts';
import type { LeaseName } from './lease.ts';
import { pathBytes } from './shown-right.ts';

/** An event to append. */
export interface AppendEvent extends AuthorityInput {
  /** A string is stored as UTF-8. Default: empty. */
  readonly data?: Uint8Array | string | undefined;
  /** Default: data. */
  readonly kind?: EventInput['kind'] | undefined;
  /** 16 bytes: the object that the event is about. Default: a new object, with a key of its own. */
  readonly primaryKey?: Buffer | undefined;
  /** Names the object instead: among the children of its parent, or in the chain. */
  readonly name?: string | undefined;
  /**
   * 16 bytes, random or made from a name: the object is a new one, with the key that is made from this and its parent. Whoever may
   * only add children makes them so; with a parent and without a primary key they always are.
   */
  readonly label?: Buffer | undefined;
  /** 16 bytes. */
  readonly parent?: Buffer | undefined;
  /** The collection of the parent that the object is in: 16 bytes, or the name that they stand for. */
  readonly collection?: Buffer | string | undefined;
  /** What the data is, in the application's terms: at most 255 bytes. */
  readonly type?: string | undefined;
  /** 16 bytes. */
  readonly replyTo?: Buffer | undefined;
  /** The writer's clock: milliseconds since 1970-01-01 UTC. Default: now; 0: not said. */
  readonly timeUnixMs?: number | undefined;
}

/** An event whose data is sealed on the way. */
export interface SealedAppend extends AppendEvent {
  readonly sealing?: Sealing | undefined;
}

/** Conditions under which alone a batch is accepted. */
export interface Conditions {
  /** No other writer has appended at or above this sequence. */
  readonly unchangedSince?: number | undefined;
  /** Every event gets a sequence below this. */
  readonly landsBefore?: number | undefined;
  /** Of each of these objects, no other writer has appended an event at or above the sequence. */
  readonly objectsUnchangedSince?: readonly ObjectUnchanged[] | undefined;
  /** This lease is held, as the server knows. */
  readonly lease?: LeaseName | undefined;
}

/** Who signs besides the writer. */
export interface Signing {
  /** Keys that the right to the events comes from, besides the writer's; at most 15. */
  readonly coSigners?: readonly KeyPair[] | undefined;
  /**
   * Delegations that the chain is to know with this batch: by one of its signers, who may so end one that the chain
   * hasn't seen used, or to one. Default: those of the token that is written with, until the chain knows them.
   */
  readonly right?: DelegatedRight | undefined;
}

/** An object that nobody else is to have changed. */
export interface ObjectUnchanged {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** 0: no other writer has ever written it. */
  readonly sequence: number;
}

/** The events of one append, made once. */
export interface BuiltEvents {
  readonly events: readonly BuiltEvent[];
  /** Sign besides the writer. */
  readonly coSigners: readonly KeyPair[];
  /** Whether the batch is signed in any case. */
  readonly bearsAuthority: boolean;
  /** Whether it was asked what is to be sealed: for a chain that nobody knows yet it wasn't. */
  readonly isRuled?: boolean;
  /** As they are sent, without the seal. */
  readonly bytes: number;
  readonly preconditions: readonly Precondition[];
  /** Delegations that the batch shows; undefined: none by itself. */
  readonly right?: DelegatedRight | undefined;
}

const saltBytes = 16;
/** Room for a signature and the key that made it. */
const signerBytesMax = 8_192;
/** Room for a seal beside the events: its header and conditions take less than this. */
const sealBytesMax = 1_024 + 32 * preconditionsMax;
/** Tag and length of a field of a seal. */
const fieldHeadBytesMax = 8;
const eventsBytesMax = batchBytesMax - commitBytesMax - sealBytesMax - signerBytesMax;

/**
 * Make the events of one append.
 *
 * @throws AtedbError TOO_MANY_EVENTS, DATA_TOO_LARGE, naming the limit; REQUEST_INVALID.
 */
export function buildEvents(
  inputs: readonly SealedAppend[],
  conditions: Conditions & Signing,
): BuiltEvents {
  if (inputs.length === 0) throw invalid('events', 'there are none');
  if (inputs.length > batchEventsMax) {
    throw new AtedbError(
      'TOO_MANY_EVENTS',
      `${inputs.length} events are too many for one append, which is one batch: ${batchEventsMax} is the limit. Append them in several calls`,
      { metadata: { limit_events: String(batchEventsMax), events: String(inputs.length) } },
    );
  }
  const preconditions = preconditionsOf(conditions);
  const { coSigners = [], right } = conditions;
  if (coSigners.length >= signersMax) {
    throw invalid('coSigners', `there are ${coSigners.length}, and ${signersMax - 1} is the limit`);
  }
  const most = eventsBytesMax - coSigners.length * signerBytesMax - bytesOf(right);
  const signWith = coSigners.map(({ publicKey }) => publicKey.fingerprint);
  const nowUnixMs = Date.now();
  let dataBytes = 0;
  const events = buildEventFrames(
    inputs.map((input) => {
      const event = eventInput(input, nowUnixMs, signWith);
      dataBytes += event.data.length;
      // Before any is built: what is far too large should not be copied as a whole.
      if (dataBytes > most) throw tooLarge(dataBytes, inputs.length, most);
      return event;
    }),
  );
  const bytes = events.reduce((sum, { frame }) => sum + frame.length, 0);
  if (bytes > most) throw tooLarge(bytes, inputs.length, most);
  // What removes an object removes its rules.
  const isBearing = inputs.some((input) => input.kind === 'tombstone' || bearsAuthority(input));
  const bearsAll = isBearing || right !== undefined;
  return { events, coSigners, bearsAuthority: bearsAll, bytes, preconditions, right };
}

/** Of delegations in a seal, with the key that they begin with. */
function bytesOf(right: DelegatedRight | undefined): number {
  const path = pathBytes(right);
  if (path.length === 0) return 0;
  return path.reduce((sum, { length }) => sum + length + fieldHeadBytesMax, signerBytesMax);
}

/**
 * Refuse events that leave no room in their batch for what was delegated to its writer.
 *
 * @throws AtedbError DATA_TOO_LARGE.
 */
export function checkRoomFor(
  right: DelegatedRight | undefined,
  { events, bytes, coSigners }: BuiltEvents,
): void {
  const most = eventsBytesMax - coSigners.length * signerBytesMax - bytesOf(right);
  if (right !== undefined && bytes > most) throw tooLarge(bytes, events.length, most);
}

function eventInput(
  input: SealedAppend,
  nowUnixMs: number,
  signWith: readonly Buffer[],
): EventInput {
  const { data = '' } = input;
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw invalid('data', `it is a ${typeof data}, and must be a string or bytes`);
  }
  const timeUnixMs = input.timeUnixMs ?? nowUnixMs;
  if (!isCount(timeUnixMs)) throw invalid('timeUnixMs', `it is ${timeUnixMs}`);
  const bytes =
    typeof data === 'string'
      ? Buffer.from(data, 'utf8')
      : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length > eventsBytesMax) throw tooLarge(bytes.length, 1, eventsBytesMax);
  const { kind = 'data' } = input;
  if (kind !== 'data' && bytes.length > 0) {
    throw invalid('data', `an event of kind "${kind}" has none`);
  }
  const { primaryKey, label } = objectOf(kind, input);
  return {
    kind,
    primaryKey,
    authority: authorityOf(input, signWith, label),
    parent: kind === 'tombstone' || kind === 'redaction' ? undefined : input.parent,
    collection:
      kind === 'tombstone' || kind === 'redaction' ? undefined : collectionOf(input.collection),
    type: input.type,
    replyTo: input.replyTo,
    timeUnixMs,
    data: bytes,
    salt: random16(),
    sealing: input.sealing,
  };
}

/** The event with the primary key that it gets; it gets the same one when it is built. */
export function identified(event: AppendEvent): AppendEvent {
  const { primaryKey, label } = objectOf(event.kind ?? 'data', event);
  if (primaryKey === undefined) return event;
  return { ...event, primaryKey, name: undefined, label };
}

/** The object that an event is about, and what its key is made from, if it is. */
function objectOf(kind: EventInput['kind'], input: AppendEvent) {
  const { primaryKey, name, parent } = input;
  if (primaryKey !== undefined && name !== undefined) {
    throw invalid('name', 'the object has a primary key already');
  }
  if (kind === 'roots' || kind === 'key_change' || kind === 'snapshot') return {};
  const named = name === undefined ? undefined : primaryKeyFromName(name);
  if (primaryKey !== undefined) return { primaryKey, label: input.label };
  if (kind === 'rules' && named === undefined) return {};
  // A name stands for itself at the root of the chain.
  const label = input.label ?? (parent === undefined ? undefined : (named ?? random16()));
  if (label === undefined) return { primaryKey: named ?? random16() };
  const made = childPrimaryKey(parent, label);
  // What removes an object doesn't say where that is.
  return kind === 'tombstone' || kind === 'redaction'
    ? { primaryKey: made }
    : { primaryKey: made, label };
}

function preconditionsOf(conditions: Conditions): Precondition[] {
  const { unchangedSince, landsBefore, objectsUnchangedSince = [], lease } = conditions;
  const preconditions: Precondition[] = [];
  if (unchangedSince !== undefined) {
    if (!isCount(unchangedSince)) throw invalid('unchangedSince', `it is ${unchangedSince}`);
    preconditions.push({ kind: 'chain_unchanged', sinceSequence: unchangedSince });
  }
  if (landsBefore !== undefined) {
    if (!isCount(landsBefore) || landsBefore === 0) {
      throw invalid('landsBefore', `it is ${landsBefore}`);
    }
    preconditions.push({ kind: 'lands_before', sequence: landsBefore });
  }
  for (const { primaryKey, sequence } of objectsUnchangedSince) {
    if (primaryKey.length !== primaryKeyBytes || !isCount(sequence)) {
      throw invalid('objectsUnchangedSince', 'it names no primary key of 16 bytes and a sequence');
    }
    preconditions.push({ kind: 'key_unchanged', primaryKey, sinceSequence: sequence });
  }
  if (lease !== undefined) {
    const { primaryKey, token } = lease;
    if (primaryKey.length !== primaryKeyBytes || !isCount(token) || token === 0) {
      throw invalid('lease', 'it names no primary key of 16 bytes and a token');
    }
    preconditions.push({ kind: 'fence', primaryKey, token });
  }
  if (preconditions.length > preconditionsMax) {
    throw invalid('objectsUnchangedSince', `a batch has ${preconditionsMax} conditions at most`);
  }
  return preconditions;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

let pool = Buffer.alloc(0);
let poolUsed = 0;

/** 16 random bytes, cut from many made at once: salts and keys are needed by the million. */
function random16(): Buffer {
  if (poolUsed === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(primaryKeyBytes * 1024));
    poolUsed = 0;
  }
  poolUsed += saltBytes;
  return pool.subarray(poolUsed - saltBytes, poolUsed);
}

function tooLarge(bytes: number, events: number, most: number): AtedbError {
  const what = events === 1 ? 'the event is' : `the ${events} events are`;
  const advice = events === 1 ? 'Store it as several events' : 'Append them in several calls';
  return new AtedbError(
    'DATA_TOO_LARGE',
    `${what} too large for one batch, at ${bytes} bytes or more: ${most} is the limit. ${advice}`,
    { metadata: { limit_bytes: String(most), bytes: String(bytes) } },
  );
}

/** A collection by its name, or as it is. */
function collectionOf(collection: Buffer | string | undefined): Buffer | undefined {
  return typeof collection === 'string' ? primaryKeyFromName(collection) : collection;
}

function invalid(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${field} can't be appended: ${why}`, {
    metadata: { field },
  });
}
