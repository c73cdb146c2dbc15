import {
  type DataState,
  dataStateName,
  type EventKind,
  eventMarks,
  type Redaction,
  type Snapshot,
} from '../event/index.ts';
import type { VerifiedBatch, VouchedBy } from '../trust/index.ts';

/**
 * One event of a chain, as it was verified. Its buffers are slices of what came from the server, up to some
 * hundred KiB: copy what is kept for long.
 */
export interface ChainEvent {
  /** Its place in the chain, from 0 on. What is gone under a snapshot leaves its places free. */
  readonly sequence: number;
  /** Number of the batch that it came in. */
  readonly commit: number;
  /** The first event of a chain is its `genesis`; it has no data. */
  readonly kind: EventKind;
  /** 16 bytes; empty in a genesis. */
  readonly primaryKey: Buffer;
  /** 16 bytes. */
  readonly parent: Buffer | undefined;
  /** 16 bytes. */
  readonly collection: Buffer | undefined;
  readonly type: string | undefined;
  /** 16 bytes. */
  readonly replyTo: Buffer | undefined;
  /** The writer's clock: milliseconds since 1970-01-01 UTC; a claim. */
  readonly timeUnixMs: number | undefined;
  /** The server's clock: milliseconds since 1970-01-01 UTC; never decreases. */
  readonly committedUnixMs: number;
  /** In clear; empty where it is sealed and can't be opened, and in events of a kind that has none. Undefined: it is not here any more. */
  readonly data: Buffer | undefined;
  /** How many bytes of data the event has as it is stored, wherever that is. */
  readonly dataBytes: number;
  /**
   * `present`, or why the data isn't here. `omitted`: it was asked to be left out, and `load` gets it. `dropped`: something newer of the object is in the chain.
   * `redacted`: it was erased. `expired`: the chain's rule for retention lets it go. Whether it was
   * allowed to go is verified where the chain is read to its end, and by `get`.
   */
  readonly dataState: DataState;
  /** Who has erased the data; undefined where nobody has. */
  readonly redactedBy: RedactedBy | undefined;
  /** What a redaction has erased; undefined in events of other kinds. */
  readonly redaction: Redaction | undefined;
  /** What may be gone by a snapshot; undefined in events of other kinds. */
  readonly snapshot: Snapshot | undefined;
  /** Undefined: the data is stored in clear. */
  readonly sealed: SealedState | undefined;
  /** The event's header as it was signed. */
  readonly headerBytes: Buffer;
  /** 32 bytes. */
  readonly writerId: Buffer;
  /** Of its writer's key; 32 bytes. */
  readonly fingerprint: Buffer;
  /** Of the key whose owner the event is from, which has signed its batch, too; 32 bytes. Undefined: the writer's. */
  readonly author: Buffer | undefined;
  /**
   * `writer`: a signature of that key is on its batch. `server`: the server of a centralized chain alone says that it is
   * of that key, which had been proven to it.
   */
  readonly vouchedBy: VouchedBy;
}

/** How an event's data is sealed, and whether it could be opened. */
export interface SealedState {
  /** 32 bytes. */
  readonly readKeyId: Buffer;
  /** `no key`: none of the client's keys was given the read key. `invalid`: it was, and the data doesn't open: its writer has not sealed it as it says. `gone`: the data is not here any more. `omitted`: it was left out. */
  readonly state: 'open' | 'no key' | 'invalid' | 'gone' | 'omitted';
  /** Fingerprints of those who can give the read key, where it is missing. */
  readonly holders: readonly Buffer[];
}

/** The event that has erased the data of another. */
export interface RedactedBy {
  readonly sequence: number;
  /** Of the key that its writer has signed it with; 32 bytes. Undefined where it was not looked at: `get` does. */
  readonly fingerprint: Buffer | undefined;
}

/** The sequences that a reader wants: from the first up to the second, not included. */
export interface SequenceRange {
  readonly from: number;
  readonly end: number;
}

const noKey = Buffer.alloc(0);
const notOpened: SealedState = { readKeyId: noKey, state: 'no key', holders: [] };

/** Add the events of a batch that lie in a range, in order, to those before. */
export function addEventsOf(
  { batch, commit, vouchedBy }: VerifiedBatch,
  range: SequenceRange,
  events: ChainEvent[],
): void {
  const { firstSequence } = commit;
  const { writerId, fingerprint } = batch.seal;
  const first = Math.max(0, range.from - firstSequence);
  const end = Math.min(batch.count, range.end - firstSequence);
  for (let index = first; index < end; index += 1) {
    if (batch.isGone(index)) continue;
    const said = batch.saidOf(index);
    const state = batch.dataStateOf(index);
    const redaction = batch.redactedBy(index);
    const marks = batch.marksOf(index);
    events.push({
      sequence: firstSequence + index,
      commit: commit.commit,
      kind: said.kind,
      primaryKey: said.primaryKey ?? noKey,
      parent: said.parent,
      collection: said.collection,
      type: said.type,
      replyTo: said.replyTo,
      timeUnixMs: said.timeUnixMs,
      committedUnixMs: commit.timeUnixMs,
      data: state === 0 ? batch.dataOf(index) : undefined,
      dataBytes: batch.dataBytesOf(index),
      dataState: dataStateName(state),
      redactedBy:
        redaction === undefined ? undefined : { sequence: redaction, fingerprint: undefined },
      redaction: said.kind === 'redaction' ? batch.authorityOf(index).redaction : undefined,
      snapshot: said.kind === 'snapshot' ? batch.authorityOf(index).snapshot : undefined,
      sealed: (marks & eventMarks.sealed) === 0 ? undefined : notOpened,
      headerBytes: batch.headerOf(index),
      writerId,
      fingerprint,
      author: (marks & eventMarks.signers) === 0 ? undefined : batch.authorityOf(index).author,
      vouchedBy,
    });
  }
}
