import { open } from 'node:fs/promises';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { FramedMessage, messageHeadBytes, type Sendable } from '../../src/server/framed-message.ts';
import { bytesMethod } from './bytes-method.ts';

/** What is asked for, as JSON. */
export interface FileStreamRequest {
  readonly paths: readonly string[];
  readonly sliceBytes: number;
}

/**
 * Streams files, one after the other, in messages of the same size as our slices, and as we do: from where they are read
 * to, and the next is read while one is sent.
 */
export const fileStreamMethod = {
  definition: bytesMethod({ path: '/bench.Floor/FileStream', requestStream: false }),
  handle(call: ServerWritableStream<Buffer, Sendable>): void {
    streamFiles(call).then(
      () => call.end(),
      (error) => call.destroy(error),
    );
  },
};

async function streamFiles(call: ServerWritableStream<Buffer, Sendable>): Promise<void> {
  const request: FileStreamRequest = JSON.parse(call.request.toString());
  const memory = () => Buffer.allocUnsafeSlow(messageHeadBytes + request.sliceBytes);
  let [slice, sliceBefore] = [memory(), memory()];
  for (const path of request.paths) {
    await using file = await open(path);
    let sent: Promise<void> = Promise.resolve();
    for (;;) {
      const { bytesRead } = await file.read(slice, messageHeadBytes, request.sliceBytes);
      if (bytesRead === 0) break;
      await sent;
      sent = write(call, new FramedMessage(slice.subarray(0, messageHeadBytes + bytesRead)));
      [slice, sliceBefore] = [sliceBefore, slice];
    }
    await sent;
  }
}

function write(call: ServerWritableStream<Buffer, Sendable>, message: Sendable): Promise<void> {
  return new Promise((resolve, reject) => {
    call.write(message, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
  });
}
