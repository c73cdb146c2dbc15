import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import { AtedbError } from '../bytes/index.ts';
import type { ByteBudget } from './byte-budget.ts';
import { serviceErrorOf } from './status.ts';

/** Milliseconds that a peer has to end its side of a stream, when it was told how its call has ended. */
const lingerMs = 1_000;

/** Services of the transport's libraries, health and reflection, which are asked for names. */
const askedForNames = /^\/grpc\./;

/** Bytes of a request that asks for a name. They are so few that they aren't counted. */
const nameRequestBytesMax = 4_096;

/** The parts of grpc-js's calls that have no public door. */
interface CallInternals {
  readonly stream: ServerHttp2Stream;
  readonly decoder: { readonly readMessageRemaining: number; maxReadMessageLength: number };
  readonly incomingEncoding: string;
  maxReceiveMessageSize: number;
  handleDataFrame(data: Buffer): void;
  handleEndEvent(): void;
  startRead(): void;
}

/** A call whose request comes under guard. */
type GuardedCall = ServerInterceptingCall & CallInternals;

export interface RequestGuardOptions {
  /** Milliseconds for a request, and for each message of a stream that has begun. */
  readonly requestMs: number;
  /** Of all requests that are being received and carried out. */
  readonly uploads: ByteBudget;
}

/**
 * Makes an interceptor that watches over what is being received: how long it takes, and how much memory it has.
 *
 * - A request has to arrive in time, and of a stream its first message and every message that has begun. Between messages a
 *   stream may wait for as long as it likes.
 * - A message has memory as soon as its size is known. While there is none left, nothing is taken off its stream, so that
 *   HTTP/2 holds the sender back; if it takes as long as a request may take, the call is refused.
 * - When the call is over, what was received of it is freed, though the peer may never end its side of the stream.
 * - Requests to health and reflection are small, and larger ones are refused.
 */
export function requestGuard(options: RequestGuardOptions): ServerInterceptor {
  return (method, call) => {
    new GuardedRequest(call as unknown as GuardedCall, method, options);
    return call as unknown as ServerInterceptingCall;
  };
}

/** What was received of each call, for those who are done with some of it. */
const requests = new WeakMap<object, GuardedRequest>();

/** Say that so many bytes of a stream's messages are not needed any more. */
export function freeReceived(surface: unknown, bytes: number): void {
  const { call } = surface as { readonly call?: object };
  if (call !== undefined) requests.get(call)?.free(bytes);
}

