import { Channel, type ChannelInterface, credentials } from '@grpc/grpc-js';
import { Tunnel } from '../../src/client/tunnel.ts';
import { TunnelCall } from '../../src/client/tunnel-call.ts';
import type { KeyBits } from '../../src/wire/index.ts';

/** A channel of grpc-js whose calls go through the tunnel: what is generated for stock gRPC speaks it so. */
export class TunnelChannel implements ChannelInterface {
  readonly #channel: ChannelInterface;
  readonly #tunnel: Tunnel;
  readonly #server: string;
  readonly #end = new AbortController();
  readonly #calls: TunnelCall[] = [];

  constructor(server: string, keyBits: KeyBits) {
    this.#server = server;
    this.#channel = new Channel(server, credentials.createInsecure(), {
      'grpc.max_receive_message_length': 4 * 1024 * 1024,
      'grpc.enable_retries': 0,
    });
    this.#tunnel = new Tunnel({
      server,
      encryption: keyBits,
      // Any server is taken.
      identityCheck: { mustEncrypt: async () => false, accept: async () => undefined },
      tls: undefined,
      createCall: (path) => this.#channel.createCall(path, Infinity, null, null, null),
      closed: this.#end.signal,
    });
  }

  /** Of the session that the newest call is in. */
  get exporter(): Buffer | undefined {
    return this.#calls.at(-1)?.exporter;
  }

  createCall(path: string, deadline: Date | number): ReturnType<ChannelInterface['createCall']> {
    const base = {
      server: this.#server,
      channel: this.#channel,
      choose: this.#tunnel.choose.bind(this.#tunnel),
    };
    const call = new TunnelCall(base, path, deadline);
    this.#calls.push(call);
    return call;
  }

  close(): void {
    this.#end.abort(new Error('the channel is closed'));
    this.#channel.close();
  }

  getTarget(): string {
    return this.#channel.getTarget();
  }

  getConnectivityState(tryToConnect: boolean) {
    return this.#channel.getConnectivityState(tryToConnect);
  }

  watchConnectivityState(...watched: Parameters<ChannelInterface['watchConnectivityState']>): void {
    this.#channel.watchConnectivityState(...watched);
  }

  getChannelzRef() {
    return this.#channel.getChannelzRef();
  }
}
