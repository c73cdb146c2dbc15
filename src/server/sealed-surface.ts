import { EventEmitter } from 'node:events';
import { Metadata, type ServerDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { AtedbError, timerMsMax } from '../bytes/index.ts';
import {
  type BegunCall,
  type FrameType,
  frameTypes,
  type ServerCallCrypto,
} from '../wire/index.ts';
import { giveFrame, takeFrame } from './frame-pool.ts';
import {
  FramedMessage,
  messageHeadBytes,
  type Sendable,
  serializeSendable,
} from './framed-message.ts';
import { freeReceived, requestBytesMaxOf } from './request-guard.ts';
import { parseOpening, statusBytes } from './sealed-messages.ts';
import type { DuplexSurface, ServerStreamSurface } from './surface.ts';
import { tooLargeMessage } from './transport-refusals.ts';
import { resetStream } from './transport-stream.ts';

/** The call that carries the frames. */
export type OuterCall = ServerDuplexStream<Buffer, Sendable>;

/**
 * A call within one of `WireService.Call`, as methods are served it: its messages are opened and sealed here. What HTTP/2 says of
 * the outer call counts for nothing, but for its being cut.
 */
export class SealedSurface extends EventEmitter implements DuplexSurface {
  /** Of the outer call: by it memory is counted, and the stream reset. */
  readonly call: unknown;
  readonly #outer: OuterCall;
  readonly #frames: ServerCallCrypto;
  readonly #open: Buffer;
  #metadata = new Metadata();
  #requestBytesMax = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isHalfClosed = false;
  #isTruncated = false;
  #isEnded = false;
  #isCancelled = false;
  /** Messages on their way to the peer. */
  #untaken = 0;

  /** @param begun the call, whose first frame was opened. */
  constructor(outer: OuterCall, begun: BegunCall) {
    super();
    this.#outer = outer;
    this.#frames = begun.call;
    ({ call: this.call } = outer as unknown as { call: unknown });
    outer.on('readable', () => this.emit('readable'));
    outer.once('close', () => this.emit('close'));
    // A stream that is reset ends too, and is found cancelled a moment later.
    outer.once('end', () => setImmediate(() => this.#onOuterEnd()));
    outer.once('cancelled', () => this.#cancelled());
    this.on('error', (error: ServiceError) => this.#finish(error));
    this.#open = begun.open;
  }

  /**
   * Take in what the call begins with; its deadline runs from here on. To be called first, and once.
   *
   * @returns what is called: `/atedb.v1.ChainService/Append`.
   * @throws AtedbError REQUEST_INVALID where it can't be read.
   */
  begin(): string {
    const { path, metadata, timeoutMs } = parseOpening(this.#open);
    this.#metadata = metadata;
    this.#requestBytesMax = requestBytesMaxOf(path);
    if (timeoutMs !== undefined) {
      this.#deadline = Date.now() + timeoutMs;
      this.#timer = setTimeout(() => this.#onDeadline(), Math.min(timeoutMs, timerMsMax));
    }
    return path;
  }

  get metadata(): Metadata {
    return this.#metadata;
  }

  get exporter(): Buffer {
    return this.#frames.exporter;
  }

  /** Whether the call can't be answered any more. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Whether the caller has said that it sends nothing more. */
  get isHalfClosed(): boolean {
    return this.#isHalfClosed;
  }

  getPeer(): string {
    return this.#outer.getPeer();
  }

  getDeadline(): number {
    return this.#deadline;
  }

  /**
   * The next message, if it is there; and what ends the messages is taken in.
   *
   * @throws AtedbError WIRE_FRAME_INVALID for a frame that doesn't open; WIRE_TRUNCATED where the outer call has ended before the
   * frame that ends the messages; DATA_TOO_LARGE.
   */
  read(): Buffer | null {
    if (this.#isHalfClosed) return null;
    const bytes: Buffer | null = this.#outer.read();
    if (bytes === null) {
      if (this.#isTruncated) throw truncated();
      return null;
    }
    const { type, payload } = this.#frames.open(bytes);
    if (type === frameTypes.message) {
      // What the message has around it counts no more; the message itself until its handler frees it.
      freeReceived(this, bytes.length - payload.length);
      const bytesMax = this.#requestBytesMax;
      if (payload.length <= bytesMax) return payload;
      throw tooLargeMessage(bytesMax, `this one has ${payload.length}`);
    }
    freeReceived(this, messageHeadBytes + bytes.length);
    this.#isHalfClosed = true;
    this.emit('end');
    return null;
  }

  /** As `WritableSurface.write`; a message that fits into no frame is told at once, before this returns. */
  write(message: Sendable, onTaken: (error: Error | null | undefined) => void): void {
    if (this.#isEnded || this.#isCancelled) return;
    let frame: FramedMessage;
    try {
      frame = this.#seal(frameTypes.message, serializeSendable(message));
    } catch (error) {
      onTaken(error as Error);
      return;
    }
    this.#untaken += 1;
    this.#outer.write(frame, (error: Error | null | undefined) => {
      this.#untaken -= 1;
      if (!error) giveFrame(frame.bytes);
      onTaken(error);
    });
  }

  /** End the call in good order. */
  end(): void {
    this.#finish({ code: status.OK, details: '' });
  }

  #finish(outcome: Parameters<typeof statusBytes>[0]): void {
    if (this.#isEnded || this.#isCancelled) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#outer.write(this.#seal(frameTypes.status, statusBytes(outcome)));
    // How the call has ended is in that frame, and nowhere else.
    this.#outer.end();
  }

  #seal(type: FrameType, payload: Buffer): FramedMessage {
    const parts = this.#frames.sealParts(type, [payload]);
    let bytes = messageHeadBytes;
    for (const part of parts) bytes += part.length;
    const frame = takeFrame(bytes);
    let at = messageHeadBytes;
    for (const part of parts) at += part.copy(frame, at);
    return new FramedMessage(frame);
  }

  #onOuterEnd(): void {
    if (this.#isHalfClosed || this.#isCancelled) return;
    this.#isTruncated = true;
    this.emit('readable');
  }

  #onDeadline(): void {
    this.#finish({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    // The handler ends, and what it has sent counts no more: a peer that doesn't take it must not have it kept.
    if (this.#untaken > 0) resetStream(this);
    this.#cancelled();
  }

  #cancelled(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    clearTimeout(this.#timer);
    this.#frames.wipe();
    this.emit('cancelled');
    this.emit('readable');
  }
}

/** A sealed call with its one request. */
export function withRequest(surface: SealedSurface, request: Buffer): ServerStreamSurface {
  return Object.assign(surface, { request });
}

/**
 * Read the one request of a method that has one, up to the frame that ends the caller's messages.
 *
 * @returns undefined where the call was cut before.
 * @throws AtedbError as `SealedSurface.read`; REQUEST_INVALID where there is none, or more than one.
 */
export async function readRequest(surface: SealedSurface): Promise<Buffer | undefined> {
  let request: Buffer | undefined;
  while (!surface.isCancelled) {
    const message = surface.read();
    if (message !== null) {
      if (request !== undefined) throw notOne('more than one');
      request = message;
    } else if (surface.isHalfClosed) {
      if (request === undefined) throw notOne('none');
      return request;
    } else {
      await new Promise((resolve) => surface.once('readable', resolve));
    }
  }
  return undefined;
}

function truncated(): AtedbError {
  return new AtedbError(
    'WIRE_TRUNCATED',
    'the sealed call was cut: its messages ended before the frame that ends them. Call again',
  );
}

function notOne(what: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `the method takes one request, and there was ${what}`);
}
