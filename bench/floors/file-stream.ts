import { open } from 'node:fs/promises';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { bytesMethod } from './bytes-method.ts';

/** What is asked for, as JSON. */
export interface FileStreamRequest {
  readonly paths: readonly string[];
  readonly sliceBytes: number;
}

/** Streams files, one after the other, in messages of the same size as our slices. */
export const fileStreamMethod = {
  definition: bytesMethod({ path: '/bench.Floor/FileStream', requestStream: false }),
  handle(call: ServerWritableStream<Buffer, Buffer>): void {
    streamFiles(call).then(
      () => call.end(),
      (error) => call.destroy(error),
    );
  },
};

async function streamFiles(call: ServerWritableStream<Buffer, Buffer>): Promise<void> {
  const request: FileStreamRequest = JSON.parse(call.request.toString());
  for (const path of request.paths) {
    await using file = await open(path);
    let sent: Promise<void> = Promise.resolve();
    for (;;) {
      const slice = Buffer.allocUnsafeSlow(request.sliceBytes);
      const { bytesRead } = await file.read(slice, 0, slice.length);
      if (bytesRead === 0) break;
      // The next slice is read while this one is sent.
      await sent;
      sent = write(call, slice.subarray(0, bytesRead));
    }
    await sent;
  }
}

function write(call: ServerWritableStream<Buffer, Buffer>, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    call.write(bytes, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
  });
}
