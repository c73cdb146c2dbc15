import { AtedbError, FieldCursor } from '../bytes/index.ts';
import { hashBytes, type PublicKey } from '../crypto/index.ts';
import { parsePublicKey, type TreeHead, type TrustMode } from '../event/index.ts';
import type { ServedDamage } from './served-damage.ts';

// What servers send, taken apart in place. Slices of the log stay as they came: what is verified is their bytes.

/** What the server knows of a writer. */
export interface WriterStanding {
  readonly nextCounter: number;
  /** The serialised Seal of its last batch. */
  readonly lastSeal: Buffer | undefined;
}

/** An OpenChainResponse. */
export interface OpenAnswer {
  readonly serverIdentity: PublicKey;
  /** Of chains that are created now. */
  readonly trustMode: TrustMode;
  /** Absent: there is no such chain yet. */
  readonly chain: ChainStanding | undefined;
  readonly writer: WriterStanding | undefined;
}

/** What an OpenChainResponse says of a chain that is there. */
export interface ChainStanding {
  /** The genesis batch with its commit. */
  readonly genesisSlice: Buffer;
  readonly head: TreeHead;
  readonly nextSequence: number;
  readonly consistency: readonly Buffer[];
  /** Why it can be read only, in the server's words. */
  readonly trouble: string | undefined;
  /** What of it is damaged, in the server's words. */
  readonly damages: readonly ServedDamage[];
}

/** A StartOfHistory; its genesis is left out, since the reader has verified it before. */
export interface StartOfHistory {
  readonly chainId: Buffer;
  readonly head: TreeHead;
  readonly startCommit: number;
  readonly startSequence: number;
  readonly frontier: readonly Buffer[];
  readonly consistency: readonly Buffer[];
}

/** A SubscribeResponse. */
export type SubscribeMessage =
  | { readonly kind: 'start'; readonly start: StartOfHistory }
  | { readonly kind: 'log'; readonly slice: Buffer }
  | {
      readonly kind: 'caught-up' | 'fell-behind' | 'heartbeat';
      readonly head: TreeHead;
      readonly nextSequence: number;
    };

/** A ReadEventsResponse. */
export type ReadMessage =
  | { readonly kind: 'start'; readonly start: StartOfHistory }
  | { readonly kind: 'log'; readonly slice: Buffer; readonly frontier: readonly Buffer[] }
  | { readonly kind: 'end'; readonly endCommit: number; readonly consistency: readonly Buffer[] };

/** An AppendResponse. `sealHash` is empty where a batch was rejected unread. */
export type AppendAnswer =
  | {
      readonly kind: 'committed';
      readonly sealHash: Buffer;
      readonly commitHeader: Buffer;
      readonly head: TreeHead;
    }
  | {
      readonly kind: 'rejected';
      readonly sealHash: Buffer;
      /** A number of `atedb.v1.ErrorReason`. */
      readonly reason: number;
      readonly message: string;
      readonly metadata: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'conversation'; readonly conversationId: Buffer }
  | { readonly kind: 'proven'; readonly fingerprint: Buffer };

/** The answer to a batch. */
export type BatchAnswer = Extract<AppendAnswer, { readonly sealHash: Buffer }>;

/** @throws AtedbError VERIFICATION_FAILED for an answer that can't be read; so do all functions here. */
export function parseOpenAnswer(bytes: Buffer): OpenAnswer {
  return reading('OpenChainResponse', () => {
    const fields = new Fields(bytes);
    const identity = fields.bytes(1);
    const genesisSlice = fields.bytes(3);
    const head = fields.bytes(4);
    const writer = fields.bytes(7);
    if (identity === undefined) throw missing('server_identity');
    if (genesisSlice !== undefined && head === undefined) throw missing('head');
    return {
      serverIdentity: parsePublicKey(identity),
      trustMode: trustModeOf(fields.number(2)),
      chain:
        genesisSlice === undefined || head === undefined
          ? undefined
          : {
              genesisSlice,
              head: treeHead(head),
              nextSequence: fields.number(5),
              consistency: fields.all(6),
              trouble: fields.bytes(8)?.toString('utf8'),
              damages: fields.all(9).map(servedDamage),
            },
      writer: writer === undefined ? undefined : writerStanding(writer),
    };
  });
}

export function parseSubscribeMessage(bytes: Buffer): SubscribeMessage {
  return reading('SubscribeResponse', () => {
    const cursor = new FieldCursor(bytes);
    while (cursor.next()) {
      if (cursor.field === 2) return { kind: 'log', slice: cursor.bytesValue() };
      if (cursor.field === 1) return { kind: 'start', start: startOfHistory(cursor.bytesValue()) };
      const kind = signalKinds[cursor.field];
      if (kind === undefined) continue;
      const fields = new Fields(cursor.bytesValue());
      const head = fields.bytes(1);
      if (head === undefined) throw missing('head');
      return { kind, head: treeHead(head), nextSequence: fields.number(2) };
    }
    throw missing('message');
  });
}

const signalKinds: Readonly<Record<number, 'caught-up' | 'fell-behind' | 'heartbeat'>> = {
  3: 'caught-up',
  4: 'fell-behind',
  5: 'heartbeat',
};

