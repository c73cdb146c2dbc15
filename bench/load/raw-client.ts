import { Http2Connection, type Http2Stream } from '../http2/connection.ts';
import { type Frames, messageFrames } from '../http2/frames.ts';
import { MessageReader } from '../http2/message-reader.ts';

/** A bare gRPC client: it sends and gets bytes, and knows nothing of what they are. */
export class RawClient {
  readonly #connection: Http2Connection;

  /** @param server `host:port` or `unix:/path`. */
  constructor(server: string, options: { readonly acknowledges?: boolean } = {}) {
    this.#connection = new Http2Connection(server, options);
  }

  /** Open a stream each way. */
  openStream(path: string): MessageStream {
    return new MessageStream(this.#connection, path);
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

/** What became of messages that were sent, each with one answer. */
export interface Exchanged {
  /** In order. */
  readonly answers: readonly Buffer[];
  /** How long each message waited for its answer. */
  readonly durationsMs: readonly number[];
  /** From the first message to the last answer. */
  readonly elapsedMs: number;
}

/** A stream on which every message gets one answer, in order. */
export class MessageStream {
  readonly #stream: Http2Stream;
  #onAnswer: (answer: Buffer) => void = () => undefined;
  #onFailure: (error: Error) => void = () => undefined;

  constructor(connection: Http2Connection, path: string) {
    const reader = new MessageReader((answer) => this.#onAnswer(answer));
    this.#stream = connection.open(path, {
      onData: (bytes) => reader.push(bytes),
      onEnd: (error) => this.#onFailure(error ?? new Error('the server ended the stream')),
    });
  }

  /** Make messages ready to be sent on this stream, so that nothing is left to do when the clock runs. */
  prepare(messages: readonly Buffer[]): Frames[] {
    return messages.map((message) => messageFrames(this.#stream.id, message));
  }

  /** Send messages, so many of them in flight, and wait for all answers. */
  exchange(messages: readonly Frames[], inFlight: number): Promise<Exchanged> {
    const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
    const startMs = performance.now();
    const sentMs: number[] = [];
    const durationsMs: number[] = [];
    const answers: Buffer[] = [];
    const sendNext = () => {
      const message = messages[sentMs.length];
      if (message === undefined) return;
      sentMs.push(performance.now());
      this.#stream.send(message);
    };
    this.#onFailure = reject;
    this.#onAnswer = (answer) => {
      const nowMs = performance.now();
      durationsMs.push(nowMs - (sentMs[answers.length] ?? Number.NaN));
      answers.push(Buffer.from(answer));
      if (answers.length < messages.length) sendNext();
      else resolve({ answers, durationsMs, elapsedMs: nowMs - startMs });
    };
    for (let sent = 0; sent < inFlight; sent += 1) sendNext();
    return promise;
  }

  /** Send one message, and wait for its answer. */
  async ask(message: Buffer): Promise<Buffer> {
    const { answers } = await this.exchange(this.prepare([message]), 1);
    return answers[0] as Buffer;
  }

  /** Send no more. */
  end(): void {
    this.#onFailure = () => undefined;
    this.#stream.end();
  }
}
