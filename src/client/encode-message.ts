import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

/** Serialise a message, without a copy of the bytes. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
): Buffer {
  const bytes = toBinary(schema, create(schema, message));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