export function parseReadMessage(bytes: Buffer): ReadMessage {
  return reading('ReadEventsResponse', () => {
    const fields = new Fields(bytes);
    const slice = fields.bytes(2);
    if (slice !== undefined) return { kind: 'log', slice, frontier: fields.all(3) };
    const start = fields.bytes(1);
    if (start !== undefined) return { kind: 'start', start: startOfHistory(start) };
    const end = fields.bytes(4);
    if (end === undefined) throw missing('message');
    const endFields = new Fields(end);
    return { kind: 'end', endCommit: endFields.number(1), consistency: endFields.all(2) };
  });
}

export function parseAppendAnswer(bytes: Buffer): AppendAnswer {
  return reading('AppendResponse', () => {
    const fields = new Fields(bytes);
    const sealHash = fields.bytes(1) ?? Buffer.alloc(0);
    const committed = fields.bytes(2);
    const rejected = fields.bytes(3);
    if (committed !== undefined) {
      const inner = new Fields(committed);
      const commitHeader = inner.bytes(1);
      const head = inner.bytes(2);
      if (commitHeader === undefined) throw missing('commit_header');
      if (head === undefined) throw missing('head');
      return { kind: 'committed', sealHash, commitHeader, head: treeHead(head) };
    }
    const conversation = fields.bytes(4);
    if (conversation !== undefined) {
      const conversationId = new Fields(conversation).bytes(1);
      if (conversationId?.length !== hashBytes) throw missing('conversation_id');
      return { kind: 'conversation', conversationId };
    }
    const proven = fields.bytes(5);
    if (proven !== undefined) {
      return { kind: 'proven', fingerprint: new Fields(proven).bytes(1) ?? Buffer.alloc(0) };
    }
    if (rejected === undefined) throw missing('outcome');
    const inner = new Fields(rejected);
    return {
      kind: 'rejected',
      sealHash,
      reason: inner.number(1),
      message: inner.bytes(2)?.toString('utf8') ?? '',
      metadata: Object.fromEntries(inner.all(3).map(mapEntry)),
    };
  });
}

/** A GetEventResponse. */
export interface GetAnswer {
  readonly slice: Buffer;
  readonly sequence: number;
  readonly head: TreeHead;
  readonly inclusion: readonly Buffer[];
}

export function parseGetAnswer(bytes: Buffer): GetAnswer {
  return reading('GetEventResponse', () => {
    const fields = new Fields(bytes);
    const slice = fields.bytes(1);
    const head = fields.bytes(3);
    if (slice === undefined) throw missing('log');
    if (head === undefined) throw missing('head');
    const sequence = fields.number(2);
    return { slice, sequence, head: treeHead(head), inclusion: fields.all(4) };
  });
}

function startOfHistory(bytes: Buffer): StartOfHistory {
  const fields = new Fields(bytes);
  const head = fields.bytes(3);
  if (head === undefined) throw missing('head');
  return {
    chainId: fields.bytes(1) ?? Buffer.alloc(0),
    head: treeHead(head),
    startCommit: fields.number(4),
    startSequence: fields.number(5),
    frontier: fields.all(6),
    consistency: fields.all(7),
  };
}

function treeHead(bytes: Buffer): TreeHead {
  const fields = new Fields(bytes);
  // Copied: a head is kept, and must not keep the message that it came in.
  return { size: fields.number(1), root: Buffer.from(fields.bytes(2) ?? []) };
}

function servedDamage(bytes: Buffer): ServedDamage {
  const fields = new Fields(bytes);
  return {
    file: fields.bytes(1)?.toString('utf8') ?? '',
    offset: fields.number(2),
    what: fields.bytes(3)?.toString('utf8') ?? '',
    firstSequence: fields.numberIfThere(4),
    lastSequence: fields.numberIfThere(5),
  };
}

function writerStanding(bytes: Buffer): WriterStanding {
  const fields = new Fields(bytes);
  return { nextCounter: fields.number(1), lastSeal: fields.bytes(2) };
}

function trustModeOf(value: number): TrustMode {
  if (value === 1) return 'centralized';
  if (value === 2) return 'distributed';
  throw new AtedbError('NON_CANONICAL', `trust_mode is ${value}, which this version does not know`);
}

function mapEntry(bytes: Buffer): [string, string] {
  const fields = new Fields(bytes);
  return [fields.bytes(1)?.toString('utf8') ?? '', fields.bytes(2)?.toString('utf8') ?? ''];
}

/** The fields of a small message, by number. Unknown ones, of newer servers, are passed over. */
class Fields {
  readonly #bytes = new Map<number, Buffer[]>();
  readonly #numbers = new Map<number, number>();

  constructor(message: Buffer) {
    const cursor = new FieldCursor(message);
    while (cursor.next()) {
      if (cursor.wireType !== 2) {
        this.#numbers.set(cursor.field, cursor.value);
        continue;
      }
      const values = this.#bytes.get(cursor.field);
      if (values === undefined) this.#bytes.set(cursor.field, [cursor.bytesValue()]);
      else values.push(cursor.bytesValue());
    }
  }

  bytes(field: number): Buffer | undefined {
    return this.#bytes.get(field)?.[0];
  }

  all(field: number): readonly Buffer[] {
    return this.#bytes.get(field) ?? [];
  }

  number(field: number): number {
    return this.#numbers.get(field) ?? 0;
  }

  numberIfThere(field: number): number | undefined {
    return this.#numbers.get(field);
  }
}

function reading<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the server's ${message} can't be read: ${error.message}. Nothing of it was used`,
      { metadata: error.metadata, cause: error },
    );
  }
}

function missing(field: string): AtedbError {
  return new AtedbError('NON_CANONICAL', `${field} is missing`, { metadata: { field } });
}
