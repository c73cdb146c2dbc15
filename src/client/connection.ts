import type { DescMethod } from '@bufbuild/protobuf';
import { Channel, ChannelCredentials, type ChannelInterface, Metadata } from '@grpc/grpc-js';
import { AtedbError, grpcMessageBytesMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { ServerAddress } from '../event/index.ts';
import { ByteStream } from './byte-stream.ts';
import type { ChannelCall } from './call-form.ts';
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
  #channel: ChannelInterface;
  #generation = 0;

  constructor(address: ServerAddress, options: ConnectionOptions) {
    const { tls, encryption, identityCheck } = options;
    const { server } = address;
    this.server = server;
    this.#tls = tls && new TlsCredentials(address, tls);
    this.#channel = this.#makeChannel();
    if (encryption === 'plain') return;
    this.#tunnel = new Tunnel({
      ...{ server, encryption, identityCheck, tls: this.#tls, closed: this.#end.signal },
      createCall: (path) => this.#channel.createCall(path, withoutDeadline, null, null, null),
    });
  }

  /** As `Tunnel.provenIdentity`. */
  get provenIdentity(): PublicKey | undefined {
    return this.#tunnel?.provenIdentity;
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
      tls: this.#tls,
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
      return this.#channel.createCall(path, withoutDeadline, null, null, null);
    }
    const base: CallBase = {
      server,
      channel: () => this.#channel,
      choose: (call, not) => tunnel.choose(call, not),
    };
    return new TunnelCall(base, path, withoutDeadline);
  }

  #makeChannel(): ChannelInterface {
    return makeChannel(this.server, this.#tls ?? ChannelCredentials.createInsecure());
  }
}

function makeChannel(server: string, credentials: ChannelCredentials): ChannelInterface {
  return new Channel(`dns:${server}`, credentials, {
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
