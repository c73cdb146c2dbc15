import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import {
  AtedbError,
  delegationBytesMax,
  delegationsMax,
  grpcMessageBytesMax,
} from '../bytes/index.ts';
import type { ByteBudget } from './byte-budget.ts';
import { messageHeadBytes } from './framed-message.ts';
import { serviceErrorOf } from './status.ts';

/** Milliseconds that a peer has to end its side of a stream, when it was told how its call has ended. */
const lingerMs = 1_000;

/** Methods whose requests are large. */
const uploads = /^\/atedb\.[^/]+\/Append(Batch)?$/;

/** What carries the requests of all methods, sealed: which of them are large, nobody knows before they are opened. */
const carriers = /^\/atedb\.[^/]+\.WireService\/Call$/;

/** Methods that are sent acts on accounts: a group's names all of its members. */
const actMethods =
  /^\/atedb\.[^/]+\.(AuthService\/(CreateUser|CreateGroup|SubmitAct|Recover)|OwnerService\/ClaimOwner)$/;

/** Bytes of such a request: an act, and the secrets of an account. */
const actRequestBytesMax = 1_048_576 + 65_536;

/** Bytes of any other request, which names a chain, an event or a service. They are so few that they aren't counted. */
const smallRequestBytesMax = 4_096;

/** Requests that may show delegations to a key, and are small otherwise. These count as uploads do. */
const claims = /^\/atedb\.[^/]+\.ChainService\/(GetTicket|Lock)$/;
const claimBytesMax = smallRequestBytesMax + delegationsMax * delegationBytesMax;

/** Bytes of a handshake's message. They count nowhere either: handshakes are counted. */
const handshakeBytesMax = 32_768;
const handshakes = /^\/atedb\.[^/]+\.WireService\/Handshake$/;

/** Bytes of a call in the tunnel, or of a claim, that wait for nobody: as much as small requests take that aren't counted, and what is around them. */
const smallCallBytesMax = 2 * smallRequestBytesMax;

/** Bytes that a request of a method may have. @param path of the method, `/atedb.v1.ChainService/Append`. */
export function requestBytesMaxOf(path: string): number {
  if (uploads.test(path) || carriers.test(path)) return grpcMessageBytesMax;
  if (claims.test(path)) return claimBytesMax;
  if (actMethods.test(path)) return actRequestBytesMax;
  return handshakes.test(path) ? handshakeBytesMax : smallRequestBytesMax;
}

/** Bytes of one stream that are received and not done with. Beyond it no more is read of that stream. */
const streamBytesMax = 16 * 1024 * 1024;

/** Calls that wait for memory. More are refused at once: what they have sent ahead is in memory, and counts nowhere. */
const waitingMax = 64;

/** Parts of a message below this are put together as they come: each is an object, which takes more than its bytes. */
const smallPartBytes = 4_096;

