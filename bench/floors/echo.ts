import type { ServerDuplexStream } from '@grpc/grpc-js';
import { bytesMethod } from './bytes-method.ts';

/**
 * Answers every message, whatever it is, with as many bytes as the stream's first message says: our answers are
 * smaller than our requests, and so are the floor's.
 */
export const echoMethod = {
  definition: bytesMethod({ path: '/bench.Floor/Echo', requestStream: true }),
  handle(call: ServerDuplexStream<Buffer, Buffer>): void {
    let answer: Buffer | undefined;
    call.on('data', (message: Buffer) => {
      answer ??= Buffer.alloc(message.readUInt32LE(0), 1);
      call.write(answer);
    });
    call.on('end', () => call.end());
  },
};

/** The first message of a stream. */
export function echoStart(answerBytes: number): Buffer {
  const message = Buffer.alloc(4);
  message.writeUInt32LE(answerBytes);
  return message;
}
