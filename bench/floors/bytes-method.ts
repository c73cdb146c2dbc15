import type { MethodDefinition } from '@grpc/grpc-js';

const identity = (bytes: Buffer): Buffer => bytes;

/** A method whose messages are bytes, each way. */
export function bytesMethod(options: {
  readonly path: string;
  readonly requestStream: boolean;
}): MethodDefinition<Buffer, Buffer> {
  return {
    ...options,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}
