import type { DescMessage } from '@bufbuild/protobuf';
import { create, type DescMethod, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Channel, ChannelCredentials, type ChannelInterface } from '@grpc/grpc-js';
import { AtedbError, grpcMessageBytesMax } from '../bytes/index.ts';
import type { ServerAddress } from '../event/index.ts';
import { ByteStream } from './byte-stream.ts';
import { type CallOptions, CallScope } from './cancellation.ts';

/** Deadline of calls with one answer, unless told otherwise. */
export const timeoutDefaultMs = 30_000;

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

/** How to speak to a server. */
export interface TransportOptions {
  readonly timeoutMs?: number | undefined;
}

/** One server, spoken to in bytes. Connects at the first call, and again at the next after a loss. */
export class Transport {
  /** `host:port`. */
  readonly server: string;
  readonly #timeoutMs: number;
  readonly #end = new AbortController();
  #channel: ChannelInterface;
  #generation = 0;

  constructor(address: ServerAddress, options: TransportOptions = {}) {
    this.server = address.server;
    this.#timeoutMs = options.timeoutMs ?? timeoutDefaultMs;
    this.#channel = makeChannel(this.server);
  }

  /** Counts the connections that were given up; see `renew`. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Make a call with one answer.
   *
   * @returns the serialised answer.
   * @throws AtedbError as the server refuses, CONNECTION_FAILED, DEADLINE_EXCEEDED; the signal's reason.
   */
  unary<Input extends DescMessage>(
    method: DescMethod & { readonly input: Input },
    request: MessageInitShape<Input>,
    options: CallOptions = {},
  ): Promise<Buffer> {
    return this.unaryBytes(method, encode(method.input, request), options);
  }

  /** As `unary`, for a request that is serialised already. */
  async unaryBytes(method: DescMethod, request: Buffer, options: CallOptions): Promise<Buffer> {
    using scope = new CallScope({ timeoutMs: this.#timeoutMs, ...definedOnly(options) });
    scope.signal.throwIfAborted();
    const stream = this.#call(method, scope.signal);
    stream.write(request);
    stream.halfClose();
    const answer = await stream.read();
    if (answer === undefined) {
      throw new AtedbError('CONNECTION_FAILED', `${this.server} ended the call without an answer`);
    }
    // The status comes after the answer: a good one, unless the call failed all the same.
    await stream.read();
    return answer;
  }

  /** Make a call with one request and a stream of answers. */
  serverStream<Input extends DescMessage>(
    method: DescMethod & { readonly input: Input },
    request: MessageInitShape<Input>,
    signal?: AbortSignal,
  ): ByteStream {
    const stream = this.#call(method, signal);
    stream.write(encode(method.input, request));
    stream.halfClose();
    return stream;
  }

  /** Make a call with a stream each way. */
  duplexStream(method: DescMethod, signal?: AbortSignal): ByteStream {
    return this.#call(method, signal);
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
    this.#channel = makeChannel(this.server);
  }

  /** Close the connection. Calls under way and later ones reject with REQUEST_INVALID. */
  close(): void {
    const message = `the client of ${this.server} is closed. Connect again`;
    const metadata = { server: this.server };
    this.#end.abort(new AtedbError('REQUEST_INVALID', message, { metadata }));
    this.#channel.close();
  }

  #call(method: DescMethod, signal: AbortSignal | undefined): ByteStream {
    this.#end.signal.throwIfAborted();
    const path = `/${method.parent.typeName}/${method.name}`;
    const call = this.#channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null);
    return new ByteStream(call, {
      server: this.server,
      signals: signal === undefined ? [this.#end.signal] : [signal, this.#end.signal],
    });
  }
}

function makeChannel(server: string): ChannelInterface {
  return new Channel(`dns:${server}`, ChannelCredentials.createInsecure(), {
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

function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Buffer {
  const bytes = toBinary(schema, create(schema, message));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An option that is given as undefined is one that isn't given. */
function definedOnly({ signal, timeoutMs }: CallOptions): CallOptions {
  return { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}
