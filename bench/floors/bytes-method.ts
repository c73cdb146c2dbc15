import type { MethodDefinition } from '@grpc/grpc-js';
import { type Sendable, serializeSendable } from '../../src/server/framed-message.ts';

const identity = (bytes: Buffer): Buffer => bytes;

/** A method whose messages are bytes, each way; answers may be framed. */
export function bytesMethod(options: {
  readonly path: string;
  readonly requestStream: boolean;
}): MethodDefinition<Buffer, Sendable> {
  return {
    ...options,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: serializeSendable,
    responseDeserialize: identity,
  };
}
