import type { DescMethod } from '@bufbuild/protobuf';
import {
  Channel,
  ChannelCredentials,
  type ChannelInterface,
  type ChannelOptions,
  Metadata,
} from '@grpc/grpc-js';
import { AtedbError, grpcMessageBytesMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Resolver } from '../dns/index.ts';
import type { ServerAddress } from '../event/index.ts';
import { ByteStream } from './byte-stream.ts';
import type { ChannelCall } from './call-form.ts';
import type { ConnectionState } from './errors-from-grpc.ts';
import { NameResolution } from './name-resolution.ts';
import type { IdentityCheck } from './server-identity.ts';
import { TlsCredentials } from './tls-credentials.ts';
import type { TlsSetup } from './tls-options.ts';
import { type Encryption, Tunnel } from './tunnel.ts';
import { type CallBase, TunnelCall } from './tunnel-call.ts';

/**
 * How much the server may send ahead, on a stream and on the connection alike: grpc-js sets both from its one
 * option. One largest message; with HTTP/2's 64 KiB a replay would wait for our word every 64 KiB.
 */
const flowControlWindowBytes = 4 * 1024 * 1024;

/** A connection in use on which nothing comes for so long is pinged; without an answer it is dead. */
const keepaliveTimeMs = 20_000;
const keepaliveTimeoutMs = 10_000;

/** The channel's own backoff stays below ours, so that it is ours that counts. */
const channelBackoffFirstMs = 50;
const channelBackoffMostMs = 1_000;

/** Who waits ends calls by signals. */
const withoutDeadline = Number.POSITIVE_INFINITY;

/** How to connect. */
export interface ConnectionOptions {
  /** Undefined: without TLS. */
  readonly tls: TlsSetup | undefined;
  readonly encryption: Encryption;
  readonly identityCheck: IdentityCheck;
  /** Finds the addresses of the server; undefined: as the system does. */
  readonly resolver?: Resolver | undefined;
}

/** The connection to one server. Made at the first call, and again at the next after a loss. */
export class Connection {
  /** `host:port`. */
  readonly server: string;
  readonly #end = new AbortController();
  /** Undefined: the connection isn't encrypted. */
  readonly #tls: TlsCredentials | undefined;
  /** Undefined: calls go as they are. */
  readonly #tunnel: Tunnel | undefined;
  readonly #address: ServerAddress;
  readonly #resolver: Resolver | undefined;
  /** For errors. */
  readonly #state: ConnectionState;
  /** Undefined: as the system does. */
  #resolution: NameResolution | undefined;
  #channel: ChannelInterface;
  #generation = 0;

  constructor(address: ServerAddress, options: ConnectionOptions) {
    const { tls, encryption, identityCheck } = options;
    const { server } = address;
    this.server = server;
    this.#address = address;
    this.#resolver = options.resolver;
    this.#tls = tls && new TlsCredentials(address, tls);
    this.#state = {
      failureBehind: (details) =>
        this.#resolution?.failureBehind(details) ?? this.#tls?.failureBehind(details),
      wasEncrypted: () => this.#tls?.wasEncrypted ?? false,
    };
    this.#channel = this.#makeChannel();
    if (encryption === 'plain') return;
    this.#tunnel = new Tunnel({
      ...{ server, encryption, identityCheck, state: this.#state, closed: this.#end.signal },
      createCall: (path) => this.#usable().createCall(path, withoutDeadline, null, null, null),
    });
  }

  /** As `Tunnel.provenIdentity`. */
  get provenIdentity(): PublicKey | undefined {
    return this.#tunnel?.provenIdentity;
  }

  /** As `Tunnel.alwaysEncrypts`; TLS isn't it: there the server doesn't prove its identity. */
  get alwaysTunnels(): boolean {
    return this.#tunnel?.alwaysEncrypts ?? false;
  }

  /** Counts the connections that were given up; see `renew`. */
  get generation(): number {
    return this.#generation;
  }

  /** Begin a call. @param metadata by their keys; those that end in `-bin` are bytes. */
  call(
    method: DescMethod,
    metadata: Readonly<Record<string, Buffer>>,
    signal: AbortSignal | undefined,
  ): ByteStream {
    this.#end.signal.throwIfAborted();
    const path = `/${method.parent.typeName}/${method.name}`;
    const call = this.#createCall(path);
    const sent = new Metadata();
    for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
    return new ByteStream(call, {
      server: this.server,
      state: this.#state,
      metadata: sent,
      signals: signal === undefined ? [this.#end.signal] : [signal, this.#end.signal],
    });
  }

  /**
   * Give the connection up, since it looks dead: calls from now on get a new one. Those under way are left to find out
   * by themselves.
   *
   * @param generation the one that looked dead; if it was given up before, nothing happens.
   */
  renew(generation: number): void {
    if (generation !== this.#generation || this.#end.signal.aborted) return;
    this.#generation += 1;
    this.#channel.close();
    this.#channel = this.#makeChannel();
  }

  /** Close the connection. Calls under way and later ones reject with REQUEST_INVALID. */
  close(): void {
    const message = `the client of ${this.server} is closed. Connect again`;
    const metadata = { server: this.server };
    this.#end.abort(new AtedbError('REQUEST_INVALID', message, { metadata }));
    this.#tunnel?.close();
    this.#channel.close();
  }

  #createCall(path: string): ChannelCall {
    const { server } = this;
    const tunnel = this.#tunnel;
    if (tunnel === undefined) {
      return this.#usable().createCall(path, withoutDeadline, null, null, null);
    }
    const base: CallBase = {
      server,
      channel: () => this.#usable(),
      choose: (call, not) => tunnel.choose(call, not),
    };
    return new TunnelCall(base, path, withoutDeadline);
  }

  /** The channel for a call that begins now. One that has found no address doesn't look again by itself, and fails all calls. */
  #usable(): ChannelInterface {
    if (this.#resolution?.hasFailed === true && !this.#end.signal.aborted) {
      this.#channel.close();
      this.#channel = this.#makeChannel();
    }
    return this.#channel;
  }

  #makeChannel(): ChannelInterface {
    const credentials = this.#tls ?? ChannelCredentials.createInsecure();
    const resolver = this.#resolver;
    this.#resolution = resolver && new NameResolution(resolver, this.#address);
    const { target = `dns:${this.server}`, options = {} } = this.#resolution ?? {};
    return makeChannel(target, credentials, options);
  }
}

function makeChannel(
  target: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
): ChannelInterface {
  return new Channel(target, credentials, {
    ...options,
    'grpc-node.flow_control_window': flowControlWindowBytes,
    'grpc.max_receive_message_length': grpcMessageBytesMax,
    'grpc.max_send_message_length': grpcMessageBytesMax,
    'grpc.keepalive_time_ms': keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.initial_reconnect_backoff_ms': channelBackoffFirstMs,
    'grpc.max_reconnect_backoff_ms': channelBackoffMostMs,
    // What is retried, and when, is decided here; and a closed client closes its connection.
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
}
