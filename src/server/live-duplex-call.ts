import type { Logger } from 'pino';
import { messageHeadBytes } from './framed-message.ts';
import { LiveStreamCall } from './live-call.ts';
import type { DuplexCall } from './method.ts';
import { freeReceived, holdReceived } from './request-guard.ts';
import type { DuplexSurface } from './surface.ts';

/** A call with a stream each way. */
export class LiveDuplexCall extends LiveStreamCall implements DuplexCall {
  readonly requests: RequestReader;
  readonly #duplexSurface: DuplexSurface;

  constructor(surface: DuplexSurface, method: string, logger: Logger, onOver: () => void) {
    super(surface, method, logger, onOver);
    this.#duplexSurface = surface;
    this.requests = new RequestReader(surface, this);
  }

  free(messageBytes: number): void {
    freeReceived(this.#duplexSurface, messageHeadBytes + messageBytes);
  }
}

/**
 * The requests of a duplex call, taken from the transport one by one. Not the stream's own iterator, since that
 * one destroys the stream when the loop is left, before a status could be sent.
 */
export class RequestReader implements AsyncIterableIterator<Buffer> {
  readonly #stream: DuplexSurface;
  readonly #call: LiveStreamCall;
  #halfClosed = false;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(stream: DuplexSurface, call: LiveStreamCall) {
    this.#stream = stream;
    this.#call = call;
    const wake = () => this.#wake?.();
    stream.on('readable', wake);
    // A stream that is reset ends too, and is then found cancelled a moment later: that is no half-close.
    stream.once('end', () => {
      setImmediate(() => {
        this.#halfClosed = true;
        wake();
      });
    });
    stream.once('close', wake);
  }

  /** Whether messages were held back: reading was stopped before the caller had half-closed. */
  get wasStopped(): boolean {
    return this.#stopped && !this.#halfClosed;
  }

  /** Read no more; the iteration ends. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      if (this.#call.abortReason !== undefined) throw this.#call.abortReason;
      if (this.#stopped || this.#halfClosed) return { done: true, value: undefined };
      const message: Buffer | null = this.#stream.read();
      if (message !== null) {
        holdReceived(this.#stream, messageHeadBytes + message.length);
        return { done: false, value: message };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
