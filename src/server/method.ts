import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { Logger } from 'pino';
import { AtedbError } from '../bytes/index.ts';
import type { Sendable } from './framed-message.ts';

/**
 * What a handler knows of the call that it serves, whatever carries it.
 *
 * A handler refuses and fails by throwing: an `AtedbError` reaches the caller with its reason, anything else
 * as INTERNAL, and the log has it. Once `signal` has fired nobody waits for an answer any more, and what is
 * thrown is only logged at debug; so `signal.throwIfAborted()` and handing `signal` on are the way to end.
 */
export interface Call {
  /** The method's full name, `atedb.v1.ChainService/Append`. */
  readonly method: string;
  /** The caller's `host:port`; `unix` for one on a Unix socket. For logs. */
  readonly peer: string;
  /** Whether the caller is on this machine: on a loopback address or a Unix socket. */
  readonly isLocal: boolean;
  /** Exporter of the encrypted tunnel that the call came in, which proofs of keys are tied to; undefined without one. A secret. */
  readonly exporter: Buffer | undefined;
  /** The ticket for a private chain that came with the call, unread; undefined where none did. A secret. */
  readonly ticket: Buffer | undefined;
  /**
   * Fires when the call is over: past its deadline (a `TimeoutError`), cancelled, disconnected or cut (an
   * `AbortError`), and at last also after a good end, so whatever listens to it is freed. For a
   * `serverStream` with `endsAtDrain` also when the server drains (an `AtedbError` SERVER_DRAINING, which the
   * caller is sent when the handler throws it).
   */
  readonly signal: AbortSignal;
  /** Names the method and the peer in what it logs. */
  readonly logger: Logger;
}

/** A call that is answered by a stream of serialised messages. */
export interface SendingCall extends Call {
  /**
   * Sends one message. Resolves when the transport has taken it, within the peer's flow-control window: so who
   * awaits each, holds one message in memory however slow the reader is (a bare `write` refuses none before
   * many are queued). Rejects with the signal's reason when the call is over. Several may be sent without
   * waiting; they keep their order, and a rejection that nobody awaits does no harm. The memory of a framed message
   * may be used again once it is sent, and not after a rejection.
   */
  send(message: Sendable): Promise<void>;
}

/** A call with a stream of serialised messages each way. */
export interface DuplexCall extends SendingCall {
  /**
   * The caller's messages, in order, read from the transport as they are taken from here; to be iterated once.
   * Ends when the caller has half-closed, and also when the server drains: the handler answers what it
   * has taken and returns, and the caller is then told SERVER_DRAINING instead of OK. Throws the signal's
   * reason when the call is over. Leaving the loop early is fine.
   */
  readonly requests: AsyncIterable<Buffer>;
  /**
   * Say that a request of so many bytes is not needed any more. Until then, or until the call is over, it counts as one of
   * those that the server has in memory; while those are too many, no more are taken from the transport.
   */
  free(messageBytes: number): void;
}

/** A method with one request and one answer, in bytes: what `unary` and `unaryBytes` make. */
export interface UnaryMethod {
  readonly kind: 'unary';
  handle(request: Buffer, call: Call): Promise<Buffer>;
}

/** A method with one request and a stream of answers: what `serverStream` makes. */
export interface ServerStreamMethod {
  readonly kind: 'server_streaming';
  /** Whether the signal fires when the server drains. */
  readonly endsAtDrain: boolean;
  handle(request: Buffer, call: SendingCall): Promise<void>;
}

/** A method with a stream each way: what `bidiStream` makes. */
export interface BidiStreamMethod {
  readonly kind: 'bidi_streaming';
  /** Whether it counts the calls that there may be by itself, and they aren't counted as streams. */
  readonly hasOwnLimit?: true;
  handle(call: DuplexCall): Promise<void>;
}

/** Any method as the transport sees it. */
export type Method = UnaryMethod | ServerStreamMethod | BidiStreamMethod;

/** All methods of a generated service, by their local names (`openChain`); one that is missing doesn't compile. */
export type Methods<Service> =
  Service extends GenService<infer Shape>
    ? { readonly [Name in keyof Shape]: Extract<Method, { kind: Shape[Name]['methodKind'] }> }
    : never;

/** A generated service. */
export type Service = GenService<GenServiceMethods>;

/** A unary method with decoded messages. */
export function unary<Input extends DescMessage, Output extends DescMessage>(
  method: DescMethodUnary<Input, Output>,
  handle: (request: MessageShape<Input>, call: Call) => Promise<MessageInitShape<Output>>,
): UnaryMethod {
  return {
    kind: 'unary',
    handle: async (request, call) =>
      encodeMessage(method.output, await handle(decodeRequest(method.input, request), call)),
  };
}

/** A unary method that gives its answer as the bytes to send. */
export function unaryToBytes<Input extends DescMessage>(
  method: DescMethodUnary<Input>,
  handle: (request: MessageShape<Input>, call: Call) => Promise<Buffer>,
): UnaryMethod {
  return {
    kind: 'unary',
    handle: async (request, call) => handle(decodeRequest(method.input, request), call),
  };
}

/** A unary method that gets its request as the bytes that came. */
export function unaryBytes<Output extends DescMessage>(
  method: DescMethodUnary<DescMessage, Output>,
  handle: (request: Buffer, call: Call) => Promise<MessageInitShape<Output>>,
): UnaryMethod {
  return {
    kind: 'unary',
    handle: async (request, call) => encodeMessage(method.output, await handle(request, call)),
  };
}

/**
 * A server-streaming method with a decoded request, that sends bytes. With `endsAtDrain` (for streams without
 * an end of their own) its signal fires when the server drains; without, it may finish within the drain's
 * time limit.
 */
export function serverStream<Input extends DescMessage>(
  method: DescMethodServerStreaming<Input>,
  options: { readonly endsAtDrain: boolean },
  handle: (request: MessageShape<Input>, call: SendingCall) => Promise<void>,
): ServerStreamMethod {
  return {
    kind: 'server_streaming',
    endsAtDrain: options.endsAtDrain,
    handle: async (request, call) => handle(decodeRequest(method.input, request), call),
  };
}

/** A method with a stream each way, both in bytes. */
export function bidiStream(
  _method: DescMethodBiDiStreaming,
  handle: (call: DuplexCall) => Promise<void>,
): BidiStreamMethod {
  return { kind: 'bidi_streaming', handle };
}

/** Decode here, not in the transport, whose answer to malformed bytes would be INTERNAL without a reason. */
export function decodeRequest<Desc extends DescMessage>(
  schema: Desc,
  bytes: Buffer,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `the request of ${bytes.length} bytes is not a ${schema.typeName}; ` +
        "make it with stubs that are generated from this server's schema",
      { metadata: { type: schema.typeName }, cause },
    );
  }
}

/** Serialise a message, without a copy of the bytes. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
): Buffer {
  const bytes = toBinary(schema, create(schema, message));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