class GuardedRequest {
  readonly #call: GuardedCall;
  readonly #isStream: boolean;
  readonly #isCounted: boolean;
  readonly #options: RequestGuardOptions;
  readonly #stream: ServerHttp2Stream;
  /** Bytes that count for this call: of messages that have come, and of the one that is coming, all of it. */
  #bytes = 0;
  /** Bytes of a message that are still to come; 0 while none is coming. */
  #coming = 0;
  #hasFirst = false;
  #hasAll = false;
  #isReading = false;
  #isOver = false;
  #leaveQueue: (() => boolean) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    call: GuardedCall,
    method: { readonly path: string; readonly requestStream: boolean },
    options: RequestGuardOptions,
  ) {
    this.#call = call;
    this.#isStream = method.requestStream;
    this.#isCounted = !askedForNames.test(method.path);
    if (!this.#isCounted) {
      call.maxReceiveMessageSize = nameRequestBytesMax;
      call.decoder.maxReadMessageLength = nameRequestBytesMax;
    }
    this.#options = options;
    this.#stream = call.stream;
    requests.set(call, this);
    const { handleDataFrame, handleEndEvent, startRead, start } = call;
    // The transport calls these on the call itself, not on one wrapped around it.
    call.handleDataFrame = (data) => {
      handleDataFrame.call(call, data);
      this.#received(data.length);
    };
    call.handleEndEvent = () => {
      this.#hasAll = true;
      this.#watch();
      handleEndEvent.call(call);
    };
    call.startRead = () => {
      this.#whenNotFull(() => {
        this.#isReading = true;
        startRead.call(call);
        this.#watch();
      });
    };
    call.start = (listener) => {
      const { onReceiveMessage, onCancel } = listener;
      start.call(call, {
        ...listener,
        onReceiveMessage: (message: unknown) => {
          this.#isReading = false;
          this.#hasFirst = true;
          // What was compressed has more memory than came.
          if (call.incomingEncoding !== 'identity' && Buffer.isBuffer(message)) {
            this.#take(message.length);
          }
          this.#watch();
          onReceiveMessage.call(listener, message);
        },
        onCancel: () => {
          this.#over();
          onCancel.call(listener);
        },
      });
    };
    this.#stream.once('close', () => this.#over());
  }

  /** Bytes that were received are not needed any more. */
  free(bytes: number): void {
    if (this.#isOver) return;
    const freed = Math.min(bytes, this.#bytes);
    this.#bytes -= freed;
    this.#options.uploads.release(freed);
  }

  /** Do it now, or when less is being received than may be: messages that come whole have no other way to wait. */
  #whenNotFull(read: () => void): void {
    const { uploads } = this.#options;
    if (!this.#isStream || !this.#isCounted || uploads.tryTake(0)) {
      read();
      return;
    }
    this.#leaveQueue = uploads.whenRoom(0, () => {
      this.#leaveQueue = undefined;
      read();
    });
  }

  #received(dataBytes: number): void {
    if (this.#isOver) return;
    // The rest of a message that was coming has its memory; what lies behind it is there already.
    const beyond = dataBytes - this.#coming;
    const isNew = beyond > 0;
    if (isNew) this.#take(beyond);
    this.#coming = this.#call.decoder.readMessageRemaining;
    if (isNew && this.#coming > 0) this.#reserve(this.#coming);
    this.#watch();
  }

  #take(bytes: number): void {
    if (!this.#isCounted || this.#isOver) return;
    this.#bytes += bytes;
    this.#options.uploads.take(bytes);
  }

  /** Memory for the rest of a message, now or as soon as there is some. */
  #reserve(bytes: number): void {
    const { uploads } = this.#options;
    if (!this.#isCounted) return;
    if (uploads.tryTake(bytes)) {
      this.#bytes += bytes;
      return;
    }
    this.#stream.pause();
    this.#leaveQueue = uploads.whenRoom(bytes, () => {
      this.#bytes += bytes;
      this.#leaveQueue = undefined;
      this.#stream.resume();
      // It has all of its time from now on.
      this.#stopTimer();
      this.#watch();
    });
  }

  /** Let the clock run while the peer is due to send something. */
  #watch(): void {
    const isDue = this.#isStream ? !this.#hasFirst || this.#coming > 0 : true;
    const runs = isDue && this.#isReading && !this.#hasAll && !this.#isOver;
    if (!runs) this.#stopTimer();
    else this.#timer ??= setTimeout(() => this.#tooSlow(), this.#options.requestMs).unref();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tooSlow(): void {
    const { requestMs, uploads } = this.#options;
    const error =
      this.#leaveQueue === undefined
        ? new AtedbError(
            'REQUEST_TOO_SLOW',
            `a request must arrive within ${requestMs} ms, and this one didn't; send it again, or less at once`,
            { metadata: { limit_ms: String(requestMs) } },
          )
        : new AtedbError(
            'TOO_MANY_UPLOADS',
            `${uploads.bytesMax} bytes of requests are being received and carried out, which is this server's limit; retry later`,
            { metadata: { limit_bytes: String(uploads.bytesMax) } },
          );
    this.#call.sendStatus(serviceErrorOf(error));
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#leaveQueue?.();
    this.#options.uploads.release(this.#bytes);
    // Who has its answer needn't send the rest, and what came of it is to be freed. Clients end it by themselves, most of them.
    if (this.#hasAll || this.#stream.closed) return;
    const timer = setTimeout(
      () => this.#stream.close(constants.NGHTTP2_NO_ERROR),
      lingerMs,
    ).unref();
    this.#stream.once('close', () => clearTimeout(timer));
  }
}
