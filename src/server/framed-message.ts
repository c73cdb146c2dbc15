import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';

/** What gRPC puts before a message: whether it is compressed, and its length in four bytes, the highest first. */
export const messageHeadBytes = 5;

/**
 * A message that lies behind room for the head that gRPC gives it, so that it can be sent from where it is. The
 * transport copies any other into memory of its own; for slices of the log that memory keeps the garbage collector busy
 * for half of the time that a replay takes.
 */
export class FramedMessage {
  /** Head and message. */
  readonly bytes: Buffer;

  /** @param bytes the message, behind `messageHeadBytes` bytes that are overwritten. Not to be changed until it was sent. */
  constructor(bytes: Buffer) {
    bytes[0] = 0;
    bytes.writeUInt32BE(bytes.length - messageHeadBytes, 1);
    this.bytes = bytes;
  }

  get message(): Buffer {
    return this.bytes.subarray(messageHeadBytes);
  }
}

/** What handlers hand to the transport. */
export type Sendable = Buffer | FramedMessage;

/** The part of grpc-js's calls that has no public door. */
interface CallInternals {
  serializeMessage(message: unknown): Buffer;
}

/**
 * Lets framed messages pass without a copy. grpc-js frames messages in a method that it shows to nobody; in a version
 * without it, they are serialised, and copied, like all others. A test notices that.
 */
export const framedMessages: ServerInterceptor = (_method, call) => {
  const internals = call as unknown as Partial<CallInternals>;
  const serializeMessage = internals.serializeMessage?.bind(call);
  if (serializeMessage !== undefined) {
    internals.serializeMessage = (message) =>
      message instanceof FramedMessage ? message.bytes : serializeMessage(message);
  }
  return call as unknown as ServerInterceptingCall;
};

/** The message alone, for a transport that frames it itself. */
export function serializeSendable(sendable: Sendable): Buffer {
  return sendable instanceof FramedMessage ? sendable.message : sendable;
}
