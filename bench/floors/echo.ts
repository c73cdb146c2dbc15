import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { MessageStream } from '../load/message-stream.ts';
import type { BenchClient } from '../load/raw-client.ts';
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

/** Open a stream on which every message is answered with so many bytes. */
export async function openEcho(client: BenchClient, answerBytes: number): Promise<MessageStream> {
  const stream = client.openStream(echoMethod.definition.path);
  const first = Buffer.alloc(4);
  first.writeUInt32LE(answerBytes);
  await stream.ask(first);
  return stream;
}
