import { encodeVarint, FieldCursor, FieldWriter, readVarint } from '../bytes/index.ts';

/** Which earlier events of its object a redaction erases the data of. */
export type Redaction =
  /** Those of these sequences, which ascend; 1 to 4,096. */
  | { readonly sequences: readonly number[]; readonly beforeSequence?: undefined }
  /** All below this one. */
  | { readonly beforeSequence: number; readonly sequences?: undefined };

/** An event that may be erased. */
export interface RedactedEvent {
  readonly sequence: number;
  /** 16 bytes. */
  readonly primaryKey: Buffer;
}

const redactionFields = { sequences: 1, beforeSequence: 2 } as const;

/** Serialise what a redaction erases. */
export function redactionBytes({ sequences = [], beforeSequence }: Redaction): Buffer {
  const writer = new FieldWriter();
  if (sequences.length > 0) {
    writer.bytes(redactionFields.sequences, Buffer.concat(sequences.map(encodeVarint)));
  }
  return writer.varint(redactionFields.beforeSequence, beforeSequence ?? 0).finish();
}

/**
 * Read what a redaction erases; the message is in the strict form.
 *
 * @returns undefined where it contradicts itself: it names both sequences and an end or neither, or its sequences don't ascend.
 */
export function parseRedaction(bytes: Buffer): Redaction | undefined {
  const cursor = new FieldCursor(bytes);
  const sequences: number[] = [];
  let beforeSequence: number | undefined;
  while (cursor.next()) {
    if (cursor.field === redactionFields.beforeSequence) beforeSequence = cursor.value;
    else readPacked(bytes, cursor.start, cursor.end, sequences);
  }
  const ascends = sequences.every((one, at) => at === 0 || one > (sequences[at - 1] as number));
  if (!ascends || sequences.length > 0 === (beforeSequence !== undefined)) return undefined;
  return beforeSequence === undefined ? { sequences } : { beforeSequence };
}

function readPacked(bytes: Buffer, start: number, end: number, into: number[]): void {
  for (let at = start; at < end; ) {
    into.push(readVarint(bytes, at, end, 'Redaction.sequences'));
    while ((bytes[at] as number) >= 0x80) at += 1;
    at += 1;
  }
}

/** Whether a redaction erases the data of an event: one of its object, that is named and comes before it. */
export function erases(
  by: RedactedEvent & { readonly redaction: Redaction },
  event: RedactedEvent,
): boolean {
  if (event.sequence >= by.sequence || !event.primaryKey.equals(by.primaryKey)) return false;
  const { sequences, beforeSequence = 0 } = by.redaction;
  if (sequences === undefined) return event.sequence < beforeSequence;
  let low = 0;
  for (let high = sequences.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sequences[middle] as number) < event.sequence) low = middle + 1;
    else high = middle;
  }
  return sequences[low] === event.sequence;
}
