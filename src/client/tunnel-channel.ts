import { Channel, type ChannelInterface, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { AtedbError } from '../bytes/index.ts';
import type { KeyBits } from '../wire/index.ts';
import type { IdentityCheck } from './server-identity.ts';
import { Tunnel } from './tunnel.ts';
import { TunnelCall } from './tunnel-call.ts';

/** How a channel speaks to its server. */
export interface TunnelChannelOptions {
  /** The smallest size of keys that is taken. */
  readonly keyBits: KeyBits;
  /** Judges who the server has proven to be. */
  readonly identityCheck: IdentityCheck;
  /** Of the channel below, as grpc-js has them. */
  readonly channel?: ChannelOptions | undefined;
}

/**
 * A channel of grpc-js whose calls go through the encrypted tunnel: stubs that are generated for it speak to a server that requires encryption,
 * and know nothing of it. To be given to a client as `channelOverride`. It never goes without.
 */
export class TunnelChannel implements ChannelInterface {
  readonly #server: string;
  readonly #channel: ChannelInterface;
  readonly #tunnel: Tunnel;
  readonly #end = new AbortController();
  #newest: TunnelCall | undefined;

  /** @param server `host:port`. */
  constructor(server: string, { keyBits, identityCheck, channel = {} }: TunnelChannelOptions) {
    this.#server = server;
    this.#channel = new Channel(server, credentials.createInsecure(), channel);
    this.#tunnel = new Tunnel({
      ...{ server, encryption: keyBits, identityCheck, state: undefined },
      createCall: (path) => this.#channel.createCall(path, Infinity, null, null, null),
      closed: this.#end.signal,
    });
  }

  /** Of the session that the newest call is in, once it was answered. A secret, which proofs of keys name. */
  get exporter(): Buffer | undefined {
    return this.#newest?.exporter;
  }

  createCall(path: string, deadline: Date | number): ReturnType<ChannelInterface['createCall']> {
    const base = {
      server: this.#server,
      channel: () => this.#channel,
      choose: this.#tunnel.choose.bind(this.#tunnel),
    };
    this.#newest = new TunnelCall(base, path, deadline);
    return this.#newest;
  }

  close(): void {
    const message = `the channel to ${this.#server} is closed. Make another one`;
    this.#end.abort(new AtedbError('REQUEST_INVALID', message));
    this.#tunnel.close();
    this.#channel.close();
  }

  getTarget(): string {
    return this.#channel.getTarget();
  }

  getConnectivityState(
    tryToConnect: boolean,
  ): ReturnType<ChannelInterface['getConnectivityState']> {
    return this.#channel.getConnectivityState(tryToConnect);
  }

  watchConnectivityState(...watched: Parameters<ChannelInterface['watchConnectivityState']>): void {
    this.#channel.watchConnectivityState(...watched);
  }

  getChannelzRef(): ReturnType<ChannelInterface['getChannelzRef']> {
    return this.#channel.getChannelzRef();
  }
}