/** The parts of grpc-js's calls that have no public door. */
interface CallInternals {
  readonly stream: ServerHttp2Stream;
  readonly decoder: {
    readonly readMessageRemaining: number;
    readonly readPartialMessage: Buffer[];
    maxReadMessageLength: number;
  };
  maxReceiveMessageSize: number;
  checkCancelled(): boolean;
  decompressMessage(message: Buffer, encoding: string): Buffer | Promise<Buffer>;
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
 *   stream may wait for as long as it likes, unless a request is expected of it.
 * - A message has memory as soon as its size is known. While there is none left, nothing is taken off its stream, so that
 *   HTTP/2 holds the sender back; if it takes as long as a request may take, the call is refused.
 * - When the call is over, what was received of it is freed, though the peer may never end its side of the stream; but for
 *   what its handler works on, which is freed when that is done.
 * - Requests that upload nothing are small, and larger ones are refused. So are compressed messages: a few bytes would
 *   become many before anybody could count them.
 * - Nothing that comes after a call is over reaches its handler.
 */
export function requestGuard(options: RequestGuardOptions): ServerInterceptor {
  return (method, call) => {
    new GuardedRequest(call as unknown as GuardedCall, method, options);
    return call as unknown as ServerInterceptingCall;
  };
}

/** What was received of each call, for those who are done with some of it. */
const requests = new WeakMap<object, GuardedRequest>();

function requestOf(surface: unknown): GuardedRequest | undefined {
  const { call } = surface as { readonly call?: object };
  return call && requests.get(call);
}

/** Say that a handler works on so many bytes of what was received: they count until it frees them. */
export function holdReceived(surface: unknown, bytes: number): void {
  requestOf(surface)?.hold(bytes);
}

/** Say that so many bytes of what was received are not needed any more. */
export function freeReceived(surface: unknown, bytes: number): void {
  requestOf(surface)?.free(bytes);
}

/**
 * Say whether a call has a request that has not come whole: a call in the tunnel, which is a stream for the transport, then has to
 * send it in time, like every other call.
 */
export function expectRequest(surface: unknown, isExpected: boolean): void {
  requestOf(surface)?.expect(isExpected);
}

class GuardedRequest {
  readonly #call: GuardedCall;
  readonly #isStream: boolean;
  readonly #isCounted: boolean;
  readonly #mayBeSmall: boolean;
  readonly #options: RequestGuardOptions;
  readonly #stream: ServerHttp2Stream;
  /** Bytes that count for this call: of messages that have come, and of the one that is coming, all of it. */
  #bytes = 0;
  /** Bytes of these that a handler works on. */
  #held = 0;
  /** Bytes of a message that are still to come; 0 while none is coming. */
  #coming = 0;
  #hasFirst = false;
  #hasAll = false;
  #isExpected = false;
  #isReading = false;
  #isOver = false;
  /** What leaves each of the queues that this is in. */
  readonly #leaveQueues = new Set<() => boolean>();
  /** To be done when enough of this stream's own bytes are freed. */
  #readLater: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    call: GuardedCall,
    method: { readonly path: string; readonly requestStream: boolean },
    options: RequestGuardOptions,
  ) {
    this.#call = call;
    this.#isStream = method.requestStream;
    const isClaim = claims.test(method.path);
    const isAct = actMethods.test(method.path);
    this.#mayBeSmall = isClaim || carriers.test(method.path);
    this.#isCounted = this.#mayBeSmall || isAct || uploads.test(method.path);
    if (isClaim || isAct || !this.#isCounted) {
      const bytesMax = requestBytesMaxOf(method.path);
      call.maxReceiveMessageSize = bytesMax;
      call.decoder.maxReadMessageLength = bytesMax;
    }
    call.decompressMessage = takeUncompressed;
    this.#options = options;
    this.#stream = call.stream;
    requests.set(call, this);
    const { handleDataFrame, handleEndEvent, startRead, start } = call;
    // The transport calls these on the call itself, not on one wrapped around it.
    call.handleDataFrame = (data) => {
      handleDataFrame.call(call, data);
      mergeSmallParts(call.decoder.readPartialMessage);
      this.#received(data.length);
    };
    call.handleEndEvent = () => {
      if (call.checkCancelled()) return;
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
      const { onReceiveMessage, onReceiveHalfClose, onCancel } = listener;
      start.call(call, {
        ...listener,
        onReceiveMessage: (message: unknown) => {
          this.#isReading = false;
          this.#hasFirst = true;
          this.#watch();
          // The transport itself hands over what it has, to the handler of a call that is over, too.
          if (call.checkCancelled()) return;
          onReceiveMessage.call(listener, message);
        },
        onReceiveHalfClose: () => {
          if (!call.checkCancelled()) onReceiveHalfClose.call(listener);
        },
        onCancel: () => {
          this.#over();
          onCancel.call(listener);
        },
      });
    };
    this.#stream.once('close', () => this.#over());
  }

  /** Whether more has to come than messages that have begun. */
  expect(isExpected: boolean): void {
    this.#isExpected = isExpected;
    this.#watch();
  }

  /** A handler works on bytes that were received. */
  hold(bytes: number): void {
    this.#held = Math.min(this.#held + bytes, this.#bytes);
  }

