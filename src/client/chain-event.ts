import { type EventKind, eventFields } from '../event/index.ts';
import type { VerifiedBatch } from '../trust/index.ts';

/**
 * One event of a chain, as it was verified. Its buffers are slices of what came from the server, up to some
 * hundred KiB: copy what is kept for long.
 */
export interface ChainEvent {
  /** Its place in the chain, from 0 on without a gap. */
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
  readonly data: Buffer;
  /** 32 bytes. */
  readonly writerId: Buffer;
  /** Of the key that signed it; 32 bytes. */
  readonly fingerprint: Buffer;
}

/** The sequences that a reader wants: from the first up to the second, not included. */
export interface SequenceRange {
  readonly from: number;
  readonly end: number;
}

const noKey = Buffer.alloc(0);
const noData = Buffer.alloc(0);

/** The events of a batch that lie in a range, in order. */
export function eventsOf({ batch, commit }: VerifiedBatch, range: SequenceRange): ChainEvent[] {
  const { firstSequence } = commit;
  const { table, seal } = batch;
  const { writerId, fingerprint } = seal;
  const events: ChainEvent[] = [];
  const first = Math.max(0, range.from - firstSequence);
  const end = Math.min(table.count, range.end - firstSequence);
  for (let index = first; index < end; index += 1) {
    events.push({
      sequence: firstSequence + index,
      commit: commit.commit,
      kind: table.kind(index),
      primaryKey: table.slice(index, eventFields.primaryKey) ?? noKey,
      parent: table.slice(index, eventFields.parent),
      collection: table.slice(index, eventFields.collection),
      type: table.text(index, eventFields.type),
      replyTo: table.slice(index, eventFields.replyTo),
      timeUnixMs: table.has(index, eventFields.timeUnixMs)
        ? table.number(index, eventFields.timeUnixMs)
        : undefined,
      committedUnixMs: commit.timeUnixMs,
      data: table.slice(index, eventFields.data) ?? noData,
      writerId,
      fingerprint,
    });
  }
  return events;
}
