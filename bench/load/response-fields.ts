import { FieldCursor } from '../../src/bytes/index.ts';

/** A length-delimited field of a message. @throws Error where the message hasn't got it. */
export function fieldOf(message: Buffer, field: number): Buffer {
  const cursor = new FieldCursor(message);
  while (cursor.next()) {
    if (cursor.field === field) return cursor.bytesValue();
  }
  throw new Error(`an answer has no field ${field}: ${message.toString('latin1')}`);
}
