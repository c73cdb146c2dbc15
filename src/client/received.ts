import { EventKind } from '../../gen/atedb/v1/event_pb.js';
import { AtedbError, FieldCursor } from '../bytes/index.ts';
import { hashBytes, type PublicKey } from '../crypto/index.ts';
import { parsePublicKey, splitSlice, type TreeHead, type TrustMode } from '../event/index.ts';
import type { EventProof, Proof } from '../proof/index.ts';
import { Fields, missing, reading } from './message-fields.ts';
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
  /** IdentityRotation messages, not verified. Empty also where the server was told that they are known. */
  readonly identityRotations: readonly Buffer[];
  /** Of chains that are created now. */
  readonly trustMode: TrustMode;
  /** Absent: there is no such chain yet. */
  readonly chain: ChainStanding | undefined;
  readonly writer: WriterStanding | undefined;
  /** The batch that creates the chain, as the server offers it. Absent: it offers none. */
  readonly offer: Buffer | undefined;
  /** The CheckpointKeys message. Absent: it shows none. */
  readonly checkpointKeys: Buffer | undefined;
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
  /** A checkpoint, of the head or an older one. Absent: it shows none. */
  readonly checkpoint: string | undefined;
  /** From the checkpoint to the head. */
  readonly checkpointConsistency: readonly Buffer[];
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
  | { readonly kind: 'checkpoint'; readonly note: string }
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
  | {
      readonly kind: 'attested';
      readonly sealHash: Buffer;
      /** Absent: the one of the answer of this kind before. */
      readonly checkpoint: string | undefined;
      readonly consistency: readonly Buffer[];
      readonly inclusion: readonly Buffer[];
    }
  | { readonly kind: 'conversation'; readonly conversationId: Buffer }
  | { readonly kind: 'proven'; readonly fingerprint: Buffer };

/** The answer to a batch. */
export type BatchAnswer = Extract<AppendAnswer, { readonly kind: 'committed' | 'rejected' }>;

/** That a checkpoint covers a batch. */
export type AttestedAnswer = Extract<AppendAnswer, { readonly kind: 'attested' }>;

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
      identityRotations: fields.all(13),
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
              checkpoint: fields.bytes(11)?.toString('utf8'),
              checkpointConsistency: fields.all(12),
            },
      writer: writer === undefined ? undefined : writerStanding(writer),
      checkpointKeys: fields.bytes(10),
      offer: fields.bytes(14),
    };
  });
}

export function parseSubscribeMessage(bytes: Buffer): SubscribeMessage {
  return reading('SubscribeResponse', () => {
    const cursor = new FieldCursor(bytes);
    while (cursor.next()) {
      if (cursor.field === 2) return { kind: 'log', slice: cursor.bytesValue() };
      if (cursor.field === 1) return { kind: 'start', start: startOfHistory(cursor.bytesValue()) };
      if (cursor.field === 6) return { kind: 'checkpoint', note: cursor.bytesValue().toString() };
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
    const attested = fields.bytes(6);
    if (attested !== undefined) return { kind: 'attested', sealHash, ...attestedFields(attested) };
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

function attestedFields(bytes: Buffer) {
  const fields = new Fields(bytes);
  return {
    checkpoint: fields.bytes(1)?.toString('utf8'),
    consistency: fields.all(2),
    inclusion: fields.all(3),
  };
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

/**
 * A GetProofResponse.
 *
 * @param sequence that was asked for; undefined for none.
 */
export function parseProofAnswer(bytes: Buffer, sequence: number | undefined): Proof {
  return reading('GetProofResponse', () => {
    const fields = new Fields(bytes);
    const genesisSlice = fields.bytes(1);
    const head = fields.bytes(3);
    const lastHeader = fields.bytes(4);
    const event = fields.bytes(6);
    const older = fields.bytes(7);
    const newer = fields.bytes(9);
    if (head === undefined) throw missing('head');
    if (lastHeader === undefined) throw missing('last_commit_header');
    const [genesis] = splitSlice(genesisSlice ?? Buffer.alloc(0));
    if (genesis === undefined) throw missing('genesis');
    return {
      genesis: {
        run: genesis.run,
        commitHeader: genesis.commit.headerBytes,
        inclusion: fields.all(2),
      },
      head: treeHead(head),
      last: { commitHeader: lastHeader, inclusion: fields.all(5) },
      checkpoint: undefined,
      event: event && eventProof(event, sequence ?? 0),
      older: older && { head: treeHead(older), consistency: fields.all(8) },
      newer: newer && { head: treeHead(newer), consistency: fields.all(10) },
    };
  });
}

/** What a GetProofResponse says of an older tree; undefined where that is nothing. */
export function parseExtension(bytes: Buffer): Proof['older'] {
  return reading('GetProofResponse', () => {
    const fields = new Fields(bytes);
    const older = fields.bytes(7);
    return older && { head: treeHead(older), consistency: fields.all(8) };
  });
}

function eventProof(bytes: Buffer, sequence: number): EventProof {
  const fields = new Fields(bytes);
  const event = new Fields(fields.bytes(1) ?? Buffer.alloc(0));
  const header = event.bytes(1);
  const seal = fields.bytes(3);
  const commitHeader = fields.bytes(4);
  if (header === undefined) throw missing('event');
  if (seal === undefined) throw missing('seal');
  if (commitHeader === undefined) throw missing('commit_header');
  const salt = event.bytes(3);
  // Left out where the server says so.
  const isHere = event.number(4) === 0;
  return {
    sequence,
    header,
    content:
      isHere && !isGenesis(header) ? { salt, data: event.bytes(2) ?? Buffer.alloc(0) } : undefined,
    path: fields.all(2),
    seal,
    keys: fields.all(6),
    commitHeader,
    inclusion: fields.all(5),
  };
}

/** Whether a header, read as far as that, is of a genesis, which has no data that could be left out. */
function isGenesis(header: Buffer): boolean {
  return new Fields(header).number(2) === EventKind.GENESIS;
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

/** A TreeHead. */
export function treeHead(bytes: Buffer): TreeHead {
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
