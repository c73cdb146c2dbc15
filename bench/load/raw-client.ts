import { Http2Connection } from '../http2/connection.ts';
import { messageFrames } from '../http2/frames.ts';
import { MessageReader } from '../http2/message-reader.ts';
import { MessageStream } from './message-stream.ts';

/** What opens streams: the raw client, or a stock one. */
export interface BenchClient {
  openStream(path: string): MessageStream;
  /** Of the tunnel, which proofs of keys name; absent without one. */
  readonly exporter?: Buffer | undefined;
  close(): void;
}

/** A bare gRPC client: it sends and gets bytes, and knows nothing of what they are. */
export class RawClient implements BenchClient {
  readonly #connection: Http2Connection;

  /** @param server `host:port` or `unix:/path`. */
  constructor(server: string, options: { readonly acknowledges?: boolean } = {}) {
    this.#connection = new Http2Connection(server, options);
  }

  /** Open a stream each way. */
  openStream(path: string): MessageStream {
    return new MessageStream(({ onAnswer, onEnd }) => {
      const reader = new MessageReader(onAnswer);
      const stream = this.#connection.open(path, { onData: (bytes) => reader.push(bytes), onEnd });
      return {
        prepare: (message) => messageFrames(stream.id, message),
        send: (message) => stream.send(message),
        end: () => stream.end(),
      };
    });
  }

  /**
   * Make a call with one request, and hand each message of the answer on.
   *
   * @param onMessage gets memory that is used again; returns whether it has seen enough, and then the call is given up.
   */
  receive(path: string, request: Buffer, onMessage: (message: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const giveUp = () => {
        isOver = true;
        stream.cancel();
      };
      const reader = new MessageReader((message) => {
        if (isOver) return;
        try {
          if (!onMessage(message)) return;
        } catch (error) {
          reject(error);
        }
        giveUp();
        resolve();
      });
      const stream = this.#connection.open(path, {
        onData: (bytes) => reader.push(bytes),
        onEnd: (error) => (error === undefined ? resolve() : reject(error)),
      });
      stream.send(messageFrames(stream.id, request, true));
    });
  }

  /** Make a call with one request and one answer. */
  async call(
    path: string,
    request: Buffer,
    metadata: readonly (readonly [string, string])[] = [],
  ): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const reader = new MessageReader((message) => resolve(Buffer.from(message)));
    const stream = this.#connection.open(
      path,
      {
        onData: (bytes) => reader.push(bytes),
        // Without an effect where there was an answer.
        onEnd: (error) => reject(error ?? new Error(`${path} was refused`)),
      },
      metadata,
    );
    stream.send(messageFrames(stream.id, request, true));
    return promise;
  }

  /** Take nothing more off the socket. */
  pauseReading(): void {
    this.#connection.pauseReading();
  }

  close(): void {
    this.#connection.close();
  }
}
