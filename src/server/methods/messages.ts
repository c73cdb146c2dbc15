import { FieldWriter, frame } from '../../bytes/index.ts';
import type { TreeHead } from '../../event/index.ts';

// Messages that carry slices of the log or are sent once a batch: written by hand, since a slice is sent as it
// is stored, never decoded into objects. A test reads each with the generated stubs.

/** Fields of SubscribeResponse and ReadEventsResponse; both have the slice at the same place. */
export const logField = 2;

/** A ReadEventsResponse that goes backwards. */
export function backwardLogMessage(slice: Buffer, frontier: readonly Buffer[]): Buffer {
  const message = new FieldWriter(slice.length + 34 * frontier.length + 16).message(
    logField,
    slice,
  );
  for (const hash of frontier) message.bytes(3, hash);
  return message.finish();
}

/** A GetEventResponse. The slice is copied, so the memory that it lies in isn't needed any more. */
export function eventMessage(
  slice: Buffer,
  of: {
    readonly sequence: number;
    readonly head: TreeHead;
    readonly inclusion: readonly Buffer[];
  },
): Buffer {
  const { sequence, head, inclusion } = of;
  const message = new FieldWriter(slice.length + 34 * inclusion.length + 96)
    .message(1, slice)
    .varint(2, sequence)
    .message(3, treeHeadMessage(head));
  for (const hash of inclusion) message.bytes(4, hash);
  return message.finish();
}

function treeHeadMessage({ size, root }: TreeHead): Buffer {
  return new FieldWriter(64).varint(1, size).bytes(2, root).finish();
}

/** An AppendResponse for a batch that was accepted. */
export function committedMessage(sealHash: Buffer, commitHeader: Buffer, head: TreeHead): Buffer {
  const committed = new FieldWriter(160)
    .bytes(1, commitHeader)
    .message(2, treeHeadMessage(head))
    .finish();
  return new FieldWriter(256).bytes(1, sealHash).message(2, committed).finish();
}

/** An AppendResponse that tells the stream's conversation. */
export function conversationMessage(conversationId: Buffer): Buffer {
  return frame(4, new FieldWriter(48).bytes(1, conversationId).finish());
}

/** An Attested, without the checkpoint where its reader has it. */
export function attestedMessage(
  sealHash: Buffer,
  attested: {
    readonly checkpoint: string | undefined;
    readonly consistency: readonly Buffer[];
    readonly inclusion: readonly Buffer[];
  },
): Buffer {
  const { checkpoint, consistency, inclusion } = attested;
  const fields = new FieldWriter().string(1, checkpoint ?? '');
  for (const hash of consistency) fields.bytes(2, hash);
  for (const hash of inclusion) fields.bytes(3, hash);
  return new FieldWriter().bytes(1, sealHash).message(6, fields.finish()).finish();
}

/** An AppendResponse for a proof that was accepted. */
export function provenMessage(fingerprint: Buffer): Buffer {
  return frame(5, new FieldWriter(48).bytes(1, fingerprint).finish());
}
