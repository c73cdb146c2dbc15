import { Client, credentials } from '@grpc/grpc-js';
import { MessageStream } from './message-stream.ts';
import type { BenchClient } from './raw-client.ts';

/** As our own client has it. */
const flowControlWindowBytes = 4 * 1024 * 1024;
const identity = (bytes: Buffer): Buffer => bytes;

/** A grpc-js client as anyone would use it, but that it sends and gets bytes as they are. */
export class StockClient implements BenchClient {
  readonly #client: Client;

  /** @param server `host:port`. */
  constructor(server: string) {
    this.#client = new Client(server, credentials.createInsecure(), {
      'grpc-node.flow_control_window': flowControlWindowBytes,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  openStream(path: string): MessageStream {
    return new MessageStream(({ onAnswer, onEnd }) => {
      const call = this.#client
        .makeBidiStreamRequest(path, identity, identity)
        .on('data', onAnswer)
        .on('error', onEnd)
        .on('end', () => onEnd());
      return {
        prepare: (bytes) => ({ bytes, payloadBytes: bytes.length }),
        send: ({ bytes }) => call.write(bytes),
        end: () => call.end(),
      };
    });
  }

  close(): void {
    this.#client.close();
  }
}
