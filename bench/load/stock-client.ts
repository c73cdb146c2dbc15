import { Client, credentials } from '@grpc/grpc-js';
import { type KeyBits, TunnelChannel } from '../../src/client/index.ts';
import { MessageStream } from './message-stream.ts';
import type { BenchClient } from './raw-client.ts';

/** As our own client has it. */
const flowControlWindowBytes = 4 * 1024 * 1024;
const identity = (bytes: Buffer): Buffer => bytes;

/** Takes any server: it was started just now. */
const identityCheck = { mustEncrypt: async () => true, accept: async () => undefined };

/** How a connection is encrypted. */
export interface Link {
  readonly keyBits?: KeyBits;
  readonly ca?: string;
}

/** A grpc-js client as anyone would use it, but that it sends and gets bytes as they are. */
export class StockClient implements BenchClient {
  readonly #client: Client;

  readonly #tunnel: TunnelChannel | undefined;

  /**
   * @param server `host:port`.
   * @param link how the connection is encrypted: by the tunnel, or by grpc-js's own TLS with this authority. Absent: not at all.
   */
  constructor(server: string, link: Link = {}) {
    const { keyBits, ca } = link;
    const channel = {
      'grpc-node.flow_control_window': flowControlWindowBytes,
      'grpc.use_local_subchannel_pool': 1,
    };
    this.#tunnel = keyBits && new TunnelChannel(server, { keyBits, identityCheck, channel });
    const security =
      ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
    this.#client = new Client(server, security, {
      ...channel,
      ...(this.#tunnel && { channelOverride: this.#tunnel }),
      ...(ca !== undefined && { 'grpc.ssl_target_name_override': 'localhost' }),
    });
  }

  /** Of the tunnel; undefined without one. */
  get exporter(): Buffer | undefined {
    return this.#tunnel?.exporter;
  }

  /** As `RawClient.receive`. */
  receive(path: string, request: Buffer, onMessage: (message: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeServerStreamRequest(path, identity, identity, request);
      call.on('data', (message: Buffer) => {
        if (!onMessage(message)) return;
        call.removeAllListeners('data');
        call.cancel();
        resolve();
      });
      call.on('error', reject);
      call.on('end', resolve);
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