  /** Bytes that were received are not needed any more. */
  free(bytes: number): void {
    const freed = Math.min(bytes, this.#isOver ? this.#held : this.#bytes);
    this.#held = Math.max(0, this.#held - freed);
    this.#release(freed);
  }

  #release(bytes: number): void {
    this.#bytes -= bytes;
    this.#options.uploads.release(bytes);
    if (this.#bytes > streamBytesMax) return;
    const read = this.#readLater;
    this.#readLater = undefined;
    read?.();
  }

  /** Do it now, or when less is being received than may be: messages that come whole have no other way to wait. */
  #whenNotFull(read: () => void): void {
    if (this.#isOver) return;
    if (!this.#isStream || !this.#isCounted || this.#isSmall(0)) read();
    else if (this.#bytes > streamBytesMax) this.#readLater = () => this.#whenNotFull(read);
    else if (this.#options.uploads.tryTake(0)) read();
    else this.#queue(0, read);
  }

  #queue(bytes: number, granted: () => void): void {
    const { uploads } = this.#options;
    const leave = uploads.whenRoom(bytes, () => {
      this.#leaveQueues.delete(leave);
      granted();
    });
    this.#leaveQueues.add(leave);
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

  /** Whether a call in the tunnel, or a claim, has no more than a small request, even with so many bytes more: it needn't wait behind uploads. */
  #isSmall(bytes: number): boolean {
    return this.#mayBeSmall && this.#bytes + bytes <= smallCallBytesMax;
  }

  /** Memory for the rest of a message, now or as soon as there is some. */
  #reserve(bytes: number): void {
    const { uploads } = this.#options;
    if (!this.#isCounted) return;
    if (this.#isSmall(bytes)) {
      this.#take(bytes);
      return;
    }
    if (uploads.tryTake(bytes)) {
      this.#bytes += bytes;
      return;
    }
    if (uploads.waiting >= waitingMax) {
      this.#refuse(this.#tooManyUploads());
      return;
    }
    this.#stream.pause();
    this.#queue(bytes, () => {
      this.#bytes += bytes;
      this.#stream.resume();
      // It has all of its time from now on.
      this.#stopTimer();
      this.#watch();
    });
  }

  /** Let the clock run while the peer is due to send something. */
  #watch(): void {
    const isDue = !this.#isStream || !this.#hasFirst || this.#isExpected || this.#coming > 0;
    const runs = isDue && this.#isReading && !this.#hasAll && !this.#isOver;
    if (!runs) this.#stopTimer();
    else this.#timer ??= setTimeout(() => this.#tooSlow(), this.#options.requestMs).unref();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tooSlow(): void {
    const { requestMs } = this.#options;
    const isHeldBack = this.#leaveQueues.size > 0;
    this.#refuse(
      isHeldBack
        ? this.#tooManyUploads()
        : new AtedbError(
            'REQUEST_TOO_SLOW',
            `a request must arrive within ${requestMs} ms, and this one didn't; send it again, or less at once`,
            { metadata: { limit_ms: String(requestMs) } },
          ),
    );
  }

  #tooManyUploads(): AtedbError {
    const { bytesMax } = this.#options.uploads;
    return new AtedbError(
      'TOO_MANY_UPLOADS',
      `${bytesMax} bytes of requests are being received and carried out, which is this server's limit; retry later`,
      { metadata: { limit_bytes: String(bytesMax) } },
    );
  }

  #refuse(error: AtedbError): void {
    this.#call.sendStatus(serviceErrorOf(error));
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    for (const leave of this.#leaveQueues) leave();
    this.#readLater = undefined;
    this.#release(this.#bytes - this.#held);
    // Who has its answer needn't send the rest, and what came of it is to be freed. Clients end it by themselves, most of them.
    if (this.#hasAll || this.#stream.closed) return;
    const timer = setTimeout(
      () => this.#stream.close(constants.NGHTTP2_NO_ERROR),
      lingerMs,
    ).unref();
    this.#stream.once('close', () => clearTimeout(timer));
  }
}

/** As grpc-js's own, without its ways to decompress. */
function takeUncompressed(message: Buffer, encoding: string): Buffer | Promise<Buffer> {
  if (encoding === 'identity') return message.subarray(messageHeadBytes);
  return Promise.reject(
    serviceErrorOf(
      new AtedbError(
        'UNSUPPORTED',
        'this server takes no compressed messages; send them as they are',
      ),
    ),
  );
}

/** Put small parts together: such as are no larger than what comes behind them, so that each byte is copied a few times only. */
function mergeSmallParts(parts: Buffer[]): void {
  while (parts.length > 1) {
    const [before, last] = parts.slice(-2) as [Buffer, Buffer];
    if (before.length > last.length || last.length >= smallPartBytes) return;
    parts.splice(-2, 2, Buffer.concat([before, last]));
  }
}
